"""Which of two cells recognises more of the same images, and whether that could be chance."""

from __future__ import annotations

import dataclasses
import math
import statistics
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.bootstrap import check_resamples, outcomes, resampled_sums
from fer_bench.metrics.intervals import Interval, check_level, percentiles, unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray


_LEAST_P = 1e-99
"""No p-value of several seeds is computed to be smaller."""


@dataclass(frozen=True)
class Comparison:
    """Two cells on the same images.

    Attributes:
        difference: mean accuracy of the first less that of the second, a share, -1 to 1.
        interval: of the difference.
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

    @property
    def turned(self) -> Comparison:
        """The second with the first."""
        # 0 less a number, for -0.0 would be the negative of 0.
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
    """Compares two cells on the same images.

    One seed each: McNemar's exact test on the images that one alone recognised, and a percentile
    interval of the paired bootstrap over images. Where each image tells the same (none is
    recognised by one alone, or each is by the same one), the bootstrap draws nothing else. Then
    the interval reaches as far as a share may be of which 0 in n were seen: 1 - (a / 2)^(1 / n),
    a = 1 - level, which is 3.7 / n at 95 % (Clopper and Pearson, *The Use of Confidence or
    Fiducial Limits*, 1934); the method then says "exact bound".

    Several seeds on a side: the half width h of the interval of the difference has the square
    z^2 I + (sum of t_k^2 W_k). I is the variance of the difference in the paired bootstrap over
    images, all seeds held fixed, and z the normal quantile, for images there are by the hundred.
    W_k is s^2 / S, with s^2 the sample variance over S seeds: of their differences where seeds
    are paired, else one for each side; t_k is the quantile of Student's t with S - 1 degrees of
    freedom. The interval holds the difference with the probability ``level`` or more (Banerjee,
    *Approximate Confidence Interval for Linear Functions of Means of k Populations When the
    Population Variances Are Not Equal*, 1960). The degrees of freedom of Welch and Satterthwaite
    would promise that as well, and break it with two seeds, whose variance is now and then far
    too small. p is 1 less the level whose interval ends at 0. The accuracies of single seeds vary
    by the images too: that counts twice, and is too wide rather than too narrow. Where the
    bootstrap draws nothing else, z^2 I is the square of the bound above. A side with one seed says
    nothing of its spread, and is taken to have that of the other.

    The other way round, the same cells give the same p and the interval of the other sign.

    Args:
        first: whether each image was recognised, bool, shape (n,) or (seeds, n).
        second: the same for the second cell, in the same order of images.
        level: of the interval, above 0 and below 1.
        resamples: number of replicates, 1 or more.
        seed: of the draws.
        paired_seeds: where both sides have the same number of seeds, whether a seed of the first
            belongs to the seed of the second at the same place.

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
    generator = np.random.default_rng(seed)
    if len(ours) == len(theirs) == 1:
        found = _of_one_seed(ours[0], theirs[0], level, resamples, generator)
    else:
        paired = paired_seeds and len(ours) == len(theirs)
        found = _of_seeds(ours, theirs, level, resamples, generator, paired)
    return found.turned if turned else found


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
    n = len(first)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    sums = _resampled(first[None].astype(np.int64) - second, resamples, generator)
    interval = percentiles(sums / n, level)
    method = "McNemar, exact"
    if interval.low == interval.high:
        spare = unseen(n, level)
        interval = Interval(max(-1.0, interval.low - spare), min(1.0, interval.high + spare))
        method += "; interval with exact bound"
    return Comparison(
        difference=(only_first - only_second) / n,
        interval=interval,
        p_value=_mcnemar(only_first, only_second),
        method=method,
        only_first=only_first,
        only_second=only_second,
    )


def _mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact p: how unlikely so uneven a share is, where both are as likely."""
    from scipy.special import bdtr

    least, both = min(only_first, only_second), only_first + only_second
    return min(1.0, 2 * float(bdtr(least, both, 0.5)))


def _of_seeds(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    level: float,
    resamples: int,
    generator: np.random.Generator,
    paired: bool,
) -> Comparison:
    # Whole numbers, of which a difference of 1 is ``scale``: rounding makes none of none.
    least = math.lcm(len(first), len(second))
    scale = least * first.shape[1]
    row = first.sum(axis=0) * (least // len(first)) - second.sum(axis=0) * (least // len(second))
    difference = int(row.sum()) / scale
    images = float(np.var(_resampled(row[None], resamples, generator) / scale))
    if row.min() == row.max():
        images = (unseen(len(row), level) / NormalDist().inv_cdf((1 + level) / 2)) ** 2
    parts = [(images, math.inf), *_over_seeds(first, second, paired)]
    method = "paired bootstrap over images, t over seeds"
    if not paired:
        method += ", unpaired seeds"
    half = _half(parts, 1 - level)
    return Comparison(
        difference=difference,
        interval=Interval(max(-1.0, difference - half), min(1.0, difference + half)),
        p_value=_p_value(parts, abs(difference)),
        method=method,
        only_first=None,
        only_second=None,
    )


def _over_seeds(
    first: NDArray[np.bool_], second: NDArray[np.bool_], paired: bool
) -> list[tuple[float, float]]:
    """Variances of the difference that come from seeds, each with its degrees of freedom."""
    n = first.shape[1]
    ours, theirs = ([int(count) for count in side.sum(axis=1)] for side in (first, second))
    if paired:
        seeds = len(ours)
        apart = statistics.variance(one - other for one, other in zip(ours, theirs, strict=True))
        return [(apart / n**2 / seeds, seeds - 1)]
    known = [
        (statistics.variance(counts) / n**2, len(counts))
        for counts in (ours, theirs)
        if len(counts) > 1
    ]
    if len(known) == 2:
        return [(variance / seeds, seeds - 1) for variance, seeds in known]
    # One spread for both sides: one estimate, with one number of degrees of freedom.
    ((variance, seeds),) = known
    return [(variance * (1 + 1 / seeds), seeds - 1)]


def _half(parts: Sequence[tuple[float, float]], alpha: float) -> float:
    """Half width of the interval of level 1 - alpha, from variances with degrees of freedom."""
    # Of scipy's special functions: its distributions take most of a second to load.
    from scipy.special import ndtri, stdtrit

    quantiles = [
        ndtri(alpha / 2) if free == math.inf else stdtrit(free, alpha / 2) for _, free in parts
    ]
    return math.hypot(
        *(
            float(quantile) * math.sqrt(variance)
            for quantile, (variance, _) in zip(quantiles, parts, strict=True)
        )
    )


def _p_value(parts: Sequence[tuple[float, float]], distance: float) -> float:
    """The alpha of the interval that reaches just so far, ``_LEAST_P`` or more."""
    if distance == 0:
        return 1.0
    if _half(parts, _LEAST_P) <= distance:
        return _LEAST_P
    from scipy.optimize import brentq

    exponent = brentq(
        lambda power: _half(parts, 10.0**power) - distance, math.log10(_LEAST_P), 0.0, xtol=1e-9
    )
    return min(1.0, math.pow(10.0, float(exponent)))


def _resampled(
    row: NDArray[np.int64], resamples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Sums of a row over images drawn with replacement, shape (resamples,)."""
    return resampled_sums(row, np.ones((resamples, 1), np.int64), generator)
