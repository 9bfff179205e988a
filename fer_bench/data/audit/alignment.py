"""Correlation of two images at their best alignment."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.images import Images

_PAIRS_AT_A_TIME = 1024


def best_correlations(
    images: Images, pairs: NDArray[np.int64], reach: int, mirrored: bool
) -> NDArray[np.float64]:
    """Return the highest correlation of each pair of images over all shifts.

    Pearson's correlation of the n overlapping pixels x and y:

    (n Σxy - Σx Σy) / √((n Σx² - (Σx)²) (n Σy² - (Σy)²)).

    The sums are integers below 2**53, hence exact: neither the order of the pixels nor that of
    the two images changes them. If either image is constant in the overlap, the correlation
    counts as -1.

    Args:
        images: uint8, shape (n, height, width), each side longer than ``reach``.
        pairs: int64, shape (k, 2), ascending by the first.
        reach: maximum shift in pixels, vertically and horizontally, in both directions.
        mirrored: if True, the first image of each pair is mirrored.

    Returns:
        -1 to 1, shape (k,).
    """
    height, width = images.shape[1:]
    # A zero-padded image, and its windows of the image's size at all shifts.
    framed = np.zeros((height + 2 * reach, width + 2 * reach))
    place = np.s_[reach : reach + height, reach : reach + width]
    windows = sliding_window_view(framed, (height, width))
    # The rows and columns of one image that the other one covers, for each of its shifts.
    rows, columns = (
        sliding_window_view(np.pad(np.ones(side), reach), side) for side in (height, width)
    )
    n = np.outer(rows.sum(axis=1), columns.sum(axis=1))
    best = np.empty(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_A_TIME):
        some = pairs[start : start + _PAIRS_AT_A_TIME]
        firsts = np.flatnonzero(np.diff(some[:, 0], prepend=-1))
        one = images[some[firsts, 0], :, :: -1 if mirrored else 1].astype(np.float64)
        other = images[some[:, 1]].astype(np.float64)
        products = np.empty((len(some), n.size))
        for image, (begin, end) in zip(one, pairwise([*firsts, len(some)]), strict=True):
            framed[place] = image
            moved = windows.reshape(n.size, -1)
            products[begin:end] = other[begin:end].reshape(end - begin, -1) @ moved.T
        repeats = np.diff(firsts, append=len(some))
        # A shift of the first image is the opposite shift of the second one.
        x, xx = (
            np.repeat((rows @ one**power @ columns.T)[:, ::-1, ::-1], repeats, axis=0)
            for power in (1, 2)
        )
        y, yy = (rows @ other**power @ columns.T for power in (1, 2))
        together = n * products.reshape(y.shape) - x * y
        spreads = (n * xx - x**2) * (n * yy - y**2)
        fits = np.where(spreads > 0, together / np.sqrt(np.maximum(spreads, 1)), -1)
        best[start : start + len(some)] = fits.max(axis=(1, 2))
    return best
