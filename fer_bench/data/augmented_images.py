"""Views of images for augmentation, computed on access."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.protocol.augmentation import DEGREES, SHIFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.images import Images
    from fer_bench.protocol.augmentation import View

ROWS_AT_ONCE = 256
"""Images that are rotated at a time; bounds memory."""


class AugmentedImages:
    """One view of images.

    Shifts and rotations are drawn for each row and draw, independently of the seed of a cell.
    Pixels from outside an image are those of its nearest edge; a rotation about the centre
    interpolates bilinearly.

    Attributes:
        shape: (n, height, width).
        dtype: uint8.

    Args:
        images: uint8, shape (n, height, width).
        view: the view.
    """

    def __init__(self, images: Images, view: View) -> None:
        self._images, self._view = images, view
        self.shape, self.dtype = images.shape, images.dtype

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the view of the images at ``rows`` as a new array."""
        images = self._images[rows]
        if self._view.drawn:
            rows = np.arange(len(self))[rows] if isinstance(rows, slice) else rows
            shifts, radians = self._shifts[rows], self._radians[rows]
            parts = (slice(one, one + ROWS_AT_ONCE) for one in range(0, len(rows), ROWS_AT_ONCE))
            images = np.concatenate(
                [images[:0], *(moved(images[one], shifts[one], radians[one]) for one in parts)]
            )
        return images[:, :, ::-1].copy() if self._view.mirrored else images

    @cached_property
    def _shifts(self) -> NDArray[np.int64]:
        """Shifts of every row down and to the right, in pixels, shape (n, 2)."""
        limits = np.array([round(SHIFT * side) for side in self.shape[1:]])
        if "shift" not in self._view.drawn:
            limits *= 0
        random = np.random.default_rng([self._view.draw, 0])
        return random.integers(-limits, limits + 1, (len(self), 2))

    @cached_property
    def _radians(self) -> NDArray[np.float64]:
        """Clockwise rotation of every row, shape (n,)."""
        limit = np.radians(DEGREES) if "rotate" in self._view.drawn else 0.0
        return np.random.default_rng([self._view.draw, 1]).uniform(-limit, limit, len(self))


def moved(
    images: NDArray[np.uint8], shifts: NDArray[np.int64], radians: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return images rotated about their centre and then shifted.

    Args:
        images: uint8, shape (n, height, width).
        shifts: pixels down and to the right, shape (n, 2).
        radians: clockwise rotations, shape (n,).
    """
    _, height, width = images.shape
    middle = (height - 1) / 2, (width - 1) / 2
    rows = np.arange(height)[:, None] - middle[0] - shifts[:, 0, None, None]
    columns = np.arange(width) - middle[1] - shifts[:, 1, None, None]
    sine, cosine = np.sin(radians)[:, None, None], np.cos(radians)[:, None, None]
    y = np.clip(rows * cosine - columns * sine + middle[0], 0, height - 1)
    x = np.clip(rows * sine + columns * cosine + middle[1], 0, width - 1)
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = y - top, x - left
    number = np.arange(len(images))[:, None, None]
    upper = images[number, top, left] * (1 - across) + images[number, top, right] * across
    lower = images[number, bottom, left] * (1 - across) + images[number, bottom, right] * across
    values: NDArray[np.float64] = np.rint(upper * (1 - down) + lower * down)
    return values.astype(np.uint8)
