"""The pixels of image files: one grey level for each, and one size for all.

Colour becomes grey as Pillow's mode ``L``, which is ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B.
Where all files have one size and no side is beyond 224 pixels, which is the largest input of any
backbone, they keep it. Otherwise every image is brought to one square, whose side is the median of
the files' longer sides (the lower one of two) and at most 224: bilinear, antialiased where it gets
smaller, nothing cropped, so that proportions change. Grey comes first, then the size. What is
transparent lies on black: what colour a file hides there is chance.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.input_errors import wrong
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

MOST_PIXELS = 224
"""The longest side of an image in a data set."""

_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_TOO_DEEP = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes whose values do not fit into 0 to 255."""

_SHALLOW = ("8 bits for each channel", "convert it")
"""What is accepted, and what to do."""

_CUT = re.compile(";16[BLN]")
"""In how Pillow reads a file: it takes the upper 8 of 16 bits, of which the mode says nothing."""

_PPM_DECODERS = ("ppm", "ppm_plain")
"""Pillow's, for what is not plain bytes: they take the upper 8 bits too, and are told the largest
value of a channel."""

_GREY = ("1", "L", "LA", "La")
_LARGEST = 1 << 26
"""Pixels of a file: each thread holds one decoded, and Pillow warns of larger ones."""

_FILES_AT_A_TIME = 128

Size = tuple[int, int]
"""Width and height."""


@dataclass(frozen=True)
class Images:
    """What was read.

    Attributes:
        pixels: uint8, shape (n, height, width).
        colour: how many files were stored in colour, even if all of it is grey.
        transparent: how many were transparent anywhere.
        sizes: of the files, lying or standing as they are to be turned.
        squared: whether all were brought to one square.
    """

    pixels: NDArray[np.uint8]
    colour: int
    transparent: int
    sizes: tuple[Size, ...]
    squared: bool


def read_images(paths: Sequence[Path]) -> Images:
    """Reads image files, as many at a time as there are processors, up to eight.

    Images that an EXIF entry says to turn are turned.

    Args:
        paths: one or more.

    Raises:
        FerBenchError: a file cannot be read as an image, has several frames, more than 8 bits for
            a channel or too many pixels; names the file.
    """
    sizes: list[Size] = [(0, 0)] * len(paths)
    with _reading() as pool:

        def look(row: int) -> None:
            with _opened(paths[row]) as image:
                sizes[row] = image.size

        _each(pool, look, len(paths))
        if len({tuple(sorted(size)) for size in sizes}) == 1 and max(sizes[0]) <= MOST_PIXELS:
            shape = _read_image(paths[0], None).pixels.shape
            images, fits = _decode(pool, paths, shape, None)
            if fits:  # or else some lie and some stand, once all are turned
                return images
            del images  # before as much memory is taken again
        side = square_side(sizes)
        return _decode(pool, paths, (side, side), (side, side))[0]


def square_side(sizes: Sequence[Size]) -> int:
    """The side of the square for images of these sizes."""
    longer = sorted(map(max, sizes))
    return min(longer[(len(longer) - 1) // 2], MOST_PIXELS)


@contextlib.contextmanager
def _reading() -> Iterator[ThreadPoolExecutor]:
    with warnings.catch_warnings():
        # Pillow warns, without a name, of EXIF and other data about an image. Of what is wrong with
        # its pixels, and of too many of them, an error tells.
        warnings.simplefilter("ignore")
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            yield pool


def _each(pool: ThreadPoolExecutor, work: Callable[[int], None], n: int) -> None:
    """Does the work for 0 to n - 1; of several errors, the first in this order counts."""

    def some(start: int) -> None:
        for row in range(start, min(start + _FILES_AT_A_TIME, n)):
            work(row)

    for _ in pool.map(some, range(0, n, _FILES_AT_A_TIME)):
        pass


def _decode(
    pool: ThreadPoolExecutor, paths: Sequence[Path], shape: tuple[int, ...], wanted: Size | None
) -> tuple[Images, bool]:
    """All images, and whether they have the shape: else pixels are missing."""
    pixels = np.empty((len(paths), *shape), np.uint8)
    sizes: list[Size] = [(0, 0)] * len(paths)
    marks = np.zeros((3, len(paths)), np.bool_)

    def decode(row: int) -> None:
        image = _read_image(paths[row], wanted)
        sizes[row] = image.size
        marks[:, row] = image.is_colour, image.is_transparent, image.pixels.shape == shape
        if marks[2, row]:
            pixels[row] = image.pixels

    _each(pool, decode, len(paths))
    colour, transparent, fitting = map(int, marks.sum(1))
    images = Images(pixels, colour, transparent, tuple(sizes), squared=wanted is not None)
    return images, fitting == len(paths)


class _Image(NamedTuple):
    """One image: uint8 pixels of shape (height, width), what it was stored as, its size before."""

    pixels: NDArray[np.uint8]
    is_colour: bool
    is_transparent: bool
    size: Size


def _read_image(path: Path, wanted: Size | None) -> _Image:
    from PIL import Image, ImageOps

    with _opened(path) as image:
        n_frames = getattr(image, "n_frames", 1)
        if n_frames > 1:
            what = f"the image has {n_frames} frames"
            raise wrong(path, None, what, "one", "save one of them in its place")
        if image.mode in _TOO_DEEP:
            raise wrong(path, None, f"the image has mode {image.mode!r}", *_SHALLOW)
        if _is_cut(image):
            raise wrong(path, None, "the image has 16 bits for each channel", *_SHALLOW)
        is_colour = image.mode not in _GREY
        ImageOps.exif_transpose(image, in_place=True)
        alpha = None
        if image.has_transparency_data:
            seen = image.convert("LA" if image.mode == "La" else "RGBA")
            alpha = seen.getchannel("A")
            grey = Image.composite(seen.convert("L"), Image.new("L", seen.size), alpha)
        else:
            grey = image if image.mode == "L" else image.convert("L")
        if wanted is not None and grey.size != wanted:
            grey = grey.resize(wanted, Image.Resampling.BILINEAR)
        is_transparent = alpha is not None and bool(np.asarray(alpha).min() < 255)
        return _Image(np.array(grey), is_colour, is_transparent, image.size)


def _is_cut(image: PillowImage) -> bool:
    """Whether Pillow takes 8 bits of more, in an image that is not decoded yet."""
    tiles = getattr(image, "tile", [])
    return bool(_CUT.search(str(tiles))) or any(
        decoder in _PPM_DECODERS and isinstance(facts, tuple) and facts[-1] > 255
        for decoder, _, _, facts in tiles
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[PillowImage]:
    """An image that is not decoded yet, with one kind of error for all that can go wrong."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Of a file with a name, Pillow maps what is not compressed into memory, which garbles a
        # TIFF that is not square and has to be turned.
        with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
            if image.width * image.height > _LARGEST:
                what = f"the image has {image.width}x{image.height} pixels"
                raise wrong(path, None, what, f"at most {_LARGEST:,}", "make it smaller")
            is_png = image.format == "PNG"
            yield image
            if is_png and not _is_whole_png(file):
                raise EOFError("it is cut off")
    except (FerBenchError, MemoryError):
        raise
    except Exception as error:  # each of Pillow's decoders raises what it will
        unknown = isinstance(error, UnidentifiedImageError)  # whose text is that of the file object
        cause = "unknown format" if unknown else cause_of(error)
        what = f"cannot be read as an image ({cause})"
        accepted = ", ".join(_FORMATS)
        raise wrong(path, None, what, accepted, "fetch it again or remove it") from error


def _is_whole_png(file: BufferedReader) -> bool:
    """Whether the last chunk is there: Pillow asks for no more than the pixels."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        size, name = struct.unpack(">L4s", head)
        if name == b"IEND":
            return len(file.read(4)) == 4  # its checksum
        file.seek(size + 4, os.SEEK_CUR)
    return False
