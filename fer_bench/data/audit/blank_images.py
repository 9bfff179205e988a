"""Images with nothing, or next to nothing, on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_OF_ONE_LEVEL = 0.55
"""An image is nearly empty where one grey level has at least this share of its pixels.

In FER2013 these are the signs that sites show where a picture is not available; the first faces,
drawn ones, begin at 0.52.
"""

LEAST_SPREAD = 5.0
"""It is so too where its grey levels have a smaller standard deviation: the darkest face of FER2013
has 9."""

_AT_A_TIME = 512
"""Images, so that what is compared stays in the processor's cache."""


@dataclass(frozen=True)
class Blanks:
    """Rows of empty images, ascending.

    Attributes:
        constant: images of a single grey level.
        nearly: others in which one grey level has ``MOST_OF_ONE_LEVEL`` of the pixels or more, or
            whose grey levels have a standard deviation below ``LEAST_SPREAD``.
    """

    constant: tuple[int, ...]
    nearly: tuple[int, ...]


def blanks(images: NDArray[np.uint8]) -> Blanks:
    """Finds empty images.

    Args:
        images: uint8, shape (n, height, width).
    """
    n, pixels = len(images), math.prod(images.shape[1:])
    flat = images.reshape(n, pixels)
    most = np.zeros(n, np.int64)
    for row in _perhaps_of_one_level(flat):
        most[row] = np.bincount(flat[row]).max()
    spread = np.full(n, np.inf)
    dull = _perhaps_dull(images)
    spread[dull] = _spread(images[dull])
    nearly = (most < pixels) & ((most >= MOST_OF_ONE_LEVEL * pixels) | (spread < LEAST_SPREAD))
    return Blanks(
        tuple(np.flatnonzero(most == pixels).tolist()), tuple(np.flatnonzero(nearly).tolist())
    )


def _perhaps_of_one_level(flat: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows of all images in which one grey level has ``MOST_OF_ONE_LEVEL``, and of few others.

    Each pixel of the upper half is paired with the one half an image below. Of k pixels of one
    level, k - h at least meet another such pixel, where h is what one of each pair would take with
    the pixel that an odd number leaves over. Counting the levels of every image takes 20 times as
    long.

    Args:
        flat: uint8, shape (n, pixels).
    """
    pixels = flat.shape[1]
    half = pixels // 2
    least = MOST_OF_ONE_LEVEL * pixels - (pixels - half)
    equal = np.zeros(len(flat), np.int64)
    for start in range(0, len(flat), _AT_A_TIME):
        upper, lower = flat[start:, :half][:_AT_A_TIME], flat[start:, half : 2 * half][:_AT_A_TIME]
        equal[start : start + _AT_A_TIME] = np.count_nonzero(upper == lower, axis=1)
    return np.flatnonzero(equal >= least)


def _perhaps_dull(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows of all images whose grey levels spread by less than ``LEAST_SPREAD``, and of few others.

    A part of the pixels adds no more squares than all do: the variance of a quarter of them is at
    most four times that of the whole.
    """
    part = images[:, ::2, ::2]
    share = math.prod(part.shape[1:]) / max(math.prod(images.shape[1:]), 1)
    return np.flatnonzero(_spread(part) ** 2 * share <= LEAST_SPREAD**2)


def _spread(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The standard deviation of each image's grey levels: √(n Σx² - (Σx)²) / n of n pixels x."""
    pixels = math.prod(images.shape[1:])
    flat = images.reshape(len(images), pixels)
    sums = flat.sum(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    spread: NDArray[np.float64] = np.sqrt(pixels * squares - sums**2) / max(pixels, 1)
    return spread
