"""Every key of our records in a results file.

``fer_bench.results.records`` says where the records stand. Figures are finite numbers or null;
accuracies and recalls are shares (0 to 1), losses are in nats, times are in seconds. Arrays of
bytes are texts in base64.

Schema 1 had no seed in the cells' ids, and lacked ``split_digest``, ``test_labels``,
``predictions``, ``batch_validation_accuracy``, ``batch_validation_loss`` and ``examples``.

``reference`` came within schema 2: older files of that schema and those of schema 1 lack it, and it
is read as null from them. The number stayed: older readers ignore keys that they do not know, and
it is part of the fingerprints of stored results, which would no longer be found. ``test_twins``,
``test_votes``, ``left_out``, ``class_map``, ``computed_on`` and the run's ``quality`` came so too:
older files are read without them.
"""

from __future__ import annotations

from typing import Literal, TypedDict

KEY = "fer_bench"
"""Under this key the records stand, at top level and in each benchmark's ``extra_info``."""


class SettingRecord(TypedDict):
    """One setting of the protocol.

    Keys:
        name: of the field of ``Protocol``.
        value: as text.
        origin: whether the paper states it, this project chose it, or the user changed it.
        why: where the paper says so, or the reason.
    """

    name: str
    value: str
    origin: Literal["stated", "chosen", "changed"]
    why: str


class ClassRecord(TypedDict):
    """One class of the data set.

    Keys:
        name: of the class.
        images: how many images of it the run had, all parts together.
    """

    name: str
    images: int


class LeftOutRecord(TypedDict):
    """Images of the source that are not in the data set, or in none of its parts.

    Keys:
        why: in a few words.
        images: number of them.
    """

    why: str
    images: int


class DatasetRecord(TypedDict):
    """What the run was measured on.

    Keys:
        name: of the data set.
        digest: of its content, whatever the order of the images.
        classes: in the order of the labels.
        split: name of the split.
        train: number of training images.
        validation: number of validation images.
        test: number of test images.
        split_digest: of the images of each part.
        test_labels: bytes, the class of each test image.
        test_twins: bytes, for each test image: 0 where no training image shows the same picture,
            1 where one is nearly the same or linked to it by a chain of such images, of whatever
            part, 2 where one is its mirror image, 3 where one is identical; of several the
            highest. Empty where it is not known.
        test_votes: bytes, for each test image the class with the most of FER+'s votes, 255
            where several share them or they go to none of the classes. Empty without votes.
        left_out: images of the source that are missing here, by their reasons.
        class_map: the table by which names and numbers of the source became classes, and what is
            remarkable about it; of a file its name and the start of a digest of its rows. Empty
            where none was asked for.
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
        name: what it is about, for example ``"keras"``.
        value: as text.
    """

    name: str
    value: str


class ParametersRecord(TypedDict):
    """Numbers of weights.

    Keys:
        backbone: of the backbone, its last layer excluded.
        trainable: of the whole network, those that training changes.
        head: of the head.
    """

    backbone: int
    trainable: int
    head: int


class PartRecord(TypedDict):
    """One part of the work on a cell.

    Keys:
        name: of the part.
        seconds: that it took in the run that trained the cell.
    """

    name: str
    seconds: float


class CellRecord(TypedDict):
    """One cell that was asked for; its figures stand in the benchmarks.

    Keys:
        id: the cell's name within the run, ``backbone-init-seed``; the benchmarks refer to it.
        backbone: name in the registry.
        title: the backbone's name in tables.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set.
        seed: the cell's seed.
        status: ``"ok"``, ``"skipped"`` or ``"failed"``.
        reason: why it was skipped or failed, else empty.
        fingerprint: digest of all that determines the quality, or empty.
        source: whether the quality was trained in this run or comes from the store, or null.
        weights: where the backbone's weights come from.
        parameters: numbers of weights, or null.
        parts: time of each part of the work.
        computed_on: what computed the quality: processor, cores, threads, devices, and what
            computed the frozen features, if they were stored by something else; empty where it
            is not known.
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
    """A test picture to show.

    Keys:
        position: in the order of the predictions, from 0.
        why: the rule that chose it.
        height: in pixels.
        width: in pixels.
        pixels: bytes, grey, row by row.
    """

    position: int
    why: str
    height: int
    width: int
    pixels: str


class RunRecord(TypedDict):
    """The run, at the top level of the file.

    Keys:
        schema: version of all records in the file, see ``fer_bench.results.records.SCHEMA``.
        protocol: every setting, in the order of the report.
        dataset: what was measured on.
        environment: facts about machine and software.
        cells: every cell asked for, skipped and failed ones included.
        examples: test pictures to show.
        quality: of the trained cells whose quality no benchmark measured.
    """

    schema: int
    protocol: list[SettingRecord]
    dataset: DatasetRecord
    environment: list[EnvironmentRecord]
    cells: list[CellRecord]
    examples: list[ExampleRecord]
    quality: list[QualityRecord]


class HistoryRecord(TypedDict):
    """Accuracy and loss over E epochs; index 0 of the (E + 1)-long series is the untrained network.

    Keys:
        running_accuracy: length E, mean over the epoch's batches while the weights move.
        running_loss: the same for the loss.
        train_accuracy: length E + 1, evaluated after the epoch on training data.
        train_loss: the same for the loss.
        validation_accuracy: length E + 1, evaluated after the epoch on validation data.
        validation_loss: the same for the loss.
        batch_validation_accuracy: length E + 1, on validation data, with batch normalisation by
            the statistics of each batch; empty where no batch normalisation is trained.
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
    """What the network says of each test image.

    Keys:
        classes: bytes, the most probable class of each image.
        confidences: two bytes for each image, little-endian: its probability, 65,535 for 1.
    """

    classes: str
    confidences: str


class QualityRecord(TypedDict):
    """Quality of a cell, in a benchmark's ``extra_info`` or the run.

    Keys:
        schema: version of the record.
        kind: ``"quality"``.
        cell: ``id`` of the cell.
        history: accuracy and loss of every epoch.
        test_accuracy: share of the test images.
        test_loss: mean cross-entropy on the test images, in nats.
        recall: share recognised of each class, null for a class without test images.
        confusion: counts on the test images, ``[label][predicted]``.
        predictions: of each test image, or null.
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
    """Time of fixed computations around a measurement: how fast the machine was meanwhile.

    Keys:
        matrix_product: seconds of each round's matrix product, in the order they were run.
        convolution: seconds of each round's convolution, likewise.
    """

    matrix_product: list[float]
    convolution: list[float]


class TrainingRecord(TypedDict):
    """Time of one training epoch, in a benchmark's ``extra_info``.

    Keys:
        schema: version of the record.
        kind: ``"training"``.
        cell: ``id`` of the cell.
        images: training images in an epoch.
        seconds: of each timed round.
        images_per_second: ``images`` over the median of ``seconds``.
        reference: how fast the machine was meanwhile, or null.
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
        batch_size: images in a call.
        seconds: of each timed call.
        median: of ``seconds``.
        p99: 99th percentile of ``seconds``, null with fewer than 100 calls.
        images_per_second: ``batch_size`` over ``median``.
        reference: how fast the machine was meanwhile, or null.
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
