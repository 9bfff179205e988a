"""Typed results of a run and its cells.

They are stored in ``results.json``, a pytest-benchmark file. In addition to the keys of
pytest-benchmark it contains:

* at top level ``fer_bench``: a ``RunRecord`` (schema, protocol, data, environment, and one
  ``CellRecord`` for every requested cell, including skipped and failed ones);
* in each benchmark's ``extra_info["fer_bench"]``: a ``MeasureRecord``, the values that this
  benchmark measured. They are stored there so that the files that pytest-benchmark itself saves
  contain them too.

Every number is finite or null, never NaN. Accuracies and recalls are fractions (0 to 1), losses are
mean categorical cross-entropies in nats, times are in seconds.
"""

from __future__ import annotations

import dataclasses
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from fer_bench.metrics import softmax
from fer_bench.protocol.cell import Cell, Init, display_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from fer_bench.protocol.settings import Setting

SCHEMA = 2
"""Schema version of results files, incremented by every change that breaks older readers."""

TWIN_CODES = 4
"""Number of duplicate codes in ``DatasetSummary.test_twins``; all codes are below it."""

NO_VOTE = 255
"""Code in ``DatasetSummary.test_votes`` for an image without a single class with most votes."""

NO_TEST = "no test part"
"""Text in reports in place of a metric on the test images if the split has none."""

SAMPLED, COPIES = "not in the sample", "copies of other images"
"""Two reasons in ``DatasetSummary.left_out``; the others are reasons for a missing label."""

CERTAIN = 65535
"""Packed confidence that stands for a probability of 1."""

ROUNDS_FOR_P99 = 100
"""Smallest number of timed calls for which a 99th percentile is reported."""

Status = Literal["ok", "skipped", "failed"]
Source = Literal["trained", "store"]


@dataclass(frozen=True)
class History:
    """Accuracy and loss over the epochs of one cell.

    E is the number of epochs. Index 0 of the series of length E + 1 is the untrained network.

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


@dataclass(frozen=True)
class Reference:
    """Times of a reference workload run around a measurement.

    They measure how fast the machine was at that time, so that the speeds of two runs can be
    normalised for comparison. The workload is defined in ``training.reference_workload``.

    Attributes:
        matrix_product: seconds of the matrix product in each round, in order of execution.
        convolution: seconds of the convolution in each round, in order of execution.
    """

    matrix_product: tuple[float, ...]
    convolution: tuple[float, ...]

    def joined(self, later: Reference) -> Reference:
        """Return these rounds followed by later ones."""
        return Reference(
            self.matrix_product + later.matrix_product, self.convolution + later.convolution
        )


@dataclass(frozen=True)
class TrainingSpeed:
    """Time of one training epoch.

    Attributes:
        images: number of training images in an epoch.
        seconds: one entry for each timed round, in order of execution.
        images_per_second: ``images`` divided by the median of ``seconds``.
        reference: reference times; None if they were not measured, as in older files.
    """

    images: int
    seconds: tuple[float, ...]
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls, images: int, seconds: Sequence[float], reference: Reference | None = None
    ) -> TrainingSpeed:
        """Compute the speed from the seconds that each epoch of ``images`` images took."""
        return cls(images, tuple(seconds), images / statistics.median(seconds), reference)


@dataclass(frozen=True)
class NetworkTrainingSpeed:
    """Time of training steps of the complete network, frozen layers included, on images.

    ``TrainingSpeed`` is that of the trainable layers alone, on stored features.

    Attributes:
        input_size: side length of the network's input in pixels.
        images: number of training images in a round.
        seconds: one entry for each timed round, in order of execution.
        images_per_second: ``images`` divided by the median of ``seconds``.
        reference: reference times; None if they were not measured.
    """

    input_size: int
    images: int
    seconds: tuple[float, ...]
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls,
        input_size: int,
        images: int,
        seconds: Sequence[float],
        reference: Reference | None = None,
    ) -> NetworkTrainingSpeed:
        """Compute the speed from the seconds that each round of ``images`` images took."""
        speed = images / statistics.median(seconds)
        return cls(input_size, images, tuple(seconds), speed, reference)


@dataclass(frozen=True)
class InferenceSpeed:
    """Time from 48x48 uint8 images to probabilities.

    Attributes:
        batch_size: number of images in a call.
        seconds: one entry for each timed call.
        median: median of ``seconds``.
        p99: 99th percentile of ``seconds``; None with fewer than 100 calls, which are too few for
            this percentile.
        images_per_second: ``batch_size`` divided by ``median``.
        reference: reference times; None if they were not measured, as in older files.
    """

    batch_size: int
    seconds: tuple[float, ...]
    median: float
    p99: float | None
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls, batch_size: int, seconds: Sequence[float], reference: Reference | None = None
    ) -> InferenceSpeed:
        """Compute the speed from the seconds that each call with ``batch_size`` images took."""
        median = statistics.median(seconds)
        p99 = float(np.quantile(seconds, 0.99)) if len(seconds) >= ROUNDS_FOR_P99 else None
        return cls(batch_size, tuple(seconds), median, p99, batch_size / median, reference)


@dataclass(frozen=True)
class Parameters:
    """Parameter counts of a cell's network.

    Attributes:
        backbone: parameters of the backbone, excluding its last layer, including moving averages.
        trainable: parameters of the complete network that are updated by gradient descent.
        head: parameters of the head.
    """

    backbone: int
    trainable: int
    head: int


@dataclass(frozen=True)
class CellResult:
    """Complete results of one cell in one run.

    Attributes:
        backbone: name in the registry.
        title: name of the backbone in tables, as the paper spells it.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set.
        seed: seed of the cell.
        status: ``"ok"``, ``"skipped"`` or ``"failed"``.
        reason: reason for being skipped or failed, one line; empty if the status is ``"ok"``.
        fingerprint: digest of everything that determines the quality; empty if nothing was trained.
        source: ``"trained"`` if the quality was trained in this run, ``"store"`` if it was loaded.
        weights: source of the backbone's weights, one line.
        parameters: parameter counts, or None.
        quality: quality metrics; None if they were not measured.
        training: training speed; None if it was not measured.
        inference: inference speed, one entry for each measured batch size.
        parts: name and seconds of each part of the work in the run that trained the cell.
        computed_on: name and value of each fact about the hardware that computed the quality; empty
            in older files.
        network_training: training speed of the complete network, one entry for each measured input
            size, the network's own first; empty if it was not measured, as in older files.
    """

    backbone: str
    title: str
    init: Init
    dataset: str
    seed: int
    status: Status
    reason: str = ""
    fingerprint: str = ""
    source: Source | None = None
    weights: str = ""
    parameters: Parameters | None = None
    quality: Quality | None = None
    training: TrainingSpeed | None = None
    inference: tuple[InferenceSpeed, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()
    computed_on: tuple[tuple[str, str], ...] = ()
    network_training: tuple[NetworkTrainingSpeed, ...] = ()

    @property
    def is_timed(self) -> bool:
        """True if any speed was measured."""
        return bool(self.training or self.inference or self.network_training)

    def without_speed(self) -> CellResult:
        """Return the cell without its speeds."""
        return dataclasses.replace(self, training=None, inference=(), network_training=())

    @property
    def id(self) -> str:
        """Short name, unique within a run."""
        return Cell(self.backbone, self.init, self.dataset, self.seed).id

    @property
    def label(self) -> str:
        """Display name without the seed: ``MobileNet random``."""
        return display_name(self.title, self.init)

    @property
    def name(self) -> str:
        """Display name with the seed: ``MobileNet random, seed 42``."""
        return display_name(self.title, self.init, self.seed)

    @property
    def row_key(self) -> str:
        """Name of the row in ``tables.csv``: ``MobileNet_random``."""
        return f"{self.title}_{self.init}"


@dataclass(frozen=True)
class DatasetSummary:
    """Summary of the data set that a run was measured on.

    The per-image attributes have one byte for each test image, in the order of the predictions.

    Attributes:
        name: name of the data set.
        digest: content digest, independent of the order of the images.
        counts: name and number of images of each class in all three parts together, in the order
            of the classes.
        split: name of the split.
        train: number of training images.
        validation: number of validation images.
        test: number of test images, 0 if the split has no test part.
        split_digest: digest of the images in each part; empty in files of schema 1.
        test_labels: class of each test image; empty in files of schema 1.
        test_twins: code for the closest duplicate of each test image in training, by
            ``group_duplicates``: 0 if there is none, 1 for a near-duplicate or an image
            linked to the test image by a chain of near-duplicates in any part, 2 for a mirror
            image, 3 for an identical image; the highest code applies. Empty if unknown.
        test_votes: class with most FER+ votes of each test image; ``NO_VOTE`` if several classes
            share them or they go to none of the classes. Empty without votes.
        left_out: reason why images of the source are not in the data set or its parts, and their
            number.
        class_map: mapping from names and numbers in the source to classes, one line; empty if none
            was requested or it is unknown.
    """

    name: str
    digest: str
    counts: tuple[tuple[str, int], ...]
    split: str
    train: int
    validation: int
    test: int
    split_digest: str = ""
    test_labels: bytes = b""
    test_twins: bytes = b""
    test_votes: bytes = b""
    left_out: tuple[tuple[str, int], ...] = ()
    class_map: str = ""

    @property
    def has_test(self) -> bool:
        """True if the split has a test part."""
        return self.test > 0

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Class of each test image, shape (test,)."""
        return np.frombuffer(self.test_labels, np.uint8)

    @property
    def twins(self) -> NDArray[np.uint8]:
        """Duplicate code of each test image, 0 to 3 as in ``test_twins``, shape (test,)."""
        return np.frombuffer(self.test_twins, np.uint8)

    @property
    def votes(self) -> NDArray[np.uint8]:
        """Class with most votes, or ``NO_VOTE``, for each test image, shape (test,)."""
        return np.frombuffer(self.test_votes, np.uint8)


@dataclass(frozen=True)
class Example:
    """Test image that a report shows with the prediction of each network.

    Attributes:
        position: index in the split's test part, from 0.
        why: criterion by which it was chosen, in a few words.
        height: height in pixels.
        width: width in pixels.
        pixels: grey values, one byte each, row by row.
    """

    position: int
    why: str
    height: int
    width: int
    pixels: bytes


@dataclass(frozen=True)
class Run:
    """Complete run: the input of tables, pages and comparisons.

    Attributes:
        protocol: every setting with its origin and reason.
        dataset: the data set that was measured on.
        environment: name and value of each environment fact: versions, device, threads, and so on.
        cells: one result for every requested cell, in the order of the request.
        examples: test images to show.
    """

    protocol: tuple[Setting, ...]
    dataset: DatasetSummary
    environment: tuple[tuple[str, str], ...]
    cells: tuple[CellResult, ...]
    examples: tuple[Example, ...] = ()

    def to_frame(self, by: Literal["cell", "class"] = "cell") -> pd.DataFrame:
        """Return a pandas table: see ``fer_bench.results.dataframe``.

        Args:
            by: ``"cell"`` for one row for each cell, ``"class"`` for one row for each class of each
                tested cell.

        Raises:
            ValueError: ``by`` has another value.
        """
        from fer_bench.results.dataframe import cell_frame, class_frame

        if by not in ("cell", "class"):
            raise ValueError(f"by must be 'cell' or 'class', got {by!r}")
        return cell_frame(self) if by == "cell" else class_frame(self)
