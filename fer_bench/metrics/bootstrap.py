"""Bootstrap over images: distributions of sums over resampled images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


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
