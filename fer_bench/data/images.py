"""Images of a data set: read, collected and passed over in blocks, never copied as a whole.

The images are one array, in memory or mapped from a file of the cache. Pages of a read-only mapping
are released after each block, so that they do not add up to the size of the file.
"""

from __future__ import annotations

import math
import mmap
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

Blocks: TypeAlias = "Iterable[NDArray[np.uint8]]"
"""Images in their order, a few at a time: uint8, shape (any number, height, width)."""

Collect: TypeAlias = "Callable[[tuple[int, ...], Blocks], NDArray[np.uint8]]"
"""Function that takes the shape (n, height, width) of n images and these in blocks, and returns
them as one array."""

BLOCK_BYTES = 1 << 20
"""Approximate size of a block, small enough that it stays in the processor's cache."""


class ImageView:
    """Images at some rows of an array, copied on access only.

    Attributes:
        shape: (n, height, width).
        dtype: uint8.
        ndim: 3.
        nbytes: size of all pixels in bytes.

    Args:
        images: uint8, shape (any number, height, width).
        rows: int64, shape (n,).
    """

    def __init__(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        self._images, self._rows = images, rows
        self.shape = (len(rows), *images.shape[1:])
        self.dtype, self.ndim, self.nbytes = images.dtype, images.ndim, math.prod(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        """Return what an array of these images would return, for an index that begins with rows."""
        first, *others = index if isinstance(index, tuple) else (index,)
        rows = self._rows[first]
        if others or np.ndim(rows) != 1:
            where = (rows, *others)
            found: NDArray[np.uint8] = self._images[where]
            if found.base is None:  # a copy
                _release(self._images)
            return found
        # In blocks, as reading a row of a mapping may bring in megabytes around it.
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)
        step = _block_length(self)
        for start in range(0, len(rows), step):
            found[start : start + step] = self._images[rows[start : start + step]]
            _release(self._images)
        return found

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (image for block in blocks(self) for image in block)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def take(self, rows: NDArray[np.int64]) -> ImageView:
        """Return the images at ``rows`` (int64, shape (k,)) of these, in that order."""
        return ImageView(self._images, self._rows[rows])


Images: TypeAlias = "NDArray[np.uint8] | ImageView"
"""Images of a data set: uint8, shape (n, height, width)."""


def take(images: Images, rows: NDArray[np.int64]) -> ImageView:
    """Return a view of the images at ``rows`` (int64, shape (k,)), in that order."""
    return images.take(rows) if isinstance(images, ImageView) else ImageView(images, rows)


def blocks(images: Any) -> Iterator[NDArray[Any]]:
    """Yield an array or view in blocks of about ``BLOCK_BYTES``, each to be used before the next.

    Args:
        images: shape (n, ...).
    """
    step = _block_length(images)
    for start in range(0, len(images), step):
        yield images[start : start + step]
        _release(images)


def _block_length(images: Any) -> int:
    """Return the number of images in a block."""
    size: int = math.prod(images.shape[1:]) * images.dtype.itemsize
    return max(1, BLOCK_BYTES // max(1, size))


def in_memory(shape: tuple[int, ...], images: Blocks) -> NDArray[np.uint8]:
    """Collect blocks of images in memory; a single block is returned as it is."""
    collected = np.empty((0, *shape[1:]), np.uint8)
    start = 0
    for block in images:
        if len(block) == shape[0]:
            collected = block
            continue
        if start == 0:
            collected = np.empty(shape, np.uint8)
        collected[start : start + len(block)] = block
        start += len(block)
    return collected


def resized(images: Images, size: tuple[int, ...], method: str) -> NDArray[np.uint8]:
    """Return the images resized to a height and width, by one of Pillow's ``Resampling`` methods.

    Returns:
        uint8, shape (n, *size).
    """
    from PIL import Image

    height, width = size
    made = np.empty((len(images), height, width), np.uint8)
    for row, image in enumerate(images):
        scaled = Image.fromarray(image).resize((width, height), Image.Resampling[method])
        made[row] = np.asarray(scaled)
    return made


def _release(images: Any) -> None:
    """Drop the pages of an array that is mapped read-only; they are read again on access.

    Those of a writable mapping may hold changes that are not in its file.
    """
    while isinstance(images, np.ndarray):
        images = images.base
    if not isinstance(images, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    with memoryview(images) as pages:
        is_read_only = pages.readonly
    if is_read_only:
        images.madvise(mmap.MADV_DONTNEED)
