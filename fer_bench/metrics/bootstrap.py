"""Bootstrap over images: distributions of sums over resampled images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_DRAWS = 1_000_000
"""Number of multinomial counts drawn at once; affects only memory and speed."""

_PRODUCTS = 200_000
"""Size of one matrix product of weightings and columns; affects only memory and speed.

It is small enough for the CPU cache, and for OpenBLAS to use a single thread: for such small
products thread synchronisation takes longer than the product, much longer on a busy CPU.
"""


def as_seed_rows(name: str, correct: ArrayLike) -> NDArray[np.bool_]:
    """Validate an array of correct predictions and return it with one row for each seed.

    Args:
        name: name of the array in error messages.
        correct: bool, shape (n,) or (seeds, n).

    Returns:
        bool, shape (seeds, n).

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
    rows: NDArray[np.int64], weights: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return sums over n images drawn with replacement, one for each weighting of the rows.

    Under one weighting, the value of an image is the weighted sum of its column. The counts of the
    distinct values in a resample are multinomial, with the shares of images that have them as
    probabilities: drawing these few counts has the same distribution as drawing n images one by
    one.

    Args:
        rows: one column for each image, shape (rows, n).
        weights: one weighting for each resample, shape (resamples, rows).
        generator: source of the random draws.

    Returns:
        One sum for each resample, shape (resamples,), each from an independent draw.
    """
    n = rows.shape[1]
    patterns, _, images = distinct_columns(rows)
    largest = int(np.abs(weights).sum(axis=1).max() * np.abs(patterns).max())
    values = np.arange(-largest, largest + 1)
    step = max(1, _DRAWS // len(values))
    sums = np.empty(len(weights), np.int64)
    for start in range(0, len(weights), step):
        block = slice(start, start + step)
        columns, which, _ = distinct_columns(weights[block].T)
        shares = (tally(patterns, images, columns.T, largest) / n)[which]
        sums[block] = generator.multinomial(n, shares) @ values
    return sums


def distinct_columns(
    table: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the same as ``np.unique`` along columns, several times as fast.

    Each column is encoded as the digits of one integer, first row first, so sorting the integers
    sorts the columns. If they would not fit into 64 bits, ``np.unique`` sorts the columns.

    Args:
        table: shape (rows, n), n 1 or more.

    Returns:
        The distinct columns in ascending order, shape (rows, distinct); the index of each column
        among them, shape (n,); and the number of occurrences of each, shape (distinct,).
    """
    least = int(table.min())
    base = int(table.max()) - least + 1
    if base ** len(table) >= 2**63:
        columns, which, counts = np.unique(table, axis=1, return_inverse=True, return_counts=True)
        # numpy 2.0, unlike earlier and later versions, returns a two-dimensional inverse.
        return columns, which.reshape(-1), counts
    powers = np.array([base**digit for digit in reversed(range(len(table)))], np.int64)
    numbers, which, counts = np.unique(
        powers @ (table - least), return_inverse=True, return_counts=True
    )
    return numbers // powers[:, None] % base + least, which, counts


def tally(
    patterns: NDArray[np.int64],
    images: NDArray[np.int64],
    weights: NDArray[np.int64],
    largest: int,
) -> NDArray[np.int64]:
    """Count the images that have each value, for each weighting.

    Args:
        patterns: distinct columns, shape (rows, patterns).
        images: number of images with each, shape (patterns,).
        weights: shape (weightings, rows).
        largest: upper bound of the absolute weighted sum of a column.

    Returns:
        Number of images with each value from -``largest`` to ``largest``, shape
        (weightings, 2 * largest + 1).
    """
    width = 2 * largest + 1
    counts = np.empty((len(weights), width), np.int64)
    # Integer products are exact in float64, and many times faster than in int64.
    columns = patterns.astype(np.float64)
    step = max(1, _PRODUCTS // columns.size)
    for start in range(0, len(weights), step):
        part = weights[start : start + step].astype(np.float64)
        places = part @ columns
        places += largest + width * np.arange(len(part))[:, None]
        counts[start : start + step] = np.bincount(
            places.astype(np.int64).ravel(),
            np.broadcast_to(images, places.shape).ravel(),
            minlength=len(part) * width,
        ).reshape(len(part), width)
    return counts
