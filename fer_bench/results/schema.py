"""Schema of the fer_bench records in a results file.

The location of the records is described in ``fer_bench.results.records``. Numbers are finite or
null; accuracies and recalls are fractions (0 to 1), losses are in nats, times are in seconds. Byte
arrays are base64 strings.

Schema 1 had no seed in the ids of cells, and lacked ``split_digest``, ``test_labels``,
``predictions``, ``batch_validation_accuracy``, ``batch_validation_loss`` and ``examples``.

``reference`` was added within schema 2: older files of that schema and those of schema 1 lack it,
and it is read as null from them. The version was not incremented, because older readers ignore
unknown keys, and because it is part of the fingerprints of stored results, which would no longer be
found. ``test_twins``, ``test_votes``, ``left_out``, ``class_map``, ``computed_on`` and the run's
``quality`` were added in the same way: older files are read without them.
"""

from __future__ import annotations

from typing import Literal, TypedDict

KEY = "fer_bench"
"""Key of the records, at top level and in each benchmark's ``extra_info``."""


class SettingRecord(TypedDict):
    """One setting of the protocol.

    Keys:
        name: name of the field of ``Protocol``.
        value: the value as text.
        origin: ``"stated"`` by the paper, ``"chosen"`` by this project or ``"changed"`` by the
            user.
        why: the statement of the paper, or the reason.
    """

    name: str
    value: str
    origin: Literal["stated", "chosen", "changed"]
    why: str


class ClassRecord(TypedDict):
    """One class of the data set.

    Keys:
        name: name of the class.
        images: number of its images in the run, all parts together.
    """

    name: str
    images: int


class LeftOutRecord(TypedDict):
    """Images of the source that are not in the data set, or in none of its parts.

    Keys:
        why: reason, in a few words.
        images: number of images.
    """

    why: str
    images: int


class DatasetRecord(TypedDict):
    """Data set that the run was measured on.

    Keys:
        name: name of the data set.
        digest: content digest, independent of the order of the images.
        classes: classes in the order of the labels.
        split: name of the split.
        train: number of training images.
        validation: number of validation images.
        test: number of test images.
        split_digest: digest of the images in each part.
        test_labels: bytes, the class of each test image.
        test_twins: bytes, code for the closest duplicate of each test image in training: 0 if
            there is none, 1 for a near-duplicate or an image linked to the test image by a chain of
            near-duplicates in any part, 2 for a mirror image, 3 for an identical image; the highest
            code applies. Empty if unknown.
        test_votes: bytes, the class with most FER+ votes of each test image, 255 if several classes
            share them or they go to none of the classes. Empty without votes.
        left_out: images of the source that are missing here, by reason.
        class_map: the table that maps names and numbers in the source to classes, with remarks on
            it; for a file, its name and the start of a digest of its rows. Empty if none was
            requested.
    """

    name: str
    digest: str
    classes: list[ClassRecord]
    split: str
    train: int
    validation: int
    test: int
    split_digest: str
    test_labels: str
    test_twins: str
    test_votes: str
    left_out: list[LeftOutRecord]
    class_map: str


class EnvironmentRecord(TypedDict):
    """One fact about the machine or its software.

    Keys:
        name: name of the fact, for example ``"keras"``.
        value: the value as text.
    """

    name: str
    value: str


class ParametersRecord(TypedDict):
    """Parameter counts.

    Keys:
        backbone: parameters of the backbone, excluding its last layer.
        trainable: parameters of the complete network that training updates.
        head: parameters of the head.
    """

    backbone: int
    trainable: int
    head: int


class PartRecord(TypedDict):
    """One part of the work on a cell.

    Keys:
        name: name of the part.
        seconds: time that it took in the run that trained the cell.
    """

    name: str
    seconds: float


class CellRecord(TypedDict):
    """Requested cell; its measurements are in the benchmarks or in the run's ``quality``.

    Keys:
        id: name of the cell within the run, ``backbone-init-seed``; measurements refer to it.
        backbone: name in the registry.
        title: name of the backbone in tables.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set.
        seed: seed of the cell.
        status: ``"ok"``, ``"skipped"`` or ``"failed"``.
        reason: reason for being skipped or failed, otherwise empty.
        fingerprint: digest of everything that determines the quality, or empty.
        source: ``"trained"`` if the quality was trained in this run, ``"store"`` if it was loaded,
            or null.
        weights: source of the backbone's weights.
        parameters: parameter counts, or null.
        parts: time of each part of the work.
        computed_on: hardware that computed the quality: processor, cores, threads, devices, and
            that of the stored frozen features, if it differs; empty if unknown.
    """

    id: str
    backbone: str
    title: str
    init: Literal["pretrained", "random"]
    dataset: str
    seed: int
    status: Literal["ok", "skipped", "failed"]
    reason: str
    fingerprint: str
    source: Literal["trained", "store"] | None
    weights: str
    parameters: ParametersRecord | None
    parts: list[PartRecord]
    computed_on: list[EnvironmentRecord]


class ExampleRecord(TypedDict):
    """Test image to show.

    Keys:
        position: index in the order of the predictions, from 0.
        why: criterion by which it was chosen.
        height: height in pixels.
        width: width in pixels.
        pixels: bytes, grey values, row by row.
    """

    position: int
    why: str
    height: int
    width: int
    pixels: str


class RunRecord(TypedDict):
    """Record of the run, at the top level of the file.

    Keys:
        schema: version of all records in the file, see ``fer_bench.results.records.SCHEMA``.
        protocol: every setting, in the order of the report.
        dataset: the data set that was measured on.
        environment: facts about machine and software.
        cells: every requested cell, including skipped and failed ones.
        examples: test images to show.
        quality: quality of the trained cells for which no benchmark measured it.
    """

    schema: int
    protocol: list[SettingRecord]
    dataset: DatasetRecord
    environment: list[EnvironmentRecord]
    cells: list[CellRecord]
    examples: list[ExampleRecord]
    quality: list[QualityRecord]


class HistoryRecord(TypedDict):
    """Accuracy and loss over E epochs; index 0 of series of length E + 1 is the untrained network.

    Keys:
        running_accuracy: length E, mean over the batches during the epoch, while the weights
            change.
        running_loss: the same for the loss.
        train_accuracy: length E + 1, evaluated after the epoch on training data.
        train_loss: the same for the loss.
        validation_accuracy: length E + 1, evaluated after the epoch on validation data.
        validation_loss: the same for the loss.
        batch_validation_accuracy: length E + 1, on validation data, with batch normalisation using
            the statistics of each batch; empty if no batch normalisation is trained.
        batch_validation_loss: the same for the loss.
    """

    running_accuracy: list[float]
    running_loss: list[float]
    train_accuracy: list[float]
    train_loss: list[float]
    validation_accuracy: list[float]
    validation_loss: list[float]
    batch_validation_accuracy: list[float]
    batch_validation_loss: list[float]


class PredictionsRecord(TypedDict):
    """Predictions of the network for each test image.

    Keys:
        classes: bytes, the most probable class of each image.
        confidences: bytes, the probability of that class, scaled so that 65,535 is 1, two bytes
            for each image, little-endian.
    """

    classes: str
    confidences: str


class QualityRecord(TypedDict):
    """Quality metrics of a cell, in a benchmark's ``extra_info`` or in the run's record.

    Keys:
        schema: version of the record.
        kind: ``"quality"``.
        cell: ``id`` of the cell.
        history: accuracy and loss of every epoch.
        test_accuracy: accuracy on the test images.
        test_loss: mean cross-entropy on the test images, in nats.
        recall: recall of each class, null for a class without test images.
        confusion: confusion matrix on the test images, counts ``[label][predicted]``.
        predictions: predictions for the test images, or null.
    """

    schema: int
    kind: Literal["quality"]
    cell: str
    history: HistoryRecord
    test_accuracy: float
    test_loss: float
    recall: list[float | None]
    confusion: list[list[int]]
    predictions: PredictionsRecord | None


class ReferenceRecord(TypedDict):
    """Times of a reference workload run around a measurement, as a measure of machine speed.

    Keys:
        matrix_product: seconds of the matrix product in each round, in order of execution.
        convolution: seconds of the convolution in each round, in order of execution.
    """

    matrix_product: list[float]
    convolution: list[float]


class TrainingRecord(TypedDict):
    """Time of one training epoch, in a benchmark's ``extra_info``.

    Keys:
        schema: version of the record.
        kind: ``"training"``.
        cell: ``id`` of the cell.
        images: number of training images in an epoch.
        seconds: seconds of each timed round.
        images_per_second: ``images`` divided by the median of ``seconds``.
        reference: reference times, or null.
    """

    schema: int
    kind: Literal["training"]
    cell: str
    images: int
    seconds: list[float]
    images_per_second: float
    reference: ReferenceRecord | None


class InferenceRecord(TypedDict):
    """Time from images to probabilities, in a benchmark's ``extra_info``.

    Keys:
        schema: version of the record.
        kind: ``"inference"``.
        cell: ``id`` of the cell.
        batch_size: number of images in a call.
        seconds: seconds of each timed call.
        median: median of ``seconds``.
        p99: 99th percentile of ``seconds``, null with fewer than 100 calls.
        images_per_second: ``batch_size`` divided by ``median``.
        reference: reference times, or null.
    """

    schema: int
    kind: Literal["inference"]
    cell: str
    batch_size: int
    seconds: list[float]
    median: float
    p99: float | None
    images_per_second: float
    reference: ReferenceRecord | None


MeasureRecord = QualityRecord | TrainingRecord | InferenceRecord
