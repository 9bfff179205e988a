"""Confidence intervals of metrics over images, also by bootstrap, and over seeds."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """Confidence interval with its lower and upper limit."""

    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """Mean and spread of a metric over seeds.

    Attributes:
        mean: mean over the seeds.
        deviation: sample standard deviation (divisor count - 1); None for one seed.
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
    """Return the percentile bootstrap interval of an accuracy over images.

    Several seeds are held fixed: the statistic is their mean accuracy, and each resample contains
    the same images for all of them. The value of an image is the number of seeds that classified
    it correctly, so drawing the counts of these values is equivalent to drawing n images one by
    one. With one seed, that is one binomial draw for each resample.

    If all images are classified correctly, or none, all resamples are equal, and the interval is
    Wilson's (*Probable Inference, the Law of Succession, and Statistical Inference*, 1927). If the
    same number of seeds, but not all, classify each image correctly, all resamples are equal too.
    Then a share u = 1 - (a / 2)^(1 / n), a = 1 - level, of the population may differ without
    having been sampled (Clopper and Pearson, *The Use of Confidence or Fiducial Limits*, 1934). If
    no seed, or every seed, classified these images correctly, the accuracy p would be p - u p or
    p + u (1 - p): these are the limits.

    Args:
        correct: True if the image was classified correctly, bool, shape (n,) or (seeds, n).
        level: confidence level, above 0 and below 1.
        resamples: number of resamples, 1 or more.
        seed: seed of the random draws.

    Returns:
        Limits as fractions, 0 to 1.

    Raises:
        ValueError: the shape or type does not fit, there are no images, or ``level`` or
            ``resamples`` is out of range.
    """
    table = as_seed_rows("correct", correct)
    check_level(level)
    check_resamples(resamples)
    if table.all() or not table.any():
        from statsmodels.stats.proportion import proportion_confint

        n, right = table.shape[1], bool(table.all())
        low, high = proportion_confint(right * n, n, alpha=1 - level, method="wilson")
        return Interval(float(low), 1.0) if right else Interval(0.0, float(high))
    counts = table.sum(axis=0)
    if counts.min() == counts.max():
        share, missed = counts[0] / len(table), zero_count_upper_bound(table.shape[1], level)
        return Interval(float(share * (1 - missed)), float(share + missed * (1 - share)))
    sums = resampled_sums(counts, resamples, np.random.default_rng(seed))
    return percentiles(sums / table.size, level)


def wilson_interval(hits: float, images: int, level: float = 0.95) -> Interval:
    """Return Wilson's interval of a share (*Probable Inference*, 1927), without resampling.

    Args:
        hits: number of images that have a property.
        images: number of images, 1 or more.
        level: confidence level, above 0 and below 1.

    Raises:
        ValueError: a number is out of range.
    """
    check_level(level)
    if not 0 <= hits <= images or not images:
        raise ValueError(f"hits must be 0 to the number of images, got {hits} of {images}")
    share, square = hits / images, NormalDist().inv_cdf((1 + level) / 2) ** 2
    middle = share + square / (2 * images)
    half = math.sqrt(square * (share * (1 - share) + square / (4 * images)) / images)
    whole = 1 + square / images
    # Rounding must not exclude the ends.
    low = (middle - half) / whole if hits else 0.0
    return Interval(low, (middle + half) / whole if hits < images else 1.0)


def newcombe_interval(
    hits: tuple[float, float], images: tuple[int, int], level: float = 0.95
) -> Interval:
    """Return Newcombe's interval of the difference of two shares of different images.

    From the Wilson intervals of both shares (*Interval Estimation for the Difference between
    Independent Proportions*, 1998, method 10). ``hits`` and ``images`` are those of
    ``wilson_interval`` for the minuend and the subtrahend.

    Raises:
        ValueError: a number is out of range.
    """
    first, second = (
        wilson_interval(one, count, level) for one, count in zip(hits, images, strict=True)
    )
    of_first, of_second = (one / count for one, count in zip(hits, images, strict=True))
    difference = of_first - of_second
    return Interval(
        difference - math.hypot(of_first - first.low, second.high - of_second),
        difference + math.hypot(first.high - of_first, of_second - second.low),
    )


def over_seeds(values: Iterable[float], level: float = 0.95) -> Spread:
    """Return the mean and spread of a metric over seeds.

    The interval is mean -+ t * deviation / sqrt(count), with t the (1 + level) / 2 quantile of
    Student's t distribution with count - 1 degrees of freedom. It assumes that the values are
    draws from one normal distribution.

    Args:
        values: one value for each seed.
        level: confidence level, above 0 and below 1.

    Raises:
        ValueError: there are no values, one is not finite, or ``level`` is out of range.
    """
    figures = [float(value) for value in values]
    check_level(level)
    if not figures:
        raise ValueError("values is empty; accepted: one seed or more")
    for index, figure in enumerate(figures):
        if not math.isfinite(figure):
            raise ValueError(f"values[{index}] is {figure}; accepted: finite numbers")
    mean = statistics.mean(figures)
    if len(figures) == 1:
        return Spread(mean, None, None, 1)
    # scipy.special instead of scipy.stats, whose import takes most of a second.
    from scipy.special import stdtrit

    deviation = statistics.stdev(figures)
    quantile = float(stdtrit(len(figures) - 1, (1 + level) / 2))
    half = quantile * deviation / math.sqrt(len(figures))
    return Spread(mean, deviation, Interval(mean - half, mean + half), len(figures))


def percentiles(replicates: NDArray[np.float64], level: float) -> Interval:
    """Return the percentile interval of a bootstrap distribution.

    With the R replicates in ascending order, the lower limit is the one at position
    (R + 1) * (1 - level) / 2, the upper limit the one as far from the end (Davison and Hinkley,
    *Bootstrap Methods and their Application*, 1997, section 5.3.1).

    Args:
        replicates: the statistic of each resample, shape (R,).
        level: confidence level, above 0 and below 1.
    """
    ends = (1 - level) / 2, (1 + level) / 2
    low, high = np.quantile(replicates, ends, method="weibull")
    return Interval(float(low), float(high))


def zero_count_upper_bound(n: int, level: float) -> float:
    """Return the upper Clopper-Pearson bound for zero successes in n trials."""
    return 1 - float(((1 - level) / 2) ** (1 / n))


def check_level(level: float) -> None:
    """Check that a confidence level is valid.

    Raises:
        ValueError: it is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; accepted: above 0 and below 1")


def as_seed_rows(name: str, correct: ArrayLike) -> NDArray[np.bool_]:
    """Return bools of shape (n,) or (seeds, n) with one row for each seed.

    Raises:
        ValueError: another shape or type, no seed, or no image.
    """
    values = np.asarray(correct)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} has shape {values.shape}; accepted: (n,) or (seeds, n)")
    if not values.size:
        raise ValueError(f"{name} has shape {values.shape}; accepted: one image or more")
    if values.dtype.kind != "b":
        raise ValueError(f"{name} is of type {values.dtype}; accepted: bool")
    return np.atleast_2d(values)


def check_resamples(resamples: int) -> None:
    """Check that the number of resamples is positive.

    Raises:
        ValueError: it is below 1.
    """
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; accepted: 1 or more")


def resampled_sums(
    values: NDArray[np.int64], resamples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return sums over n images drawn with replacement.

    The counts of the distinct values in a resample are multinomial, with the shares of images that
    have them as probabilities: drawing these few counts has the same distribution as drawing n
    images one by one.

    Args:
        values: value of each image, shape (n,).
        resamples: number of sums.
        generator: source of the random draws.

    Returns:
        One sum for each resample, shape (resamples,).
    """
    largest = int(np.abs(values).max())
    shares = np.bincount(values + largest, minlength=2 * largest + 1) / len(values)
    drawn = generator.multinomial(len(values), shares, resamples)
    sums: NDArray[np.int64] = drawn @ np.arange(-largest, largest + 1)
    return sums


def distinct_columns(
    table: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct columns and their counts as ``np.unique`` does, several times as fast.

    Each column is encoded as one integer, if that fits into 64 bits.

    Args:
        table: numbers from 0, shape (rows, n), n 1 or more.

    Returns:
        The distinct columns in ascending order, shape (rows, distinct), and the number of
        occurrences of each, shape (distinct,).
    """
    base = int(table.max()) + 1
    if base ** len(table) >= 2**63:
        columns, counts = np.unique(table, axis=1, return_counts=True)
        return columns, counts
    powers = base ** np.arange(len(table))[::-1]
    numbers, counts = np.unique(powers @ table, return_counts=True)
    return numbers // powers[:, None] % base, counts
