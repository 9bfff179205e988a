"""How long training takes to reach an accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.seed_groups import groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult, Run


@dataclass(frozen=True)
class Course:
    """How a network's validation accuracy rises: means over its timed cells.

    Attributes:
        group: the network.
        seconds: of frozen features and training, from the start of a cell to the end of each
            epoch; the first is when the network is untrained.
        accuracies: as many, on the validation images.
    """

    group: Group
    seconds: tuple[float, ...]
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class Race:
    """The networks of a run on their way to one accuracy.

    Attributes:
        courses: of the networks whose training was timed, one or more, in the order of the run.
        chance: share of the largest class.
        best: the best final accuracy among them.
        target: what ``target_accuracy`` makes of the two.
        times: of each course what ``time_to_accuracy`` makes of the target.
    """

    courses: tuple[Course, ...]
    chance: float
    best: float
    target: float
    times: tuple[float | None, ...]


def race(run: Run) -> Race | None:
    """How fast the networks of a run learn; None where no training was timed."""
    courses = tuple(found for group in groups(run) if (found := _course(group)) is not None)
    if not courses:
        return None
    counts = [count for _, count in run.dataset.counts]
    chance = max(counts) / sum(counts)
    best = max(course.accuracies[-1] for course in courses)
    target = target_accuracy(chance, best)
    times = tuple(time_to_accuracy(one.seconds, one.accuracies, target) for one in courses)
    return Race(courses, chance, best, target, times)


def timed(cell: CellResult) -> bool:
    """Whether it is known how long a cell's training took."""
    return cell.quality is not None and "training" in dict(cell.parts)


def _course(group: Group) -> Course | None:
    times, accuracies = [], []
    for cell in group.cells:
        if cell.quality is not None and timed(cell):
            parts = dict(cell.parts)
            history = cell.quality.history
            before = parts.get("frozen features", 0.0)
            times.append(epoch_ends(before, parts["training"], history.epochs))
            accuracies.append(history.validation_accuracy)
    if not times:
        return None
    means = (tuple(np.mean(one, axis=0).tolist()) for one in (times, accuracies))
    return Course(group, *means)


def epoch_ends(before: float, training: float, epochs: int) -> tuple[float, ...]:
    """Seconds from the start of a cell to the end of each of its epochs.

    Epochs are taken to last equally long, since only their sum is measured.

    Args:
        before: seconds before the first epoch, spent on frozen features.
        training: seconds of all epochs together.
        epochs: 1 or more.

    Returns:
        epochs + 1 numbers; the first is ``before``, when the network is untrained.

    Raises:
        ValueError: a time is negative, or there is no epoch.
    """
    if before < 0 or training < 0:
        raise ValueError(f"seconds are {before} and {training}; accepted: 0 or more")
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; accepted: 1 or more")
    return tuple(before + training * epoch / epochs for epoch in range(epochs + 1))


def target_accuracy(chance: float, best: float) -> float:
    """The accuracy half of the way from ``chance`` to ``best``.

    Args:
        chance: share of the largest class, which a network that always names it has.
        best: the best final validation accuracy of those compared.

    Returns:
        ``chance`` + (``best`` - ``chance``) / 2; ``chance`` where no network is better.

    Raises:
        ValueError: an accuracy is outside 0 to 1.
    """
    for accuracy in (chance, best):
        if not 0 <= accuracy <= 1:
            raise ValueError(f"accuracy is {accuracy}; accepted: 0 to 1")
    return chance + max(best - chance, 0.0) / 2


def time_to_accuracy(
    seconds: Sequence[float], accuracies: Sequence[float], target: float
) -> float | None:
    """When an accuracy is first reached.

    Between epochs nothing is evaluated, so the answer is the end of an epoch.

    Args:
        seconds: when each accuracy was known, rising.
        accuracies: as many.
        target: the accuracy asked for.

    Returns:
        The first of ``seconds`` whose accuracy is at least ``target``; None if none is.

    Raises:
        ValueError: there are not as many accuracies as times.
    """
    if len(seconds) != len(accuracies):
        raise ValueError(
            f"{len(accuracies)} accuracies at {len(seconds)} times; accepted: one for each"
        )
    reached = (time for time, one in zip(seconds, accuracies, strict=True) if one >= target)
    return next(reached, None)
