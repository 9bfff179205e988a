"""Near-duplicate pairs: proposed by an index, verified by pixel correlation."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fer_bench.data.audit.candidates import candidate_pairs
from fer_bench.data.images import blocks, resized, take
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.images import Images
    from fer_bench.runtime.progress import Progress

LEAST_CORRELATION = 0.92
"""Minimum Pearson correlation of the grey levels of near-duplicates at their best alignment.

Of FER2013, 208 of the pairs with correlations from 0.92 to 0.945 were inspected, 120 of which match
only after a shift: all but two of these were the same image with another brightness, watermark or
crop. Of 132 whose labels differ about 11 were different faces, as these differ in label more often.
Of 60 from 0.905 to 0.92 about a dozen were.
"""

REACH = 16
"""Ratio of the shorter side to the maximum shift of one image over the other: 48 to 3 pixels.

Of 400 shifted images of FER2013, 98 to 100 % were found after a shift by one or two pixels along
one axis or both, 93 to 100 % by three. Scaled or rotated duplicates are not all found.
"""

SIDE = 48
"""Approximate longer side to which larger images are reduced by an integer factor, in pixels.

Compressed or enlarged duplicates of large images differ in detail; the reduction removes that.
"""

_PAIRS_AT_A_TIME = 1024


def near_pairs(
    images: Images, progress: Progress = silent
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Find near-duplicate pairs of images, as they are or with one of them mirrored.

    Images are near-duplicates if their grey levels correlate by at least ``LEAST_CORRELATION`` at
    the best alignment, with shifts up to 1 / ``REACH`` of the shorter side. So neither brightness
    nor contrast matters, and compression and crop little. Only pairs that an index proposes are
    compared (``data.audit.candidates``). A constant image has no pattern, and no near-duplicate.

    Args:
        images: uint8, shape (n, height, width).
        progress: callback for the number of images compared with all others, and of pairs aligned.

    Returns:
        The pairs, int64, shape (k, 2), each row ascending, the rows too; True for pairs with one
        image mirrored, shape (k,), which is only so if they are not near-duplicates as they are;
        and their correlations, shape (k,). The order of the images changes no pair, if none are
        identical or mirror images.
    """
    spread = [np.ptp(block.reshape(len(block), -1), axis=1) for block in blocks(images)]
    rows = np.flatnonzero(np.concatenate(spread)) if spread else np.empty(0, np.int64)
    originals = take(images, rows)
    drawn = _reduced(originals)
    reach = round(min(drawn.shape[1:]) / REACH)
    found = []
    # Many small products: with threads, synchronisation would dominate.
    with _libraries().limit(limits=1, user_api="blas"):
        for mirrored, pairs in enumerate(candidate_pairs(drawn, reach, progress, originals)):
            fits = best_correlations(drawn, pairs, reach, mirrored=bool(mirrored))
            near = fits >= LEAST_CORRELATION
            pairs, fits, turned = pairs[near], fits[near], np.full(near.sum(), bool(mirrored))
            if mirrored:  # A pair that matches both ways counts as it is.
                plain = best_correlations(drawn, pairs, reach, mirrored=False)
                turned = plain < LEAST_CORRELATION
                fits = np.where(turned, fits, plain)
            found.append((rows[pairs], turned, fits))
    pairs, turned, fits = (np.concatenate(parts) for parts in zip(*found, strict=True))
    once = np.unique(pairs[:, 0] * len(images) + pairs[:, 1], return_index=True)[1]
    return pairs[once], turned[once], fits[once]


@functools.cache
def _libraries() -> Any:
    """Return the controller of all thread pools, cached because it is slow to create."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _reduced(images: Images) -> Images:
    """Return the images reduced by an integer factor to a longer side of about ``SIDE`` pixels.

    Each pixel is the mean of those that it covers.
    """
    height, width = images.shape[1:]
    factor = max(round(max(height, width) / SIDE), 1)
    if factor == 1:
        return images
    return resized(images, (max(height // factor, 1), max(width // factor, 1)), "BOX")


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
