"""Fast search for candidate pairs of near-duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fer_bench.runtime.progress import Progress

BITS = 64
"""Number of bits of a hash."""

MOST_BITS = 10
"""Maximum number of differing hash bits of a candidate pair."""

LEAST_COARSE = 0.85
"""Minimum Pearson correlation of the 8x8 thumbnails of a candidate pair.

After a shift by one pixel, half of FER2013's images have a hash that differs in more than
``MOST_BITS``; their thumbnails hardly change. Hashes alone propose 78 % of the near-duplicate pairs
there, and thumbnails all but five of 3,600. Mirror images are proposed by thumbnails alone, as the
hash of a mirror image does not follow from that of the image.
"""

_SIDE = 8
_LENGTH = 2048
_AT_A_TIME = 512
_TOLD_EVERY = 1000


def proposed_pairs(
    images: NDArray[np.uint8], progress: Progress = silent
) -> Iterator[tuple[NDArray[np.int64], bool]]:
    """Yield pairs of images that are roughly similar, as they are or with one of them mirrored.

    A pair is proposed if the perceptual hashes (``imagehash.phash``, 64 bits of the lowest
    frequencies) differ in at most ``MOST_BITS`` bits, or the thumbnails, one of them mirrored or
    not, correlate by at least ``LEAST_COARSE``. All images are compared with all by matrix
    products, which takes seconds for 36,000 images. The factors are small integers, so that sums
    are exact in any order, and the order of the images changes no pair.

    Args:
        images: uint8, shape (n, height, width).
        progress: callback for the number of images hashed, and compared with all others.

    Yields:
        Pairs, int64, shape (k, 2), each row ascending, the rows too; and True if one image is
        mirrored. Pairs without mirroring come before those of the same images with one mirrored.
    """
    n = len(images)
    hashes, thumbnails = _hashes(images, progress), _thumbnails(images)
    # The product of two hashes: the number of equal bits minus that of unequal bits.
    least_hash, least_thumbnail = BITS - 2 * MOST_BITS, LEAST_COARSE * _LENGTH**2
    for start in range(0, n, _AT_A_TIME):
        progress("comparing images", start, n)
        here = slice(start, start + _AT_A_TIME)
        for mirrored in (False, True):
            alike = thumbnails[0, here] @ thumbnails[int(mirrored), start:].T >= least_thumbnail
            if not mirrored:
                alike |= hashes[here] @ hashes[start:].T >= least_hash
            # Several times faster than np.nonzero in two dimensions.
            one, other = np.divmod(np.flatnonzero(alike), max(n - start, 1))
            yield np.stack([one, other], axis=1)[one < other] + start, mirrored
    progress("comparing images", n, n)


def _hashes(images: NDArray[np.uint8], progress: Progress) -> NDArray[np.float32]:
    """Return the hashes of the images, bits as -1 and 1, shape (n, 64)."""
    from imagehash import phash
    from PIL import Image

    signs = np.empty((len(images), BITS), np.float32)
    for row, image in enumerate(images):
        if row % _TOLD_EVERY == 0:
            progress("hashing images", row, len(images))
        signs[row] = phash(Image.fromarray(image)).hash.ravel()
    progress("hashing images", len(images), len(images))
    return 2 * signs - 1


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return thumbnails of the images and of their mirror images, shape (2, n, 64).

    Each one is centred, scaled to length ``_LENGTH`` and rounded to integers: the product of two is
    their correlation times ``_LENGTH**2``, and no intermediate sum exceeds 2**24, up to which
    float32 is exact. The thumbnail of a constant image is 0 and correlates with none.
    """
    small = resized(images, _SIDE, _SIDE).astype(np.float64)
    small -= small.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((small**2).sum(axis=(1, 2), keepdims=True))
    whole = np.rint(_LENGTH * small / np.where(length > 0, length, 1)).astype(np.float32)
    return np.stack([whole, whole[:, :, ::-1]]).reshape(2, len(images), _SIDE * _SIDE)


def resized(images: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the images in another size, each pixel the mean of those that it covers.

    Args:
        images: uint8, shape (n, any height, any width).
        height: height of the result.
        width: width of the result.
    """
    from PIL import Image

    if images.shape[1:] == (height, width):
        return images
    made = np.empty((len(images), height, width), np.uint8)
    for row, image in enumerate(images):
        small = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
        made[row] = np.asarray(small)
    return made
