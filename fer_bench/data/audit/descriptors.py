"""Descriptors of images: their low spatial frequencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.data.images import Images

HIGHEST_FREQUENCY = 8
"""Highest spatial frequency of a descriptor, in half periods per side of the crop."""

LENGTH = 2048
"""Length of a descriptor: products of two are exact in float32, below 2**24."""

_AT_A_TIME = 512


def frequencies(height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertical and horizontal frequencies of the descriptor of a crop of that size."""
    highest = HIGHEST_FREQUENCY + 1
    down, right = np.indices((min(height, highest), min(width, highest)))
    radius = down**2 + right**2
    kept = (radius > 0) & (radius <= HIGHEST_FREQUENCY**2)
    return down[kept], right[kept]


def describe(images: Images, margin: int, shifts: Sequence[tuple[int, int]]) -> NDArray[np.int16]:
    """Return the descriptors of crops of images.

    A descriptor is the discrete cosine transform of the crop at low frequencies without the mean,
    so that neither brightness nor contrast matters. Weights with the square root of the frequency
    make different faces less similar, as these mostly share the lowest frequencies. All sums are of
    integers and exact, hence the same on every machine. The mirror image's descriptor has the
    opposite sign at odd horizontal frequencies.

    Args:
        images: uint8, shape (n, height, width), each side longer than twice ``margin``.
        margin: distance of the central crop from the edges, in pixels.
        shifts: of each crop, down and right from the central one, at most ``margin``.

    Returns:
        Vectors of length ``LENGTH``, or of 0 if the crop is constant or has no low frequencies,
        shape (n, shifts, frequencies).
    """
    n, height, width = images.shape
    down, right = frequencies(height - 2 * margin, width - 2 * margin)
    rows, columns = (
        np.concatenate([_waves(side, margin, shift[axis], top) for shift in shifts])
        for axis, (side, top) in enumerate(((height, down.max()), (width, right.max())))
    )
    weights = np.rint(4 * np.hypot(down, right) ** 0.5)
    made = np.empty((n, len(shifts), len(down)), np.int16)
    crop = np.arange(len(shifts))[:, None]
    at = crop * (down.max() + 1) + down, crop * (right.max() + 1) + right
    corners = (margin + np.array(shifts)).T
    # The rounded waves of some sizes do not add up to 0.
    of_ones = (rows.sum(axis=1)[at[0]] * columns.sum(axis=1)[at[1]]).astype(np.float64)
    for start in range(0, n, _AT_A_TIME):
        some = images[start : start + _AT_A_TIME].astype(np.float32)
        across = (some.reshape(-1, width) @ columns.T).reshape(len(some), height, -1)
        waves = (rows.astype(np.float64) @ across.astype(np.float64))[:, at[0], at[1]]
        waves[(waves == some[:, corners[0], corners[1], None] * of_ones).all(axis=-1)] = 0
        waves = np.rint(waves / 512) * weights
        made[start : start + _AT_A_TIME] = scaled(waves)
    return made


def scaled(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of whole numbers, scaled to ``LENGTH`` and rounded; those of 0 stay 0."""
    length = np.sqrt((vectors**2).sum(axis=-1, keepdims=True))
    return np.rint(LENGTH * vectors / np.where(length > 0, length, 1))


def _waves(side: int, margin: int, shift: int, highest: int) -> NDArray[np.float32]:
    """Return cosine waves along a side as integers, 0 outside the crop."""
    size = side - 2 * margin
    made = np.zeros((highest + 1, side), np.float32)
    phase = np.pi * np.arange(highest + 1)[:, None] * (np.arange(size) + 0.5) / size
    made[:, margin + shift : margin + shift + size] = np.rint(64 * np.cos(phase))
    return made
