"""Blank and nearly blank images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.images import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.images import Images

MOST_OF_ONE_LEVEL = 0.55
"""Share of pixels of one grey level from which an image is nearly blank.

In FER2013, the images above it are placeholders that websites show for missing images; the highest
share in a face, a drawn one, is 0.52.
"""

LEAST_SPREAD = 5.0
"""Standard deviation of the grey levels below which an image is nearly blank.

The darkest face of FER2013 has 9.
"""


@dataclass(frozen=True)
class Blanks:
    """Rows of blank images, ascending.

    Attributes:
        constant: images of a single grey level.
        nearly: other images in which one grey level has at least ``MOST_OF_ONE_LEVEL`` of the
            pixels, or whose grey levels have a standard deviation below ``LEAST_SPREAD``.
    """

    constant: tuple[int, ...]
    nearly: tuple[int, ...]


def blanks(images: Images) -> Blanks:
    """Find blank images.

    Args:
        images: uint8, shape (n, height, width).
    """
    pixels = math.prod(images.shape[1:])
    found = [_most_and_spread(block) for block in blocks(images)]
    most, spread = np.concatenate(found, axis=1) if found else np.empty((2, 0))
    nearly = (most < pixels) & ((most >= MOST_OF_ONE_LEVEL * pixels) | (spread < LEAST_SPREAD))
    return Blanks(
        tuple(np.flatnonzero(most == pixels).tolist()), tuple(np.flatnonzero(nearly).tolist())
    )


def _most_and_spread(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return two rows: pixels of the most frequent grey level of each image, and their spread.

    If an image is far from nearly blank by one of them, it is 0 or infinite instead.
    """
    flat = images.reshape(len(images), math.prod(images.shape[1:]))
    most, spread = np.zeros(len(images)), np.full(len(images), np.inf)
    for row in _perhaps_of_one_level(flat):
        most[row] = np.bincount(flat[row]).max()
    dull = _perhaps_dull(images)
    spread[dull] = _spread(images[dull])
    return np.stack([most, spread])


def _perhaps_of_one_level(flat: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the rows of all images dominated by one grey level, and of few others.

    Dominated means a share of at least ``MOST_OF_ONE_LEVEL``. Each pixel of the upper half is
    paired with the one half an image below. Of k pixels of one level, at most h have no such pixel
    as partner, one of each pair and the pixel that an odd number leaves over; so at least k - h
    pairs are equal. Counting the levels of every image takes 20 times as long.

    Args:
        flat: uint8, shape (n, pixels).
    """
    pixels = flat.shape[1]
    half = pixels // 2
    least = MOST_OF_ONE_LEVEL * pixels - (pixels - half)
    equal = np.count_nonzero(flat[:, :half] == flat[:, half : 2 * half], axis=1)
    return np.flatnonzero(equal >= least)


def _perhaps_dull(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the rows of all images with a spread below ``LEAST_SPREAD``, and of few others.

    Squared deviations over a subset of the pixels sum up to no more than over all of them: the
    variance of a quarter of the pixels is at most four times that of the complete image.
    """
    part = images[:, ::2, ::2]
    share = math.prod(part.shape[1:]) / max(math.prod(images.shape[1:]), 1)
    return np.flatnonzero(_spread(part) ** 2 * share <= LEAST_SPREAD**2)


def _spread(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the standard deviation of n grey levels x of each image: √(n Σx² - (Σx)²) / n."""
    pixels = math.prod(images.shape[1:])
    flat = images.reshape(len(images), pixels)
    sums = flat.sum(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    spread: NDArray[np.float64] = np.sqrt(pixels * squares - sums**2) / max(pixels, 1)
    return spread
