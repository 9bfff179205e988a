"""Paired comparison of the classification metrics of two cells on the same images."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.metrics.classification import Metrics, classification_metrics, confusions
from fer_bench.metrics.intervals import (
    Interval,
    check_level,
    check_resamples,
    distinct_columns,
    zero_count_upper_bound,
)
from fer_bench.metrics.paired_tests import half_width, seed_variances
from fer_bench.metrics.scores import confusion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_OVERALL = Metrics._fields[:6]
"""Metrics that are one number for all classes."""

_EXACT = 1e-24
"""Variance up to which all resamples are considered equal."""


class MetricChange(NamedTuple):
    """Mean of a metric over the seeds of one cell minus that of another, with its interval."""

    difference: float
    interval: Interval


def compare_metrics(
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    classes: int,
    level: float = 0.95,
    *,
    resamples: int = 499,
    seed: int = 0,
    paired_seeds: bool = True,
) -> dict[str, MetricChange]:
    """Compare the metrics of two cells on the same images, by name.

    The interval is symmetric, as that of ``fer_bench.metrics.compare`` for several seeds: its half
    width h satisfies h^2 = z^2 I + (sum of t_k^2 W_k), with I the variance of the difference in the
    paired bootstrap over images, z the normal quantile, and W_k the variances over seeds, which one
    seed each does not have. If the difference is the same in all resamples, z^2 I is the square of
    n e u: u is the exact bound for 0 out of n images, and e, at least 1 / n, the largest change of
    the metric if one image of the rarest class is predicted differently. Metrics that are undefined
    for a seed are omitted.

    Args:
        labels: integers from 0 to ``classes`` - 1, shape (n,).
        first: predicted classes, shape (n,) or (seeds, n).
        second: the same for the second cell.
        classes: number of classes.
        level: confidence level, above 0 and below 1.
        resamples: number of resamples, 2 or more.
        seed: seed of the random draws.
        paired_seeds: as for ``fer_bench.metrics.compare``.

    Raises:
        ValueError: shapes or values do not fit, there are no images, or ``level`` or
            ``resamples`` is out of range.
    """
    check_level(level)
    check_resamples(resamples)
    sides = [np.atleast_2d(np.asarray(side)).astype(np.int64) for side in (first, second)]
    matrices = [np.stack([confusion(labels, row, classes) for row in side]) for side in sides]
    whole = [classification_metrics(each) for each in matrices]
    drawn = _resampled_differences(np.asarray(labels), sides, classes, resamples, seed)
    n, paired = sides[0].shape[1], paired_seeds and len(sides[0]) == len(sides[1])
    found = {}
    for name in _OVERALL:
        ours, theirs = (getattr(values, name).tolist() for values in whole)
        difference = float(np.mean(ours) - np.mean(theirs))
        if not math.isfinite(difference):
            continue
        images = float(np.nanvar(drawn[name]))
        if images <= _EXACT:
            bound = zero_count_upper_bound(n, level) * max(1.0, n * _effect(matrices, name))
            images = (bound / NormalDist().inv_cdf((1 + level) / 2)) ** 2
        parts = [(images, math.inf)]
        if max(map(len, sides)) > 1:
            parts += seed_variances(ours, theirs, paired)
        half = half_width(parts, 1 - level)
        found[name] = MetricChange(difference, Interval(difference - half, difference + half))
    return found


def _effect(sides: list[NDArray[np.int64]], name: str) -> float:
    """Return the largest change of a metric by another prediction of an image of the rarest class.

    ``sides`` are the confusion matrices of each cell's seeds, shape (seeds, classes, classes).
    """
    images = sides[0][0].sum(axis=1)
    rarest = int(np.where(images > 0, images, np.inf).argmin())
    each = np.arange(len(images))
    effects = [0.0]
    for matrix in np.concatenate(sides):
        before = getattr(classification_metrics(matrix), name)
        for predicted in np.flatnonzero(matrix[rarest]):
            moved = np.repeat(matrix[None], len(each), axis=0)
            moved[:, rarest, predicted] -= 1
            moved[each, rarest, each] += 1
            changes = np.abs(getattr(classification_metrics(moved), name) - before)
            effects.append(float(np.nanmax(changes, initial=0.0)))
    return max(effects)


def _resampled_differences(
    labels: NDArray[np.int64],
    sides: list[NDArray[np.int64]],
    classes: int,
    resamples: int,
    seed: int,
) -> dict[str, NDArray[np.float64]]:
    """Return the difference of each metric in each resample, shape (resamples,)."""
    patterns, images = distinct_columns(np.vstack([labels, *sides]).astype(np.int64))
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(images.sum(), images / images.sum(), resamples)
    label, predicted = patterns[0], iter(patterns[1:])
    means = []
    for side in sides:
        of_seeds = [
            classification_metrics(confusions(drawn, label, next(predicted), classes)) for _ in side
        ]
        means.append(
            {name: np.mean([getattr(one, name) for one in of_seeds], axis=0) for name in _OVERALL}
        )
    return {name: means[0][name] - means[1][name] for name in _OVERALL}
