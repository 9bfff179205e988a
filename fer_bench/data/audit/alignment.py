"""How well two images correlate where they fit best."""

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
    """The controller of thread pools, numpy's BLAS among them, which takes long to find them."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class Fitting:
    """Lays images over each other, moved by a few pixels each way.

    Args:
        images: uint8, shape (n, height, width), each side longer than ``reach``.
        reach: by so many pixels one is moved at most, up and down and to both sides.
    """

    def __init__(self, images: NDArray[np.uint8], reach: int) -> None:
        n, height, width = images.shape
        self._images = images
        # An image within a margin of zeros, and all that can be seen of both through its size.
        self._framed = np.zeros((height + 2 * reach, width + 2 * reach))
        self._place = np.s_[reach : reach + height, reach : reach + width]
        self._views = sliding_window_view(self._framed, (height, width))
        self._flat = images.reshape(n, height * width)
        covered = self._moved(np.ones((height, width)))
        self._counts = covered.sum(axis=1)
        # Of the pixels of each image that lie under the other one, once that is moved.
        self._sums, self._squares = np.empty((2, n, len(covered)))
        for start in range(0, n, _IMAGES_AT_A_TIME):
            some = slice(start, start + _IMAGES_AT_A_TIME)
            pixels = self._flat[some].astype(np.float64)
            self._sums[some], self._squares[some] = pixels @ covered.T, pixels**2 @ covered.T

    def best(self, pairs: NDArray[np.int64], mirrored: bool) -> NDArray[np.float64]:
        """The highest correlation of each pair over all ways to move one over the other.

        Pearson's, of the n pixels x and y that then lie over each other: (n Σxy - Σx Σy) /
        √((n Σx² - (Σx)²) (n Σy² - (Σy)²)). The sums are of whole numbers below 2**53: neither the
        order of the pixels nor that of the two images changes them. Where either is of one grey
        level there, they do not correlate.

        Args:
            pairs: int64, shape (k, 2), ascending by the first.
            mirrored: whether the first of each is mirrored.

        Returns:
            -1 to 1, shape (k,).
        """
        found = np.empty(len(pairs))
        starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
        # Many small products: threads would wait for each other.
        with _libraries().limit(limits=1, user_api="blas"):
            for start, stop in pairwise([*starts.tolist(), len(pairs)]):
                for begin in range(start, stop, _PAIRS_AT_A_TIME):
                    some = slice(begin, min(begin + _PAIRS_AT_A_TIME, stop))
                    found[some] = self._best(int(pairs[begin, 0]), pairs[some, 1], mirrored)
        return found

    def _best(self, one: int, others: NDArray[np.int64], mirrored: bool) -> NDArray[np.float64]:
        image, ways = self._images[one], self._views.shape[:2]
        # Where the first is moved to one side, it is covered from the other one.
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
        """An image moved each way, with 0 where it was, shape (ways, pixels)."""
        self._framed[self._place] = image
        return self._views.reshape(-1, image.size)
