"""Pictures that are nearly the same: proposed by a perceptual hash, decided by their pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fer_bench.progress import Progress

BITS = 64

MOST_BITS = 10
"""So many of the 64 bits of the hashes of one picture differ at most."""

LEAST_CORRELATION = 0.92
"""Grey levels of one picture correlate (Pearson) at least so.

Of FER2013, 88 of the pairs that correlate by 0.92 to 0.945 were looked at: each was one picture,
with another brightness, watermark or crop. From 0.92 down, different faces begin to appear. What
was cropped by more than a pixel or two correlates by less, so that not all is found.
"""

_HASHES_AT_A_TIME = 512
_PAIRS_AT_A_TIME = 2048
_TOLD_EVERY = 1000


def near_pairs(
    images: NDArray[np.uint8], progress: Progress = silent
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Finds pairs of images that are nearly the same, as they are or with one of them mirrored.

    They are where their hashes (``imagehash.phash``, 64 bits of the lowest frequencies) differ in
    at most ``MOST_BITS`` bits and their grey levels correlate by at least ``LEAST_CORRELATION``.
    So neither brightness nor contrast matters, and compression little. The hash alone would not do:
    it takes different faces in one pose for the same picture. An image of one grey level has no
    pattern, and is near to none.

    Args:
        images: uint8, shape (n, height, width).
        progress: told how many images are hashed, and how many compared with all others.

    Returns:
        The pairs, int64, shape (k, 2), each row ascending, the rows too; whether one of the two is
        mirrored, shape (k,), which is only so where they are not near as they are; and their
        correlations, shape (k,). The order of the images changes no pair.
    """
    flat = _rows(images)
    rows = np.flatnonzero(flat.min(axis=1) != flat.max(axis=1))
    drawn = images[rows]
    upright, mirrored = _signs(drawn, progress)
    sums, spreads = moments(drawn)
    found: dict[tuple[int, int], tuple[bool, float]] = {}
    for other, turned, stage in (
        (upright, False, "comparing pictures"),
        (mirrored, True, "comparing mirror images"),
    ):
        for pairs in _neighbours(upright, other, progress, stage):
            likeness = _correlations(drawn, sums, spreads, pairs, turned)
            near = likeness >= LEAST_CORRELATION
            for (left, right), value in zip(pairs[near], likeness[near], strict=True):
                pair = int(rows[min(left, right)]), int(rows[max(left, right)])
                found.setdefault(pair, (turned, float(value)))
    ordered = sorted(found.items())
    return (
        np.array([pair for pair, _ in ordered], np.int64).reshape(-1, 2),
        np.array([turned for _, (turned, _) in ordered], np.bool_),
        np.array([value for _, (_, value) in ordered], np.float64),
    )


def _signs(
    images: NDArray[np.uint8], progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The hashes of the images and of their mirror images, bits as -1 and 1, shapes (n, 64)."""
    from imagehash import phash
    from PIL import Image

    signs = np.empty((2, len(images), BITS), np.float32)
    for row, image in enumerate(images):
        if row % _TOLD_EVERY == 0:
            progress("hashing pictures", row, len(images))
        signs[0, row] = phash(Image.fromarray(image)).hash.ravel()
        signs[1, row] = phash(Image.fromarray(image[:, ::-1])).hash.ravel()
    progress("hashing pictures", len(images), len(images))
    signs = 2 * signs - 1
    return signs[0], signs[1]


def _neighbours(
    left: NDArray[np.float32], right: NDArray[np.float32], progress: Progress, stage: str
) -> Iterator[NDArray[np.int64]]:
    """Pairs of a row of ``left`` and another row of ``right`` with few different bits.

    Where both are the same array, each pair comes once, else a pair may come both ways round:
    the hash of a mirror image does not follow from that of the image.

    All are compared with all: as a matrix product that takes seconds for 36,000 hashes.
    """
    n = len(left)
    # Bits that are equal less those that are not: a small whole number, exact in any order.
    least = BITS - 2 * MOST_BITS
    for start in range(0, n, _HASHES_AT_A_TIME):
        progress(stage, start, n)
        first = start if left is right else 0
        alike = left[start : start + _HASHES_AT_A_TIME] @ right[first:].T >= least
        # Several times faster than looking for them in two dimensions.
        one, other = np.divmod(np.flatnonzero(alike), alike.shape[1])
        pairs = np.stack([one + start, other + first], axis=1)
        one, other = pairs.T
        yield pairs[one < other if left is right else one != other]
    progress(stage, n, n)


def moments(images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each image the sum Σx of its n pixels, and √(n Σx² - (Σx)²), n standard deviations."""
    flat = _rows(images)
    sums = flat.sum(axis=1, dtype=np.float64)
    return sums, np.sqrt(flat.shape[1] * _products(flat, flat) - sums**2)


def _rows(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images.reshape(len(images), math.prod(images.shape[1:]))


def _products(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Σxy of each row of two arrays, exact as whole numbers are below 2**53."""
    products: NDArray[np.float64] = np.einsum("ij,ij->i", left, right, dtype=np.float64)
    return products


def _correlations(
    images: NDArray[np.uint8],
    sums: NDArray[np.float64],
    spreads: NDArray[np.float64],
    pairs: NDArray[np.int64],
    turned: bool,
) -> NDArray[np.float64]:
    """Pearson's correlation of the grey levels of each pair.

    (n Σxy - Σx Σy) / (√(n Σx² - (Σx)²) √(n Σy² - (Σy)²)), of whole numbers: neither the order of
    the pixels nor that of the two images changes it.

    Args:
        images: uint8, shape (n, height, width).
        sums: of the pixels of each image, shape (n,).
        spreads: √(n Σx² - (Σx)²) of each image, above 0, shape (n,).
        pairs: int64, shape (k, 2).
        turned: whether the second of each pair is mirrored first.

    Returns:
        -1 to 1, shape (k,).
    """
    second = images[:, :, ::-1] if turned else images
    found = np.empty(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_A_TIME):
        one, other = pairs[start : start + _PAIRS_AT_A_TIME].T
        left, right = _rows(images[one]), _rows(second[other])
        together = left.shape[1] * _products(left, right) - sums[one] * sums[other]
        found[start : start + len(one)] = together / (spreads[one] * spreads[other])
    return found
