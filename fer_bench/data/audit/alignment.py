"""Correlation of two images at their best alignment."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIRS_AT_A_TIME = 256
_IMAGES_AT_A_TIME = 1024


@functools.cache
def _libraries() -> Any:
    """Return the controller of all thread pools, cached because it is slow to create."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class ShiftCorrelator:
    """Correlation of image pairs under shifts by a few pixels.

    Args:
        images: uint8, shape (n, height, width), each side longer than ``reach``.
        reach: maximum shift in pixels, vertically and horizontally, in both directions.
    """

    def __init__(self, images: NDArray[np.uint8], reach: int) -> None:
        n, height, width = images.shape
        self._images = images
        # A zero-padded image, and its windows of the image's size at all shifts.
        self._framed = np.zeros((height + 2 * reach, width + 2 * reach))
        self._place = np.s_[reach : reach + height, reach : reach + width]
        self._views = sliding_window_view(self._framed, (height, width))
        self._flat = images.reshape(n, height * width)
        covered = self._moved(np.ones((height, width)))
        self._counts = covered.sum(axis=1)
        # Sums over the pixels of each image that the other one covers, for each of its shifts.
        self._sums, self._squares = np.empty((2, n, len(covered)))
        for start in range(0, n, _IMAGES_AT_A_TIME):
            some = slice(start, start + _IMAGES_AT_A_TIME)
            pixels = self._flat[some].astype(np.float64)
            self._sums[some], self._squares[some] = pixels @ covered.T, pixels**2 @ covered.T

    def best(self, pairs: NDArray[np.int64], mirrored: bool) -> NDArray[np.float64]:
        """Return the highest correlation of each pair over all shifts.

        Pearson's correlation of the n overlapping pixels x and y:

        (n Σxy - Σx Σy) / √((n Σx² - (Σx)²) (n Σy² - (Σy)²)).

        The sums are integers below 2**53, hence exact: neither the order of the pixels nor that of
        the two images changes them. If either image is constant in the overlap, the correlation
        counts as -1.

        Args:
            pairs: int64, shape (k, 2), ascending by the first.
            mirrored: if True, the first image of each pair is mirrored.

        Returns:
            -1 to 1, shape (k,).
        """
        found = np.empty(len(pairs))
        starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
        # Many small products: with threads, synchronisation would dominate.
        with _libraries().limit(limits=1, user_api="blas"):
            for start, stop in pairwise([*starts.tolist(), len(pairs)]):
                for begin in range(start, stop, _PAIRS_AT_A_TIME):
                    some = slice(begin, min(begin + _PAIRS_AT_A_TIME, stop))
                    found[some] = self._best(int(pairs[begin, 0]), pairs[some, 1], mirrored)
        return found

    def _best(self, one: int, others: NDArray[np.int64], mirrored: bool) -> NDArray[np.float64]:
        image, ways = self._images[one], self._views.shape[:2]
        # A shift of the first image is the opposite shift of the second one: reverse the order.
        sums, squares = (
            array[one].reshape(ways)[::-1, :: 1 if mirrored else -1].ravel()
            for array in (self._sums, self._squares)
        )
        moved = self._moved(image[:, ::-1] if mirrored else image)
        products = self._flat[others].astype(np.float64) @ moved.T
        together = self._counts * products - sums * self._sums[others]
        spreads = (self._counts * squares - sums**2) * (
            self._counts * self._squares[others] - self._sums[others] ** 2
        )
        fits = np.where(spreads > 0, together / np.sqrt(np.where(spreads > 0, spreads, 1)), -1.0)
        best: NDArray[np.float64] = fits.max(axis=1)
        return best

    def _moved(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Return an image at all shifts, padded with 0, shape (shifts, pixels)."""
        self._framed[self._place] = image
        return self._views.reshape(-1, image.size)
