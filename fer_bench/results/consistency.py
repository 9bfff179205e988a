"""Consistency checks on a run read from a file: value ranges and agreement of its parts."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics import confusion
from fer_bench.protocol.data_spec import WITHOUT_TEST
from fer_bench.protocol.sweep import AXES, read_value
from fer_bench.results.cross_test import check_cross_test
from fer_bench.results.metric_estimates import agree
from fer_bench.results.quality import CERTAIN
from fer_bench.results.records import NO_VOTE, TWIN_CODES
from fer_bench.results.type_checks import Mismatch
from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.results.few_shot import FewShot
    from fer_bench.results.quality import History, Predictions, Quality
    from fer_bench.results.records import CellResult, DatasetSummary, Run
    from fer_bench.results.speeds import InferenceSpeed, NetworkTrainingSpeed, TrainingSpeed
    from fer_bench.results.trials import Trial

_MOST = 2**53
"""Largest accepted count: larger integers are not exact as floats."""

_RUNNING_TOLERANCE = {"accuracy": 1e-9, "loss": 1e-6}
"""Tolerance of the value ranges of metrics during the epoch, for floating-point summation."""


def check_run(run: Run) -> None:
    """Check the properties of a run that tables and comparisons rely on.

    Args:
        run: a run whose series and matrices have the right sizes and whose numbers are finite.

    Raises:
        Mismatch: a value is out of range, or two parts contradict each other.
    """
    _check_names("settings", [setting.name for setting in run.protocol])
    if "initial" not in {setting.name for setting in run.protocol}:
        raise Mismatch("the protocol has no 'initial'", "a protocol with all its settings")
    _check_dataset(run.dataset)
    for cell in run.cells:
        _check_cell(cell, run.dataset)


def _check_dataset(data: DatasetSummary) -> None:
    _check_names("classes", [name for name, _ in data.counts])
    for name, count in data.counts:
        _check_count(f"images of {name!r}", count)
    for part in ("train", "validation"):
        _check_count(f"dataset.{part}", getattr(data, part), 1)
    if data.split not in WITHOUT_TEST:
        _check_count("dataset.test", data.test, 1)
    elif data.test:
        raise Mismatch(
            f"dataset.test is {shown(data.test)}", f"0, as split {data.split!r} has none"
        )
    classes = len(data.counts)
    for vote in sorted(set(data.test_votes)):
        if vote >= classes and vote != NO_VOTE:
            raise Mismatch(
                f"dataset.test_votes contains {vote}",
                f"0 to {classes - 1}, or {NO_VOTE} for none of the classes",
            )
    _check_names("reasons why images are left out", [why for why, _ in data.left_out])
    for why, count in data.left_out:
        _check_count(f"images left out as {why!r}", count)


def _check_names(what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise Mismatch(f"{count} {what} have the name {shown(name)}", "each name once")


def _check_count(where: str, count: int, least: int = 0) -> None:
    if not least <= count <= _MOST:
        raise Mismatch(f"{where} is {shown(count)}", f"{least} to {_MOST}")


def _check_range(
    where: str, values: Sequence[float | None], low: float, high: float | None
) -> None:
    for index, value in enumerate(values):
        if value is not None and (value < low or (high is not None and value > high)):
            place = f"{where}[{index}]" if len(values) > 1 else where
            raise Mismatch(f"{place} is {value!r}", "0 or more" if high is None else "0 to 1")


def _check_cell(cell: CellResult, data: DatasetSummary) -> None:
    if cell.parameters is not None:
        for item in dataclasses.fields(cell.parameters):
            _check_count(
                f"parameters.{item.name} of {cell.id!r}", getattr(cell.parameters, item.name)
            )
    for name, seconds in cell.parts:
        _check_range(f"seconds of {name!r} of {cell.id!r}", [seconds], 0, None)
    if cell.training is not None:
        _check_speed(f"training of {cell.id!r}", cell.training)
    for speed in cell.network_training:
        _check_speed(f"network_training of {cell.id!r}", speed)
    for call in cell.inference:
        _check_speed(f"inference of {cell.id!r}", call)
    if cell.cross_test is not None:
        check_cross_test(cell.cross_test, len(data.counts), f"cross_test of {cell.id!r}")
    if cell.quality is not None:
        _check_quality(f"quality of {cell.id!r}", cell.quality, data)
    if cell.trials:
        _check_trials(f"trials of {cell.id!r}", cell.trials, data)
    _check_names(f"few-shot results of {cell.id!r}", map(_few_shot_name, cell.few_shot))
    for found in cell.few_shot:
        _check_few_shot(f"{_few_shot_name(found)} of {cell.id!r}", found, data)


def _check_trials(where: str, trials: Sequence[Trial], data: DatasetSummary) -> None:
    for index, trial in enumerate(trials):
        place = f"{where}: trials[{index}]"
        _check_names(f"settings in {place}", [one.name for one in trial.settings])
        for one in trial.settings:
            if one.name in AXES:
                try:
                    read_value(one.name, one.value)
                except FerBenchError as error:
                    raise Mismatch(f"{place}: {error.problem}", error.accepted) from None
        _check_count(f"{place}.epochs", trial.epochs)
        shares = (trial.validation_accuracy, trial.test_accuracy)
        _check_range(f"{place}: accuracy", [one for one in shares if one is not None], 0, 1)
        _check_range(f"{place}.validation_loss", [trial.validation_loss], 0, None)
        measured = trial.validation_accuracy is not None
        if (trial.validation_loss is not None) != measured or (
            (trial.test_accuracy is not None) != (measured and data.has_test)
        ):
            raise Mismatch(f"{place} has only some of its metrics", "all of them, or none")
    chosen = [trial for trial in trials if trial.chosen]
    if len(chosen) != 1 or chosen[0].validation_accuracy is None:
        raise Mismatch(f"{where}: {len(chosen)} are chosen", "one that has metrics")


def _few_shot_name(found: FewShot) -> str:
    return f"few_shot {'mieb ' if found.mieb else ''}{found.shots}"


def _check_few_shot(where: str, found: FewShot, data: DatasetSummary) -> None:
    _check_count(f"{where}: shots", found.shots, 1)
    _check_count(f"{where}: drawn_from", found.drawn_from, 1)
    images = len(found.labels) if found.mieb else len(data.test_labels)
    classes = len(data.counts)
    _check_count(f"{where}: labels of test images", images, 1)
    if not found.predictions or len(found.seen) != len(found.predictions):
        raise Mismatch(
            f"{where}: predictions of {len(found.predictions)} draws and seen of {len(found.seen)}",
            "one of each for at least one draw",
        )
    own = images if found.mieb else 0
    check_bytes(found.labels, f"{where}: labels", own, classes, required=True)
    check_bytes(found.duplicates, f"{where}: duplicates", own, TWIN_CODES, required=True)
    for predicted in found.predictions:
        check_bytes(predicted, f"{where}: predictions", images, classes, required=True)
    for count in found.seen:
        if not 0 <= count <= images:
            raise Mismatch(f"{where}: seen contains {count}", f"0 to {images}")


def check_bytes(
    value: bytes, where: str, length: int, below: int = 256, required: bool = False
) -> None:
    """Check that a field has exactly ``length`` bytes smaller than ``below``, or none at all.

    Raises:
        Mismatch: it has others, or none although they are required.
    """
    if len(value) != length and (value or required):
        raise Mismatch(f"{where} has {len(value)} bytes", shown(length))
    if value and max(value) >= below:
        raise Mismatch(f"{where} contains {max(value)}", f"0 to {below - 1}")


def _check_speed(where: str, speed: TrainingSpeed | NetworkTrainingSpeed | InferenceSpeed) -> None:
    values = vars(speed)
    for name in ("input_size", "images", "batch_size"):
        if name in values:
            _check_count(f"{where}: {name}", values[name], 1)
    others = (values.get(name) for name in ("images_per_second", "median", "p99"))
    _check_times(where, speed.seconds)
    _check_times(where, [one for one in others if one is not None])
    if speed.reference is not None:
        for name, seconds in vars(speed.reference).items():
            _check_times(f"{where}: reference.{name}", seconds)


def _check_times(where: str, values: Sequence[float]) -> None:
    if not values:
        raise Mismatch(f"{where}: seconds is []", "at least one timed round")
    for value in values:
        if value <= 0:
            raise Mismatch(f"{where} contains {value!r}", "times and speeds above 0")


def _check_quality(where: str, quality: Quality, data: DatasetSummary) -> None:
    check_history(f"{where}: history", quality.history)
    _check_range(f"{where}: test_accuracy", [quality.test_accuracy], 0, 1)
    _check_range(f"{where}: test_loss", [quality.test_loss], 0, None)
    rows = quality.confusion
    for row in rows:
        for count in row:
            _check_count(f"{where}: a count in confusion", count)
    images = [sum(row) for row in rows]
    if sum(images) != data.test:
        raise Mismatch(f"{where}: confusion counts {sum(images)} images", f"{data.test}")
    if len(data.labels):
        labelled = np.bincount(data.labels, minlength=len(rows)).tolist()
        if images != labelled:
            raise Mismatch(
                f"{where}: confusion counts {images} images of the classes",
                f"{labelled}, as in the test labels",
            )
    correct = [row[index] for index, row in enumerate(rows)]
    if quality.test_accuracy is not None:
        accuracy = sum(correct) / data.test
        if not agree(quality.test_accuracy, accuracy):
            raise Mismatch(
                f"{where}: test_accuracy is {quality.test_accuracy!r}",
                f"{accuracy!r}, which follows from confusion",
            )
    for index, share in enumerate(quality.recall):
        known = correct[index] / images[index] if images[index] else None
        if not agree(share, known):
            raise Mismatch(
                f"{where}: recall[{index}] is {share!r}",
                f"{known!r}, which follows from confusion",
            )
    if quality.predictions is not None:
        _check_predictions(where, quality, quality.predictions, data)


def check_history(where: str, history: History) -> None:
    """Check that accuracies and losses are in their ranges.

    Raises:
        Mismatch: a value is out of range, or only one of the two batch validation series is given.
    """
    for item in dataclasses.fields(history):
        metric = item.name.rpartition("_")[2]
        spare = _RUNNING_TOLERANCE[metric] if item.name.startswith("running") else 0.0
        high = 1 + spare if metric == "accuracy" else None
        _check_range(f"{where}.{item.name}", getattr(history, item.name), -spare, high)
    if bool(history.batch_validation_accuracy) != bool(history.batch_validation_loss):
        raise Mismatch(
            f"{where} has only one of batch_validation_accuracy and batch_validation_loss",
            "both or neither",
        )


def _check_predictions(
    where: str, quality: Quality, known: Predictions, data: DatasetSummary
) -> None:
    classes = len(data.counts)
    # The most probable class has a probability of at least 1 / classes, apart from rounding.
    least = CERTAIN // classes - 1
    packed = np.frombuffer(known.confidences, "<u2")
    if packed.min() < least:
        raise Mismatch(
            f"{where}: the confidence of a prediction is {packed.min() / CERTAIN:.5f}",
            f"1/{classes} to 1, the probabilities of a most probable class",
        )
    predicted = known.predicted
    if known.second_classes and (known.second == predicted).any():
        raise Mismatch(
            f"{where}: the two most probable classes of an image are the same", "two classes"
        )
    counts = np.array(quality.confusion)
    fits = np.array_equal(counts.sum(axis=0), np.bincount(predicted, minlength=classes))
    if fits and len(data.labels):
        fits = np.array_equal(counts, confusion(data.labels, predicted, classes))
    if not fits:
        raise Mismatch(f"{where}: confusion differs from predictions", "the counts of predictions")
