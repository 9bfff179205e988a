"""Ranking of the networks of a run by accuracy, next to their size and speed."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.group_comparisons import LEVEL, find_pair
from fer_bench.analysis.subsets import subsets_by_duplicates
from fer_bench.analysis.training_time import mean_training_seconds
from fer_bench.metrics import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics import Interval
    from fer_bench.results.records import CellResult

_ALL_IMAGES = slice(None)


@dataclass(frozen=True)
class Standing:
    """A trained backbone, init and head of a run, over all its seeds.

    Attributes:
        group: the cells.
        accuracy: test accuracy, or final validation accuracy if the split has no test part; mean
            over the seeds.
        interval: its 95 % CI over the test images, the networks held fixed; None without
            predictions.
        deviation: sample standard deviation of the accuracy over the seeds; None for one.
        beats_baseline: True if it is significantly better than the majority-class baseline on the
            test images; None without predictions.
        ties_best: True for the highest accuracy and for those not significantly below it; None if
            the two were not compared.
        training_seconds: frozen features once and all epochs, mean over the seeds, or None.
        latency: seconds from one image to its probabilities, or None.
        throughput: images per second in the largest timed batch, or None.
        batch_size: size of that batch, or None.
    """

    group: Group
    accuracy: float
    interval: Interval | None
    deviation: float | None
    beats_baseline: bool | None
    ties_best: bool | None
    training_seconds: float | None
    latency: float | None
    throughput: float | None
    batch_size: int | None

    @cached_property
    def beats_deduplicated_baseline(self) -> bool | None:
        """The same on the deduplicated test images; None if all images are, none is, or unknown."""
        subsets = subsets_by_duplicates(self.group.dataset)
        if subsets is None or not subsets.divided:
            return None
        return beats_majority(self.group, subsets.deduplicated)

    @property
    def exceeds_baseline(self) -> bool | None:
        """True if ``beats_baseline`` holds on all and on the deduplicated test images."""
        return self.beats_baseline and self.beats_deduplicated_baseline is not False

    @property
    def equals_baseline(self) -> bool:
        """True if every seed predicts the majority class for all test images."""
        return self.group.dataset.has_test and all(
            np.array_equal(one.confusion, constant_confusion(one.confusion))
            for one in self.group.qualities
        )

    def contends(self, best: Standing) -> bool:
        """Check if it is as accurate as the best, or neither clearly below it nor at baseline."""
        if self.accuracy == best.accuracy:
            return True
        return bool(self.ties_best) and self.exceeds_baseline is not False


def rank(groups: Sequence[Group], pairs: Sequence[Pair]) -> tuple[Standing, ...]:
    """Return the standings of trained groups, by their pairs, the most accurate first."""
    ranked = sorted(groups, key=lambda group: -(group.accuracy or 0))
    return tuple(_standing(group, ranked[0], pairs) for group in ranked)


def constant_confusion(confusion: ArrayLike) -> NDArray[np.int64]:
    """Return the confusion counts of always predicting the most frequent class.

    Args:
        confusion: counts of the same test images, true classes in rows, shape (classes, classes).
    """
    sizes = np.asarray(confusion, np.int64).sum(axis=1)
    found = np.zeros((len(sizes), len(sizes)), np.int64)
    found[:, sizes.argmax()] = sizes
    return found


def accuracies_on(
    standings: Sequence[Standing], images: NDArray[np.bool_]
) -> tuple[float, ...] | None:
    """Return the accuracy of each network over all its seeds, on a subset of the test images.

    The subset is a mask, bool, shape (n,). None if it is empty, or a network has no predictions.
    """
    known = [one.group.correct for one in standings if one.group.correct is not None]
    if len(known) < len(standings) or not images.any():
        return None
    return tuple(float(correct[:, images].mean()) for correct in known)


def _standing(group: Group, best: Group, pairs: Sequence[Pair]) -> Standing:
    accuracies = group.accuracies
    latency, throughput, batch_size = inference_speed(group.cells)
    return Standing(
        group=group,
        accuracy=statistics.fmean(accuracies),
        interval=None if group.score is None else group.score.interval,
        deviation=statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        beats_baseline=beats_majority(group),
        ties_best=_ties(group, best, pairs),
        training_seconds=mean_training_seconds(group.trained),
        latency=latency,
        throughput=throughput,
        batch_size=batch_size,
    )


def beats_majority(group: Group, images: NDArray[np.bool_] | slice = _ALL_IMAGES) -> bool | None:
    """Check if a group is significantly better than the majority-class baseline of each seed.

    Args:
        group: the group.
        images: mask of the test images to use, bool, shape (n,), at least one True; by default all.

    Returns:
        None as for ``Group.correct``.
    """
    if group.correct is None:
        return None
    labels = group.dataset.labels
    majority = labels == np.bincount(labels).argmax()
    correct = group.correct[:, images]
    found = compare(correct, np.broadcast_to(majority[images], correct.shape))
    return found.difference > 0 and found.p_value < LEVEL


def _ties(group: Group, best: Group, pairs: Sequence[Pair]) -> bool | None:
    if group is best:
        return True
    pair = find_pair(pairs, best, group)
    if pair is None:
        return True if group.accuracy == best.accuracy else None
    return not pair.differ


def inference_speed(cells: Sequence[CellResult]) -> tuple[float | None, float | None, int | None]:
    """Return latency, throughput and batch size of the first cell that was timed."""
    timed = next((cell.inference for cell in cells if cell.inference), ())
    latency = next((speed.median for speed in timed if speed.batch_size == 1), None)
    largest = max(timed, key=lambda speed: speed.batch_size, default=None)
    if largest is None or largest.batch_size == 1:
        return latency, None, None
    return latency, largest.images_per_second, largest.batch_size
