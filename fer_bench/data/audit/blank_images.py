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
    most, spread = np.zeros(len(images)), np.zeros(len(images))
    start = 0
    for block in blocks(images):
        flat = block.reshape(len(block), pixels)
        rows = slice(start, start + len(block))
        most[rows] = [np.bincount(levels).max() for levels in flat]
        spread[rows] = _spread(flat)
        start += len(block)
    nearly = (most < pixels) & ((most >= MOST_OF_ONE_LEVEL * pixels) | (spread < LEAST_SPREAD))
    return Blanks(
        tuple(np.flatnonzero(most == pixels).tolist()), tuple(np.flatnonzero(nearly).tolist())
    )


def _spread(flat: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the standard deviation of n grey levels x of each image: √(n Σx² - (Σx)²) / n."""
    n = flat.shape[1]
    sums = flat.sum(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    spread: NDArray[np.float64] = np.sqrt(n * squares - sums**2) / n
    return spread
