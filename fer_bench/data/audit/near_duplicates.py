"""Pictures that are nearly the same: proposed at a glance, decided by their pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.audit.alignment import Fitting
from fer_bench.data.audit.candidates import LEAST_COARSE, proposed_pairs, resized
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.runtime.progress import Progress

LEAST_CORRELATION = 0.92
"""Grey levels of one picture correlate (Pearson) at least so, where the images fit best.

Of FER2013, 208 of the pairs that correlate by 0.92 to 0.945 were looked at, 120 of them alike only
once moved: all but two of these were one picture, with another brightness, watermark or crop. Of
132 whose labels differ about 11 were different faces, as these differ in label more often. Of 60
from 0.905 to 0.92 about a dozen were.
"""

REACH = 16
"""One image is moved over the other by up to this part of the shorter side: 3 of 48 pixels.

Of 400 images of FER2013, moved by one pixel to a side or by two, nearly all were found, by one both
ways 95 %, by two both ways 84 %, by three both ways 15 %. Nor is all found that was enlarged or
turned.
"""

SIDE = 48
"""Larger images are compared once their longer side has been divided down to about so many pixels.

Copies of large images that were compressed or enlarged differ in detail, and not so any more.
"""


def near_pairs(
    images: NDArray[np.uint8], progress: Progress = silent
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Finds pairs of images that are nearly the same, as they are or with one of them mirrored.

    They are where they are alike at a glance (``data.audit.candidates``) and their grey levels
    correlate by at least ``LEAST_CORRELATION``, one moved over the other by up to a part of its
    side, ``REACH``, to where they fit best. So neither brightness nor contrast matters, and
    compression and crop little. Before, they are looked at in half the size, where they have to
    correlate by ``LEAST_COARSE``: that saves most of the time, and loses one pair in a hundred.
    An image of one grey level has no pattern, and is near to none.

    Args:
        images: uint8, shape (n, height, width).
        progress: told how many images are hashed, and how many compared with all others.

    Returns:
        The pairs, int64, shape (k, 2), each row ascending, the rows too; whether one of the two is
        mirrored, shape (k,), which is only so where they are not near as they are; and their
        correlations, shape (k,). The order of the images changes no pair.
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
    # Of a pair that is near in both ways the first one counts.
    once = np.unique(pairs[:, 0] * len(images) + pairs[:, 1], return_index=True)[1]
    return pairs[once], turned[once], likeness[once]


def _looks(images: NDArray[np.uint8]) -> list[tuple[Fitting, float]]:
    """How pairs are looked at, and what they must correlate by, the quickest first."""
    height, width = images.shape[1:]
    smaller = max(round(max(height, width) / SIDE), 1)
    height, width = max(height // smaller, 1), max(width // smaller, 1)
    images = resized(images, height, width)
    reach = round(min(height, width) / REACH)
    if reach == 0:
        return [(Fitting(images, 0), LEAST_CORRELATION)]
    halved = resized(images, height // 2, width // 2)
    return [
        (Fitting(halved, (reach + 1) // 2), LEAST_COARSE),
        (Fitting(images, reach), LEAST_CORRELATION),
    ]
