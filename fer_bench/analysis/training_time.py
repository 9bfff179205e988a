"""Training time: of a cell, and until a network reaches a target validation accuracy."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.seed_groups import over_seeds
from fer_bench.results.records import EARLY_STOPPING, FROZEN_FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult

_TRAINING = "training"


def feature_seconds(cell: CellResult, seeds: Sequence[CellResult]) -> float | None:
    """Return the seconds of the pass that computed a cell's frozen features, 0 if none are frozen.

    If the cell took its features from the store, the mean of the passes that the seeds of its
    backbone and init recorded stands for its own. None if no pass was recorded: the features came
    from an earlier run.
    """
    own = dict(cell.parts).get(FROZEN_FEATURES)
    if own is not None:
        return own
    recorded = [seconds for one in seeds for name, seconds in one.parts if name == FROZEN_FEATURES]
    return statistics.fmean(recorded) if recorded else None


def training_seconds(cell: CellResult, seeds: Sequence[CellResult]) -> float | None:
    """Return the seconds of a cell's frozen features and epochs, without building and evaluation.

    ``seeds`` are as in ``feature_seconds``. None if training was not timed.
    """
    parts = dict(cell.parts)
    if _TRAINING not in parts:
        return None
    epochs = parts[_TRAINING] + parts.get(EARLY_STOPPING, 0.0)
    return (feature_seconds(cell, seeds) or 0.0) + epochs


def mean_training_seconds(seeds: Sequence[CellResult]) -> float | None:
    """Return the mean training time of cells of one backbone and init; None if none was timed."""
    known = [seconds for one in seeds if (seconds := training_seconds(one, seeds)) is not None]
    return statistics.fmean(known) if known else None


def lacks_features(seeds: Sequence[CellResult]) -> bool:
    """Return True if the training time of these cells counts no pass for frozen features."""
    first = next((one for one in seeds if _TRAINING in dict(one.parts)), None)
    return first is not None and feature_seconds(first, seeds) is None


@dataclass(frozen=True)
class LearningCurve:
    """Learning curve of a network against time: means over its timed cells.

    Attributes:
        group: the network.
        seconds: time from the start of a cell to the end of each epoch, including the computation
            of frozen features; the first entry is for the untrained network. Of a fitted head, the
            time when it was fitted is the only entry.
        accuracies: validation accuracy at each of these times.
    """

    group: Group
    seconds: tuple[float, ...]
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class TimeToAccuracy:
    """Time to accuracy of all networks of a run, for one common target.

    Attributes:
        curves: learning curves of the networks whose training was timed, at least one, in run
            order.
        baseline: accuracy of the majority-class baseline.
        best: best final accuracy among them.
        target: result of ``target_accuracy`` for ``baseline`` and ``best``.
        times: result of ``time_to_accuracy`` for each curve and the target.
    """

    curves: tuple[LearningCurve, ...]
    baseline: float
    best: float
    target: float
    times: tuple[float | None, ...]


def compare_time_to_accuracy(groups: Iterable[Group], baseline: float) -> TimeToAccuracy | None:
    """Return the time to accuracy of networks, or None if no training was timed.

    The target is between ``baseline``, the accuracy of the majority-class baseline, and the best.
    """
    curves = tuple(curve for group in groups if (curve := _learning_curve(group)) is not None)
    if not curves:
        return None
    best = max(curve.accuracies[-1] for curve in curves)
    target = target_accuracy(baseline, best)
    times = tuple(time_to_accuracy(one.seconds, one.accuracies, target) for one in curves)
    return TimeToAccuracy(curves, baseline, best, target, times)


def timed(cell: CellResult) -> bool:
    """Check if the training time of a cell is known."""
    return cell.quality is not None and _TRAINING in dict(cell.parts)


def _learning_curve(group: Group) -> LearningCurve | None:
    times, accuracies = [], []
    for cell in group.cells:
        if cell.quality is not None and timed(cell):
            history = cell.quality.history
            before = feature_seconds(cell, group.trained) or 0.0
            times.append(epoch_ends(before, dict(cell.parts)[_TRAINING], history.epochs))
            accuracies.append(history.validation_accuracy)
    if not times:
        return None
    means = (tuple(over_seeds(one).mean(axis=0).tolist()) for one in (times, accuracies))
    return LearningCurve(group, *means)


def epoch_ends(before: float, training: float, epochs: int) -> tuple[float, ...]:
    """Return the seconds from the start of a cell to the end of each of its epochs.

    All epochs are assumed to take equally long, since only their sum is measured.

    Args:
        before: seconds before the first epoch, spent on frozen features; the first of the results.
        training: seconds of all epochs together.
        epochs: number of epochs; 0 for a head that is fitted in one step, which ends once.
    """
    if not epochs:
        return (before + training,)
    return tuple(before + training * epoch / epochs for epoch in range(epochs + 1))


def target_accuracy(baseline: float, best: float) -> float:
    """Return the accuracy halfway from ``baseline`` to ``best``; ``baseline`` if that is higher."""
    return baseline + max(best - baseline, 0.0) / 2


def time_to_accuracy(
    seconds: Sequence[float], accuracies: Sequence[float], target: float
) -> float | None:
    """Return the first of the seconds whose accuracy is at least the target; None if there is none.

    The result is the end of an epoch, since nothing is evaluated between epochs.
    """
    reached = (time for time, one in zip(seconds, accuracies, strict=True) if one >= target)
    return next(reached, None)
