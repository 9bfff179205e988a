"""How far a figure could lie elsewhere: with other images, or with other seeds."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.bootstrap import check_resamples, outcomes, resampled_sums

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """A range with both its ends.

    Attributes:
        low: lower end.
        high: upper end.
    """

    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds.

    Attributes:
        mean: over the seeds.
        deviation: sample standard deviation (over count - 1); None for one seed.
        interval: Student-t interval of the mean; None for one seed.
        count: number of seeds.
    """

    mean: float
    deviation: float | None
    interval: Interval | None
    count: int


def sampling_interval(
    correct: ArrayLike, level: float = 0.95, resamples: int = 9999, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of an accuracy, over the images.

    Several seeds are held fixed: the figure is their mean accuracy, and all of them see the same
    drawn images. An image then counts by the number of seeds that recognised it, so drawing how
    many images of each such number there are is the same as drawing n images one by one. With one
    seed, that is one binomial draw for each resample. Where all images are recognised, or
    none, the bootstrap draws nothing else, and the interval is Wilson's (*Probable Inference, the
    Law of Succession, and Statistical Inference*, 1927). Where as many seeds recognise each image,
    but not all, it draws nothing else either: then a share u = 1 - (a / 2)^(1 / n), a = 1 - level,
    of other images may have been missed (Clopper and Pearson, *The Use of Confidence or Fiducial
    Limits*, 1934). Were no seed to recognise any of these, or each all of them, the accuracy p
    would be p - u p or p + u (1 - p): these are the ends.

    Args:
        correct: whether each image was recognised, bool, shape (n,) or (seeds, n).
        level: share of the resamples that the interval holds, above 0 and below 1.
        resamples: number of resamples, 1 or more.
        seed: of the draws.

    Returns:
        Ends as shares, 0 to 1.

    Raises:
        ValueError: the shape or type does not fit, nothing is given, or ``level`` or ``resamples``
            is out of range.
    """
    table = outcomes("correct", correct)
    check_level(level)
    check_resamples(resamples)
    if table.all() or not table.any():
        from statsmodels.stats.proportion import proportion_confint

        n, right = table.shape[1], bool(table.all())
        low, high = proportion_confint(right * n, n, alpha=1 - level, method="wilson")
        return Interval(float(low), 1.0) if right else Interval(0.0, float(high))
    counts = table.sum(axis=0)
    if counts.min() == counts.max():
        share, missed = counts[0] / len(table), unseen(table.shape[1], level)
        return Interval(float(share * (1 - missed)), float(share + missed * (1 - share)))
    sums = resampled_sums(
        table.sum(axis=0, keepdims=True),
        np.ones((resamples, 1), np.int64),
        np.random.default_rng(seed),
    )
    return percentiles(sums / table.size, level)


def over_seeds(values: Iterable[float], level: float = 0.95) -> Spread:
    """Mean and spread of a figure over seeds.

    The interval is mean -+ t * deviation / sqrt(count), with t the (1 + level) / 2 quantile of
    Student's t distribution with count - 1 degrees of freedom: it takes the figures as draws from
    one normal distribution.

    Args:
        values: one figure for each seed.
        level: of the interval, above 0 and below 1.

    Raises:
        ValueError: there is no figure, one is not finite, or ``level`` is out of range.
    """
    figures = [float(value) for value in values]
    check_level(level)
    if not figures:
        raise ValueError("no figures; accepted: one seed or more")
    for index, figure in enumerate(figures):
        if not math.isfinite(figure):
            raise ValueError(f"values[{index}] is {figure}; accepted: finite numbers")
    mean = statistics.mean(figures)
    if len(figures) == 1:
        return Spread(mean, None, None, 1)
    # Of scipy's special functions: its distributions take most of a second to load.
    from scipy.special import stdtrit

    deviation = statistics.stdev(figures)
    quantile = float(stdtrit(len(figures) - 1, (1 + level) / 2))
    half = quantile * deviation / math.sqrt(len(figures))
    return Spread(mean, deviation, Interval(mean - half, mean + half), len(figures))


def percentiles(replicates: NDArray[np.float64], level: float) -> Interval:
    """Percentile interval of a bootstrap distribution.

    Its ends are the (R + 1) * (1 - level) / 2 th of the R replicates in rising order, and the one
    as far from the top (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997,
    section 5.3.1).

    Args:
        replicates: the figure of each resample, shape (R,).
        level: share of the replicates within, above 0 and below 1.
    """
    ends = (1 - level) / 2, (1 + level) / 2
    low, high = np.quantile(replicates, ends, method="weibull")
    return Interval(float(low), float(high))


def unseen(n: int, level: float) -> float:
    """The largest share of which none may be seen among n images."""
    return 1 - float(((1 - level) / 2) ** (1 / n))


def check_level(level: float) -> None:
    """Refuses a level that no interval has.

    Raises:
        ValueError: it is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; accepted: above 0 and below 1")
