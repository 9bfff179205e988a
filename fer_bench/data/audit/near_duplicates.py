"""Near-duplicate pairs: proposed by a coarse search, confirmed by pixel correlation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.audit.alignment import ShiftCorrelator
from fer_bench.data.audit.candidates import LEAST_COARSE, proposed_pairs, resized
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

Of 400 shifted images of FER2013, nearly all were found after a shift by one or two pixels along one
axis, 95 % by one along both axes, 84 % by two along both, 15 % by three along both. Scaled or
rotated duplicates are not all found either.
"""

SIDE = 48
"""Approximate longer side to which larger images are reduced by an integer factor, in pixels.

Compressed or enlarged duplicates of large images differ in detail; the reduction removes that.
"""


def near_pairs(
    images: NDArray[np.uint8], progress: Progress = silent
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Find near-duplicate pairs of images, as they are or with one of them mirrored.

    Images are near-duplicates if they are roughly similar (``data.audit.candidates``) and their
    grey levels correlate by at least ``LEAST_CORRELATION`` at the best alignment, with shifts up to
    1 / ``REACH`` of the shorter side. So neither brightness nor contrast matters, and compression
    and crop little. A first pass at half the size requires a correlation of ``LEAST_COARSE``: that
    saves most of the time, and loses one pair in a hundred. A constant image has no pattern, and no
    near-duplicate.

    Args:
        images: uint8, shape (n, height, width).
        progress: callback for the number of images hashed, and compared with all others.

    Returns:
        The pairs, int64, shape (k, 2), each row ascending, the rows too; True for pairs with one
        image mirrored, shape (k,), which is only so if they are not near-duplicates as they are;
        and their correlations, shape (k,). The order of the images changes no pair.
    """
    flat = images.reshape(len(images), math.prod(images.shape[1:]))
    rows = np.flatnonzero(flat.min(axis=1) != flat.max(axis=1))
    drawn = images if len(rows) == len(images) else images[rows]
    looks = _looks(drawn)
    found = [(np.empty((0, 2), np.int64), np.empty(0, np.bool_), np.empty(0))]
    for pairs, mirrored in proposed_pairs(drawn, progress):
        likeness = np.zeros(len(pairs))
        for look, least in looks:
            likeness = look.best(pairs, mirrored)
            near = likeness >= least
            pairs, likeness = pairs[near], likeness[near]
        found.append((rows[pairs], np.full(len(pairs), mirrored), likeness))
    pairs, turned, likeness = (np.concatenate(parts) for parts in zip(*found, strict=True))
    # If a pair matches both ways, keep the first match, the one without mirroring.
    once = np.unique(pairs[:, 0] * len(images) + pairs[:, 1], return_index=True)[1]
    return pairs[once], turned[once], likeness[once]


def _looks(images: NDArray[np.uint8]) -> list[tuple[ShiftCorrelator, float]]:
    """Return the comparison passes with their minimum correlations, the fastest first."""
    height, width = images.shape[1:]
    smaller = max(round(max(height, width) / SIDE), 1)
    height, width = max(height // smaller, 1), max(width // smaller, 1)
    images = resized(images, height, width)
    reach = round(min(height, width) / REACH)
    if reach == 0:
        return [(ShiftCorrelator(images, 0), LEAST_CORRELATION)]
    halved = resized(images, height // 2, width // 2)
    return [
        (ShiftCorrelator(halved, (reach + 1) // 2), LEAST_COARSE),
        (ShiftCorrelator(images, reach), LEAST_CORRELATION),
    ]
