"""The bootstrap over images: what sums over them come to when images are drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_DRAWS = 1_000_000
"""Counts drawn at once: it changes memory and speed only."""

_PRODUCTS = 200_000
"""Products in one multiplication of weightings and columns: it changes memory and speed only.

Few enough for a processor's cache, and for OpenBLAS to stay in one thread: several wait for each
other longer than so small a product takes, many times longer where the processor is busy.
"""


def outcomes(name: str, correct: ArrayLike) -> NDArray[np.bool_]:
    """Which images were recognised, seed by seed.

    Args:
        name: what errors call it.
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
    """Refuses a number of resamples that gives no distribution.

    Raises:
        ValueError: it is below 1.
    """
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; accepted: 1 or more")


def resampled_sums(
    rows: NDArray[np.int64], weights: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Sums over n images drawn with replacement, for each of several weightings of the rows.

    Under one weighting each image has a value, the weighted sum of its column. How often each
    distinct value is drawn is multinomial, with the shares of images that have it: drawing these
    few counts is the same distribution as drawing n images one by one.

    Args:
        rows: one column for each image, shape (rows, n).
        weights: one weighting for each resample, shape (resamples, rows).
        generator: where the draws come from.

    Returns:
        One sum for each resample, shape (resamples,), each of a draw of its own.
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
    """What ``np.unique`` says of a table's columns, several times as fast.

    Each column is read as the digits of one whole number, first row first: sorting these numbers
    sorts the columns. Where they would not fit into 64 bits, ``np.unique`` sorts columns itself.

    Args:
        table: shape (rows, n), n 1 or more.

    Returns:
        The distinct columns in rising order, shape (rows, distinct); the place of each column
        among them, shape (n,); and how often each occurs, shape (distinct,).
    """
    least = int(table.min())
    base = int(table.max()) - least + 1
    if base ** len(table) >= 2**63:
        columns, which, counts = np.unique(table, axis=1, return_inverse=True, return_counts=True)
        # Only numpy 2.0 gives the inverse a second dimension.
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
    """Counts the images that have each value, for each weighting.

    Args:
        patterns: distinct columns, shape (rows, patterns).
        images: number of images with each, shape (patterns,).
        weights: shape (weightings, rows).
        largest: no weighted sum of a column lies further from 0.

    Returns:
        Number of images with each value from -``largest`` to ``largest``, shape
        (weightings, 2 * largest + 1).
    """
    width = 2 * largest + 1
    counts = np.empty((len(weights), width), np.int64)
    # Products of whole numbers are exact in float64, where they are many times faster.
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
