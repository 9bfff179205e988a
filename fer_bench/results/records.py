"""The typed record of a cell, and the JSON it becomes.

``results.json`` is a pytest-benchmark file. Beside pytest-benchmark's own keys it carries:

* at top level ``fer_bench``: a ``RunRecord`` (schema, protocol, data, environment, and one
  ``CellRecord`` for every cell asked for, skipped and failed ones included);
* in each benchmark's ``extra_info["fer_bench"]``: a ``MeasureRecord``, the figures that this
  benchmark measured. They stand there so that they also travel with the files that
  pytest-benchmark itself saves.

Every figure is a finite number or null, never NaN. Accuracies and recalls are shares (0 to 1),
losses are mean categorical cross-entropies in nats, times are seconds.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from fer_bench.metrics import softmax
from fer_bench.protocol.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from fer_bench.protocol.cells import Init
    from fer_bench.protocol.settings import Setting

SCHEMA = 2
"""Version of the records below. It grows with every change that an older reader cannot read."""

TWIN_CODES = 4
"""A test image's likest twin in training is told by a code below it: see ``DatasetSummary``."""

NO_VOTE = 255
"""Stands in ``DatasetSummary.test_votes`` for an image of which no class has the most votes."""

SAMPLED, COPIES = "not in the sample", "copies of other images"
"""Two of the reasons in ``DatasetSummary.left_out``. The others are why an image has no label."""

REPEATED = "repeated"
"""Fact in the environment of a run that tells what was measured several times."""

_FULL = 65535

ROUNDS_FOR_P99 = 100
"""Fewer timed calls than this hold no 99th percentile."""

Status = Literal["ok", "skipped", "failed"]
Source = Literal["trained", "store"]


@dataclass(frozen=True)
class History:
    """Accuracy and loss over the epochs of one cell.

    E is the number of epochs. Index 0 of the (E + 1)-long series is the untrained network.

    Attributes:
        running_accuracy: length E, epochs 1 to E: mean over the batches of the epoch, on
            training data while the weights move; what Keras' ``fit`` reports.
        running_loss: the same for the loss.
        train_accuracy: length E + 1, evaluated on the training data after each epoch.
        train_loss: the same for the loss.
        validation_accuracy: length E + 1, evaluated on the validation data after each epoch.
        validation_loss: the same for the loss.
        batch_validation_accuracy: length E + 1, evaluated on the validation data with trained
            batch normalisation using the statistics of each batch, as it does in training; empty
            where no batch normalisation is trained. A diagnosis: no such network is deployed.
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
    """What a network says of each test image, in the order of the split's test part.

    Packed, so that results stay small and can be compared.

    Attributes:
        classes: a byte for each image: the most probable class.
        confidences: two bytes for each image, little-endian: the probability of that class,
            65,535 for 1.
    """

    classes: bytes
    confidences: bytes

    def __post_init__(self) -> None:
        if len(self.confidences) != 2 * len(self.classes):
            raise ValueError(
                f"{len(self.classes)} predictions but {len(self.confidences)} bytes of "
                "confidences; accepted: two for each"
            )

    @classmethod
    def of(cls, logits: ArrayLike) -> Predictions:
        """The predictions that logits, shape (n, classes up to 256), stand for."""
        confidences = np.rint(softmax(logits).max(axis=1) * _FULL).astype("<u2")
        # Logits that differ by less than a probability can tell still have a highest one.
        predicted = np.asarray(logits).argmax(axis=1).astype(np.uint8)
        return cls(predicted.tobytes(), confidences.tobytes())

    @property
    def predicted(self) -> NDArray[np.uint8]:
        """The most probable class of each image, shape (n,)."""
        return np.frombuffer(self.classes, np.uint8)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of that class, 0 to 1, shape (n,)."""
        return np.frombuffer(self.confidences, "<u2") / _FULL


@dataclass(frozen=True)
class Quality:
    """How well a trained cell recognises emotions.

    Attributes:
        history: accuracy and loss of every epoch.
        test_accuracy: share of the test images whose most probable class is their label.
        test_loss: mean cross-entropy on the test images.
        recall: share recognised of each class, in the order of the classes; None for a class
            without test images.
        confusion: counts, ``confusion[label][predicted]``, on the test images.
        predictions: of each test image; None in files of schema 1, which hold none.
    """

    history: History
    test_accuracy: float
    test_loss: float
    recall: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]
    predictions: Predictions | None = None


@dataclass(frozen=True)
class Reference:
    """Time of fixed computations around a measurement.

    It tells how fast the machine was meanwhile, so that speeds of two runs can be compared as if
    it had been equally fast in both. ``training.reference_workload`` says what is computed.

    Attributes:
        matrix_product: seconds of each round's matrix product, in the order they were run.
        convolution: seconds of each round's convolution, likewise.
    """

    matrix_product: tuple[float, ...]
    convolution: tuple[float, ...]

    def joined(self, later: Reference) -> Reference:
        """These rounds and later ones together."""
        return Reference(
            self.matrix_product + later.matrix_product, self.convolution + later.convolution
        )


@dataclass(frozen=True)
class TrainingSpeed:
    """Time of one training epoch.

    Attributes:
        images: number of training images in an epoch.
        seconds: one entry for each timed round, in the order they were run.
        images_per_second: ``images`` over the median of ``seconds``.
        reference: how fast the machine was meanwhile; None where it was not measured, as in older
            files.
    """

    images: int
    seconds: tuple[float, ...]
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls, images: int, seconds: Sequence[float], reference: Reference | None = None
    ) -> TrainingSpeed:
        """The speed at which epochs of ``images`` images took ``seconds`` each."""
        return cls(images, tuple(seconds), images / statistics.median(seconds), reference)


@dataclass(frozen=True)
class InferenceSpeed:
    """Time from 48x48 uint8 images to probabilities.

    Attributes:
        batch_size: images in a call.
        seconds: one entry for each timed call.
        median: of ``seconds``.
        p99: 99th percentile of ``seconds``, None with fewer than 100 calls, which hold no such
            percentile.
        images_per_second: ``batch_size`` over ``median``.
        reference: how fast the machine was meanwhile; None where it was not measured, as in older
            files.
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
        """The speed at which calls with ``batch_size`` images took ``seconds`` each."""
        median = statistics.median(seconds)
        p99 = float(np.quantile(seconds, 0.99)) if len(seconds) >= ROUNDS_FOR_P99 else None
        return cls(batch_size, tuple(seconds), median, p99, batch_size / median, reference)


@dataclass(frozen=True)
class Parameters:
    """Numbers of weights in a cell's network.

    Attributes:
        backbone: of the backbone, its last layer excluded, moving averages included.
        trainable: of the whole network, those that training changes by gradient.
        head: of the head.
    """

    backbone: int
    trainable: int
    head: int


@dataclass(frozen=True)
class CellResult:
    """All that one run found out about one cell.

    Attributes:
        backbone: name in the registry.
        title: the backbone's name in tables, as the paper spells it.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set.
        seed: the cell's seed.
        status: ``"ok"``, ``"skipped"`` or ``"failed"``.
        reason: why it was skipped or failed, one line; empty where the status is ``"ok"``.
        fingerprint: digest of all that determines the quality; empty where nothing was trained.
        source: whether ``quality`` was trained in this run or comes from the store.
        weights: where the backbone's weights come from, one line.
        parameters: numbers of weights, or None.
        quality: or None where it was not measured.
        training: or None where it was not measured.
        inference: one entry for each batch size measured.
        parts: seconds that each part took in the run that trained the cell, by name.
        computed_on: what computed the quality, by name; empty in older files.
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

    @property
    def id(self) -> str:
        """Short name, unique within a run."""
        return Cell(self.backbone, self.init, self.dataset, self.seed).id

    @property
    def label(self) -> str:
        """The cell's name in the paper's tables: ``MobileNet_random``."""
        return f"{self.title}_{self.init}"


@dataclass(frozen=True)
class DatasetSummary:
    """What a run was measured on.

    Attributes:
        name: of the data set.
        digest: content digest, whatever the order of the images.
        counts: number of images of each class in the three parts together, by name, in the order of
            the classes.
        split: name of the split.
        train: number of training images.
        validation: number of validation images.
        test: number of test images.
        split_digest: of the images of each part, empty in files of schema 1.
        test_labels: a byte for each test image, in the order of predictions: its class; empty in
            files of schema 1.
        test_twins: a byte for each test image, likewise: 0 where no training image shows the same
            picture, 1 where one is nearly the same or linked to it by a chain of such images, of
            whatever part, 2 where one is its mirror image, 3 where one is identical, by
            ``fer_bench.data.audit.twins``; of several the highest. Empty where it is not known.
        test_votes: a byte for each test image, likewise: the class with the most of FER+'s
            votes; ``NO_VOTE`` where several share them or they go to none of the classes. Empty
            without votes.
        left_out: why images of the source are not in the data set or its parts, and how many.
        class_map: by which names and numbers of the source became classes, one line; empty where
            none was asked for, or it is not known.
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
    def labels(self) -> NDArray[np.uint8]:
        """The class of each test image, shape (test,)."""
        return np.frombuffer(self.test_labels, np.uint8)

    @property
    def twins(self) -> NDArray[np.uint8]:
        """How like each test image's likest twin in training is, 0 to 3, shape (test,)."""
        return np.frombuffer(self.test_twins, np.uint8)

    @property
    def votes(self) -> NDArray[np.uint8]:
        """The class with the most votes, or ``NO_VOTE``, for each test image, shape (test,)."""
        return np.frombuffer(self.test_votes, np.uint8)


@dataclass(frozen=True)
class Example:
    """A test picture that a report shows with what each network says of it.

    Attributes:
        position: in the split's test part, from 0.
        why: the rule that chose it, in a few words.
        height: in pixels.
        width: in pixels.
        pixels: grey, a byte for each, row by row.
    """

    position: int
    why: str
    height: int
    width: int
    pixels: bytes


@dataclass(frozen=True)
class Run:
    """One whole run: everything that tables, pages and comparisons are made from.

    Attributes:
        protocol: every setting with its origin and reason.
        dataset: what was measured on.
        environment: versions, device, threads, and so on, by name.
        cells: one result for every cell asked for, in the order asked for.
        examples: test pictures to show.
    """

    protocol: tuple[Setting, ...]
    dataset: DatasetSummary
    environment: tuple[tuple[str, str], ...]
    cells: tuple[CellResult, ...]
    examples: tuple[Example, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas table with one row for each cell: see ``fer_bench.results.frame``."""
        from fer_bench.results.frame import frame

        return frame(self)
