"""Which of two cells recognises more of the same images, and whether that could be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.evaluation.intervals import Interval, check_level, percentiles
from fer_bench.evaluation.resampling import check_resamples, outcomes, resampled_sums

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Comparison:
    """Two cells on the same images.

    Attributes:
        difference: mean accuracy of the first less that of the second, a share, -1 to 1.
        interval: bootstrap interval of the difference.
        p_value: two-sided, of no difference.
        method: the test that it comes from.
        only_first: number of images that the first alone recognised; None with several seeds.
        only_second: the same for the second.
    """

    difference: float
    interval: Interval
    p_value: float
    method: str
    only_first: int | None
    only_second: int | None


def compare(
    first: ArrayLike,
    second: ArrayLike,
    level: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
    *,
    paired_seeds: bool = True,
) -> Comparison:
    """Compares two cells on the same images.

    One seed each: McNemar's exact test on the images that one alone recognised, and a percentile
    interval of the paired bootstrap over images.

    Several seeds on a side: each replicate of the paired bootstrap draws seeds with replacement
    and images with replacement, the images jointly for both sides, and p = min(1, 2 * min(a, b)),
    where a = (1 + number of replicates at or below 0) / (resamples + 1) and b the same at or above
    0 (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, chapter 4). Drawing
    from S seeds keeps (S - 1) / S of their variance only: with two or three the interval is too
    narrow and p too small. A side with one seed is taken as if every seed gave the same.

    The other way round, the same cells give the same p and the interval of the other sign.

    Args:
        first: whether each image was recognised, bool, shape (n,) or (seeds, n).
        second: the same for the second cell, in the same order of images.
        level: of the interval, above 0 and below 1.
        resamples: number of replicates, 1 or more.
        seed: of the draws.
        paired_seeds: where both sides have the same number of seeds, whether a seed of the first
            belongs to the seed of the second at the same place, so that they are drawn together.

    Raises:
        ValueError: a shape or type does not fit, nothing is given, the numbers of images differ,
            or ``level`` or ``resamples`` is out of range.
    """
    ours, theirs = outcomes("first", first), outcomes("second", second)
    if ours.shape[1] != theirs.shape[1]:
        raise ValueError(
            f"first has {ours.shape[1]} images but second {theirs.shape[1]}; accepted: as many"
        )
    check_level(level)
    check_resamples(resamples)
    # In one order whatever the caller's, so that the draws of both ways round are the same.
    turned = (len(ours), ours.tobytes()) > (len(theirs), theirs.tobytes())
    if turned:
        ours, theirs = theirs, ours
    found = _compared(ours, theirs, level, resamples, seed, paired_seeds)
    return _turned(found) if turned else found


def holm(p_values: Iterable[float]) -> list[float]:
    """Corrects p-values of several tests by Holm's step-down method.

    The k-th smallest of m becomes the largest of (m - j + 1) * p_j for j up to k, and 1 at most
    (Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979).

    Args:
        p_values: one for each test.

    Returns:
        The corrected ones in the same order.

    Raises:
        ValueError: one is not from 0 to 1.
    """
    raw = [float(value) for value in p_values]
    for index, value in enumerate(raw):
        if not 0 <= value <= 1:
            raise ValueError(f"p_values[{index}] is {value}; accepted: 0 to 1")
    if not raw:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(raw, method="holm")[1]]


def _compared(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    level: float,
    resamples: int,
    seed: int,
    paired_seeds: bool,
) -> Comparison:
    # All in whole numbers, of which a difference of 1 is ``scale``: no replicate is taken for
    # above or below 0 by rounding.
    least = math.lcm(len(first), len(second))
    scale = least * first.shape[1]
    difference = int(first.sum()) * (least // len(first)) - int(second.sum()) * (
        least // len(second)
    )
    generator = np.random.default_rng(seed)
    if paired_seeds and len(first) == len(second):
        rows = first.astype(np.int64) - second
        weights = _drawn_seeds(len(first), resamples, generator)
    else:
        rows = np.concatenate([first.astype(np.int64), -second.astype(np.int64)])
        drawn = [_drawn_seeds(len(side), resamples, generator) for side in (first, second)]
        weights = np.hstack([side * (least // side.shape[1]) for side in drawn])
    sums = resampled_sums(rows, weights, generator)
    interval = percentiles(sums / scale, level)
    if len(first) == len(second) == 1:
        from statsmodels.stats.contingency_tables import mcnemar

        both = int((first & second).sum())
        only_first, only_second = int(first.sum()) - both, int(second.sum()) - both
        neither = first.shape[1] - both - only_first - only_second
        test = mcnemar([[both, only_first], [only_second, neither]], exact=True)
        return Comparison(
            difference=difference / scale,
            interval=interval,
            p_value=float(test.pvalue),
            method="McNemar, exact",
            only_first=only_first,
            only_second=only_second,
        )
    tail = 1 + min(int((sums <= 0).sum()), int((sums >= 0).sum()))
    return Comparison(
        difference=difference / scale,
        interval=interval,
        p_value=min(1.0, 2 * tail / (resamples + 1)),
        method="paired bootstrap",
        only_first=None,
        only_second=None,
    )


def _drawn_seeds(seeds: int, resamples: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """How often each seed is drawn in each resample, shape (resamples, seeds)."""
    return generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)


def _turned(found: Comparison) -> Comparison:
    # 0 less a number, for -0.0 would be the negative of 0.
    return Comparison(
        difference=0 - found.difference,
        interval=Interval(0 - found.interval.high, 0 - found.interval.low),
        p_value=found.p_value,
        method=found.method,
        only_first=found.only_second,
        only_second=found.only_first,
    )
