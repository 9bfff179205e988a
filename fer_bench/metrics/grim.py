"""GRIM test: check if a printed mean can come from counts of a given number of images.

An accuracy is a number of correctly classified images divided by the number of images. A rate
printed with D decimals that is the mean of d differences of such accuracies is therefore
c / (d n), rounded to D decimals, with a whole number c of images gained: not every n has such a c.
The test is that of N. J. L. Brown and J. A. J. Heathers (*The GRIM Test: A Simple Technique
Detects Numerous Anomalies in the Reporting of Results in Psychology*, 2017), applied to
differences.

All arithmetic is in whole numbers, so that no result depends on floating-point rounding. The
functions broadcast as numpy's do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

MOST_IMAGES = 100_000
"""Largest number of images for which the arithmetic is certain to stay within 64 bits."""


class Counts(NamedTuple):
    """Lowest and highest count of images, int64, that fit printed rates; low > high without any."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def fit(self) -> NDArray[np.bool_]:
        """True if there is a consistent count."""
        return self.low <= self.high


def gained(rates: ArrayLike, images: ArrayLike, differences: ArrayLike, decimals: int) -> Counts:
    """Return the numbers of images gained that are consistent with printed mean differences.

    Args:
        rates: printed means of differences of an accuracy, for example an MCR.
        images: number of images that the accuracy is measured on, at most ``MOST_IMAGES``.
        differences: number of differences in the mean.
        decimals: number of printed decimals, at most 6.

    Returns:
        All c for which c / (images * differences), rounded to ``decimals`` (a tie either way), is
        the rate.

    Raises:
        ValueError: there are more images than ``MOST_IMAGES``.
    """
    digits, items = _digits(rates, decimals), _checked(images) * np.asarray(differences, np.int64)
    return _between((2 * digits - 1) * items, (2 * digits + 1) * items, 2 * 10**decimals)


def gained_elsewhere(
    rates: ArrayLike,
    known: ArrayLike,
    known_images: int,
    images: ArrayLike,
    differences: ArrayLike,
    decimals: int,
) -> Counts:
    """Return the gains on a second set of images from a rate of the first minus the second.

    Args:
        rates: printed means of differences of the first accuracy minus the second, for example an
            MOFR.
        known: number of images gained on the first set over the same differences.
        known_images: number of images of the first set, at most ``MOST_IMAGES``.
        images: number of images of the second set, at most ``MOST_IMAGES``.
        differences: number of differences in the mean.
        decimals: number of printed decimals, at most 6.

    Returns:
        All c for which (known / known_images - c / images) / differences, rounded to ``decimals``
        (a tie either way), is the rate.

    Raises:
        ValueError: there are more images than ``MOST_IMAGES`` in one of the sets.
    """
    digits, second, scale = _digits(rates, decimals), _checked(images), 10**decimals
    first = 2 * scale * np.asarray(known, np.int64) * second
    step = np.asarray(differences, np.int64) * second * _checked(known_images)
    return _between(
        first - (2 * digits + 1) * step, first - (2 * digits - 1) * step, 2 * scale * known_images
    )


def chance(images: ArrayLike, differences: ArrayLike, decimals: int) -> NDArray[np.float64]:
    """Return the probability that a rate fits by chance, by number of images and differences.

    The counts consistent with a rate lie in an interval of length images * differences /
    10^decimals. If its position is uniformly distributed, it contains a whole number with a
    probability of its length, at most 1.
    """
    return np.minimum(1.0, np.multiply(images, differences) / 10.0**decimals)


def chance_of_hits(hits: int, chances: Sequence[float]) -> float:
    """Return the probability of at least ``hits`` successes in independent trials.

    The distribution of the number of successes is Poisson-binomial: the product of the polynomials
    (1 - p) + p x of all trials.
    """
    distribution = np.ones(1)
    for probability in chances:
        distribution = np.convolve(distribution, (1 - probability, probability))
    return float(min(1.0, distribution[hits:].sum()))


def _checked(images: ArrayLike) -> NDArray[np.int64]:
    """Return numbers of images for which no product overflows."""
    numbers = np.asarray(images, np.int64)
    if (numbers > MOST_IMAGES).any():
        raise ValueError(f"{numbers.max()} images; accepted: {MOST_IMAGES} or fewer")
    return numbers


def _digits(rates: ArrayLike, decimals: int) -> NDArray[np.int64]:
    """Return printed rates in units of their last digit."""
    return np.rint(np.asarray(rates) * 10.0**decimals).astype(np.int64)


def _between(low: NDArray[np.int64], high: NDArray[np.int64], divisor: int) -> Counts:
    """Return the lowest and highest whole number from low / divisor to high / divisor."""
    return Counts(-(-low // divisor), high // divisor)
