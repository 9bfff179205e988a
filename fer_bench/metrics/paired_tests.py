"""Paired comparison of two cells on the same images: difference, interval and p-value."""

from __future__ import annotations

import dataclasses
import math
import statistics
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.intervals import (
    Interval,
    as_seed_rows,
    check_level,
    check_resamples,
    percentiles,
    resampled_sums,
    zero_count_upper_bound,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray


_LEAST_P = 1e-99
"""Lower bound of the p-values computed for several seeds."""


@dataclass(frozen=True)
class Comparison:
    """Result of comparing two cells on the same images.

    Attributes:
        difference: mean accuracy of the first minus that of the second, -1 to 1.
        interval: confidence interval of the difference.
        p_value: two-sided p-value of the null hypothesis of no difference.
        method: name of the test.
        only_first: number of images with only the first correct; None with several seeds.
        only_second: number of images with only the second correct; None with several seeds.
    """

    difference: float
    interval: Interval
    p_value: float
    method: str
    only_first: int | None = None
    only_second: int | None = None

    @property
    def swapped(self) -> Comparison:
        """The same comparison with first and second exchanged."""
        # ``0 - x``, as ``-x`` would turn 0.0 into -0.0.
        return dataclasses.replace(
            self,
            difference=0 - self.difference,
            interval=Interval(0 - self.interval.high, 0 - self.interval.low),
            only_first=self.only_second,
            only_second=self.only_first,
        )


def compare(
    first: ArrayLike,
    second: ArrayLike,
    level: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
    *,
    paired_seeds: bool = True,
) -> Comparison:
    """Compare two cells on the same images.

    One seed each: McNemar's exact test on the images that only one cell classified correctly, and
    a percentile interval of the paired bootstrap over images. If the difference is the same on all
    images (0 on each, or each correct only for the same cell), all resamples are equal. The
    interval then extends to the upper bound for 0 out of n, 1 - (a / 2)^(1 / n), a = 1 - level,
    which is 3.7 / n at 95 % (Clopper and Pearson, *The Use of Confidence or Fiducial Limits*,
    1934), and ``method`` mentions the exact bound.

    Several seeds: the half width h of the interval of the difference satisfies
    h^2 = z^2 I + (sum of t_k^2 W_k). I is the variance of the difference in the paired bootstrap
    over images, with all seeds held fixed, and z the normal quantile, as there are hundreds of
    images. W_k is s^2 / S, with s^2 the sample variance over S seeds: one term for the differences
    if seeds are paired, otherwise one for each cell; t_k is the quantile of Student's t with S - 1
    degrees of freedom. The coverage is ``level`` or more (Banerjee, *Approximate Confidence
    Interval for Linear Functions of Means of k Populations When the Population Variances Are Not
    Equal*, 1960). Welch-Satterthwaite degrees of freedom aim at the same coverage, but miss it
    with two seeds, whose sample variance is occasionally far too small. p is 1 minus the level of
    the interval that ends at 0. The variance over seeds also contains variance due to the images,
    which counts twice: the interval is too wide rather than too narrow. If all resamples are
    equal, z^2 I is the square of the bound above. A cell with one seed has no sample variance; it
    is assumed to have that of the other cell.

    Exchanging the cells gives the same p and the interval with opposite sign.

    Args:
        first: True if the image was classified correctly, bool, shape (n,) or (seeds, n).
        second: the same for the second cell, in the same order of images.
        level: confidence level, above 0 and below 1.
        resamples: number of resamples, 1 or more.
        seed: seed of the random draws.
        paired_seeds: if True, and both cells have the same number of seeds, the seeds at the same
            index are paired.

    Raises:
        ValueError: a shape or type does not fit, there are no images, the numbers of images
            differ, or ``level`` or ``resamples`` is out of range.
    """
    ours, theirs = as_seed_rows("first", first), as_seed_rows("second", second)
    if ours.shape[1] != theirs.shape[1]:
        raise ValueError(
            "first and second must have the same number of images, got "
            f"{ours.shape[1]} and {theirs.shape[1]}"
        )
    check_level(level)
    check_resamples(resamples)
    # A canonical order, so that the draws do not depend on the order of the arguments.
    is_swapped = (len(ours), ours.tobytes()) > (len(theirs), theirs.tobytes())
    if is_swapped:
        ours, theirs = theirs, ours
    generator = np.random.default_rng(seed)
    if len(ours) == len(theirs) == 1:
        found = _of_one_seed(ours[0], theirs[0], level, resamples, generator)
    else:
        paired = paired_seeds and len(ours) == len(theirs)
        found = _of_seeds(ours, theirs, level, resamples, generator, paired)
    return found.swapped if is_swapped else found


def holm(p_values: Iterable[float]) -> list[float]:
    """Adjust the p-values of several tests by Holm's step-down method.

    The k-th smallest of m becomes the maximum of (m - j + 1) * p_j over j up to k, limited to 1
    (Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979).

    Returns:
        The adjusted p-values in the same order.

    Raises:
        ValueError: a p-value is not between 0 and 1.
    """
    raw = [float(value) for value in p_values]
    for index, value in enumerate(raw):
        if not 0 <= value <= 1:
            raise ValueError(f"p_values[{index}] is {value}; accepted: 0 to 1")
    if not raw:
        return []
    order = np.argsort(raw, kind="stable")
    steps = np.array(raw)[order] * np.arange(len(raw), 0, -1)
    corrected = np.empty(len(raw))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def _of_one_seed(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    level: float,
    resamples: int,
    generator: np.random.Generator,
) -> Comparison:
    from scipy.special import bdtr

    n = len(first)
    changed = only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    sums = resampled_sums(first.astype(np.int64) - second, resamples, generator)
    interval = percentiles(sums / n, level)
    method = "McNemar, exact"
    if interval.low == interval.high:
        spare = zero_count_upper_bound(n, level)
        interval = Interval(max(-1.0, interval.low - spare), min(1.0, interval.high + spare))
        method += "; interval with exact bound"
    return Comparison(
        difference=(only_first - only_second) / n,
        interval=interval,
        # McNemar's exact test: a two-sided binomial one with probability 1/2.
        p_value=min(1.0, 2 * float(bdtr(min(changed), sum(changed), 0.5))),
        method=method,
        only_first=only_first,
        only_second=only_second,
    )


def _of_seeds(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    level: float,
    resamples: int,
    generator: np.random.Generator,
    paired: bool,
) -> Comparison:
    # Integers, scaled so that a difference of 1 is ``scale``: a difference of 0 stays exactly 0.
    least = math.lcm(len(first), len(second))
    scale = least * first.shape[1]
    row = first.sum(axis=0) * (least // len(first)) - second.sum(axis=0) * (least // len(second))
    difference = int(row.sum()) / scale
    images = float(np.var(resampled_sums(row, resamples, generator) / scale))
    if row.min() == row.max():
        images = (
            zero_count_upper_bound(len(row), level) / NormalDist().inv_cdf((1 + level) / 2)
        ) ** 2
    ours, theirs = ([int(count) for count in side.sum(axis=1)] for side in (first, second))
    parts = [(images, math.inf), *seed_variances(ours, theirs, paired, first.shape[1])]
    method = "paired bootstrap over images, t over seeds"
    if not paired:
        method += ", unpaired seeds"
    half = half_width(parts, 1 - level)
    return Comparison(
        difference=difference,
        interval=Interval(max(-1.0, difference - half), min(1.0, difference + half)),
        p_value=_p_value(parts, abs(difference)),
        method=method,
    )


def seed_variances(
    first: Sequence[float], second: Sequence[float], paired: bool, scale: int = 1
) -> list[tuple[float, float]]:
    """Return the variances of a difference due to seeds, each with its degrees of freedom.

    Args:
        first: a metric for each seed, multiplied by ``scale``; several of it or of ``second``.
        second: the same for the second cell.
        paired: True if the seeds at the same index are paired.
        scale: divisor of the metrics; with integers, their variance is exact.
    """
    if paired:
        seeds = len(first)
        apart = statistics.variance(one - other for one, other in zip(first, second, strict=True))
        return [(apart / scale**2 / seeds, seeds - 1)]
    known = [
        (statistics.variance(values) / scale**2, len(values))
        for values in (first, second)
        if len(values) > 1
    ]
    if len(known) == 2:
        return [(variance / seeds, seeds - 1) for variance, seeds in known]
    # Only one cell has several seeds: its variance is used for both, with its degrees of freedom.
    ((variance, seeds),) = known
    return [(variance * (1 + 1 / seeds), seeds - 1)]


def half_width(parts: Sequence[tuple[float, float]], alpha: float) -> float:
    """Return the half width of an interval at level 1 - alpha.

    ``parts`` are variances with their degrees of freedom.
    """
    # scipy.special instead of scipy.stats, whose import takes most of a second.
    from scipy.special import ndtri, stdtrit

    return math.hypot(
        *(
            float(ndtri(alpha / 2) if free == math.inf else stdtrit(free, alpha / 2))
            * math.sqrt(variance)
            for variance, free in parts
        )
    )


def _p_value(parts: Sequence[tuple[float, float]], distance: float) -> float:
    """Return the alpha at which the half width equals ``distance``, ``_LEAST_P`` or more."""
    if distance == 0:
        return 1.0
    if half_width(parts, _LEAST_P) <= distance:
        return _LEAST_P
    from scipy.optimize import brentq

    exponent = brentq(
        lambda power: half_width(parts, 10.0**power) - distance,
        math.log10(_LEAST_P),
        0.0,
        xtol=1e-9,
    )
    return min(1.0, math.pow(10.0, float(exponent)))
