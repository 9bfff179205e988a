"""Quality of a trained cell: training history, metrics and predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics import accuracy, confusion, cross_entropy, recall, softmax

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CERTAIN = 65535
"""Packed confidence that stands for a probability of 1."""


@dataclass(frozen=True)
class History:
    """Accuracy and loss over the epochs of one cell.

    E is the number of epochs; with early stopping, that of the best epoch, whose weights are kept:
    later epochs are not recorded. Index 0 of the series of length E + 1 is the untrained network;
    with a head that is fitted in one step, E is 0 and index 0 is the fitted network.

    Attributes:
        running_accuracy: length E, epochs 1 to E: mean over the batches during the epoch, on
            training data while the weights change, as reported by Keras' ``fit``.
        running_loss: the same for the loss.
        train_accuracy: length E + 1, evaluated on the training data after each epoch.
        train_loss: the same for the loss.
        validation_accuracy: length E + 1, evaluated on the validation data after each epoch.
        validation_loss: the same for the loss.
        batch_validation_accuracy: length E + 1, evaluated on the validation data with trained
            batch normalisation using the statistics of each batch, as in training; empty if no
            batch normalisation is trained. For diagnosis only: a network is not deployed this way.
        batch_validation_loss: the same for the loss.
    """

    running_accuracy: tuple[float, ...]
    running_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    train_loss: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    validation_loss: tuple[float, ...]
    batch_validation_accuracy: tuple[float, ...] = ()
    batch_validation_loss: tuple[float, ...] = ()

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return len(self.running_accuracy)


@dataclass(frozen=True)
class Predictions:
    """Packed predictions of a network for each test image, in the order of the split's test part.

    Attributes:
        classes: the most probable class of each image, one byte each.
        confidences: the probability of that class, scaled so that 65,535 is 1, two bytes each,
            little-endian.
        second_classes: the second most probable class of each image, one byte each; empty if
            unknown, as in older files. Equal predictions may differ in it.
    """

    classes: bytes
    confidences: bytes
    second_classes: bytes = field(default=b"", compare=False)

    def __post_init__(self) -> None:
        count, size = len(self.classes), len(self.confidences)
        if size != 2 * count:
            problem = f"{count} predictions need {2 * count} bytes of confidences, not {size}"
            raise ValueError(problem)

    @classmethod
    def of(cls, logits: ArrayLike) -> Predictions:
        """Create predictions from logits of shape (n, classes), with at most 256 classes.

        The first class wins a tie. With a single class there are no second ones.
        """
        confidences = np.rint(softmax(logits).max(axis=1) * CERTAIN).astype("<u2")
        # From logits: probabilities may be tied by rounding even if the logits differ.
        ranked = np.argsort(-np.asarray(logits, np.float64), axis=1, kind="stable")
        first, second = (ranked[:, place : place + 1].astype(np.uint8) for place in (0, 1))
        return cls(first.tobytes(), confidences.tobytes(), second.tobytes())

    @property
    def predicted(self) -> NDArray[np.uint8]:
        """Most probable class of each image, shape (n,)."""
        return np.frombuffer(self.classes, np.uint8)

    @property
    def second(self) -> NDArray[np.uint8]:
        """Second most probable class of each image, shape (n,); empty if unknown."""
        return np.frombuffer(self.second_classes, np.uint8)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the most probable class, 0 to 1, shape (n,)."""
        return np.frombuffer(self.confidences, "<u2") / CERTAIN


@dataclass(frozen=True)
class Quality:
    """Quality metrics of a trained cell.

    Attributes:
        history: accuracy and loss of every epoch.
        test_accuracy: accuracy on the test images; None if the split has no test part.
        test_loss: mean cross-entropy on the test images; None likewise.
        recall: recall of each class, in the order of the classes; None for a class without test
            images.
        confusion: confusion matrix on the test images, counts ``confusion[label][predicted]``.
        predictions: predictions for the test images; None without a test part, and in files of
            schema 1, which lack them.
    """

    history: History
    test_accuracy: float | None
    test_loss: float | None
    recall: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]
    predictions: Predictions | None = None

    @classmethod
    def of(
        cls, history: History, logits: NDArray[np.float32], labels: NDArray[np.uint8]
    ) -> Quality:
        """Return the metrics of a trained network, those on the test images from its logits.

        Args:
            history: its history.
            logits: its logits of the test images, shape (n, classes); n is 0 without a test part.
            labels: classes of the test images, shape (n,).
        """
        found = confusion(labels, logits.argmax(axis=1), logits.shape[1])
        has_test = len(labels) > 0
        return cls(
            history=history,
            test_accuracy=accuracy(logits, labels) if has_test else None,
            test_loss=cross_entropy(logits, labels) if has_test else None,
            recall=recall(found),
            confusion=tuple(tuple(int(count) for count in row) for row in found),
            predictions=Predictions.of(logits) if has_test else None,
        )
