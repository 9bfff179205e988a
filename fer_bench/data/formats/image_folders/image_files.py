"""Data set of an image folder: its files decoded to greyscale arrays of one size.

Colour is converted with Pillow's mode ``L``, which is ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B.
If all files have the same size and no side exceeds 224 pixels, the largest input of any backbone,
the size is kept. Otherwise every image is resized to a square whose side is the median of the
files' longer sides (the lower one of two), at most 224. Resizing is bilinear, antialiased when
downscaling, and does not crop, so that aspect ratios change. Images are converted to grey first,
then resized. Transparent areas are composited on black, as the colour values hidden there are
arbitrary.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from fer_bench.data.dataset import USAGES, Dataset
from fer_bench.data.formats.class_names import classes_of
from fer_bench.data.images import in_memory
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

    from fer_bench.data.formats.image_folders.manifest import ImageFolder, LabelledImage
    from fer_bench.data.images import Collect

MOST_PIXELS = 224
"""Largest side of an image in a data set, in pixels."""

_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_TOO_DEEP = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes with more than 8 bits per channel."""

_SHALLOW = ("8 bits for each channel", "convert it")
"""Accepted depth and suggested fix, for messages."""

_CUT = re.compile(";16[BLN]")
"""Raw mode in Pillow's tiles that reduces 16 bits to the upper 8; the image mode does not show
this."""

_PPM_DECODERS = ("ppm", "ppm_plain")
"""Pillow's PPM decoders for data other than plain bytes: they also reduce to the upper 8 bits, and
have the maximum channel value as their last argument."""

_GREY = ("1", "L", "LA", "La")
_LARGEST = 1 << 26
"""Upper limit for the pixels of a file: each thread holds one decoded image, and Pillow warns about
larger ones."""

_FILES_AT_A_TIME, _READ_AHEAD = 8, 16
"""Number of files read by one task of a thread, and largest number of tasks ahead of the result."""

Size = tuple[int, int]
"""Width and height."""

T = TypeVar("T")


@dataclass(frozen=True)
class Images:
    """Decoded images.

    Attributes:
        pixels: uint8, shape (n, height, width).
        colour: number of files stored in a colour mode, even if all their pixels are grey.
        transparent: number of files with any transparent pixel.
        sizes: sizes of the files before resizing, after rotation by EXIF orientation.
        squared: True if all images were resized to one square.
    """

    pixels: NDArray[np.uint8]
    colour: int
    transparent: int
    sizes: tuple[Size, ...]
    squared: bool


def load_listing(folder: ImageFolder, collect: Collect = in_memory) -> Dataset:
    """Read the images that ``list_folder`` found.

    The data set has a usage if the layout has all three parts, or if every file name starts with
    ``Training_``, ``PublicTest_`` or ``PrivateTest_``, as in exports of Kaggle's CSV file.

    Args:
        folder: the data set.
        collect: collects the images.

    Raises:
        FerBenchError: an image cannot be read; the error has its path.
    """
    images = read_images([folder.path / image.place for image in folder.images], collect)
    classes = classes_of(image.meant for image in folder.images)
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes[image.meant] for image in folder.images], np.uint8)
    usage, source = _usage(folder.images)
    grey = ", converted to grey (ITU-R 601 luma)" if images.colour else ""
    left_out, transparent = folder.left_out_described, images.transparent
    notes = (
        ("layout", f"{folder.layout}, {source}"),
        ("size of the files", _sizes(images)),
        ("files stored in colour", f"{images.colour:,} of {len(labels):,}{grey}"),
        *((("transparent", f"parts of {transparent:,} files, now black"),) if transparent else ()),
        *((("left out", left_out),) if left_out else ()),
        *folder.notes,
    )
    places = tuple(image.place for image in folder.images)
    return Dataset(images.pixels, labels, classes, folder.name, usage, notes, places)


def _usage(images: Sequence[LabelledImage]) -> tuple[NDArray[np.uint8] | None, str]:
    """Return the usage, or None if it is unknown, and a description of its source."""
    parts = [image.part for image in images if image.part is not None]
    if len(parts) == len(images) and len(set(parts)) == len(USAGES):
        return np.array(parts, np.uint8), "with the usage"
    codes = {name: code for code, name in enumerate(USAGES)}
    starts = [image.place.rpartition("/")[2].partition("_")[0] for image in images]
    if all(start in codes for start in starts):
        usage = np.array([codes[start] for start in starts], np.uint8)
        return usage, f"whose names begin with {', '.join(USAGES)}"
    return None, "without a usage"


def _sizes(images: Images) -> str:
    sizes = {f"{width}x{height}" for width, height in images.sizes}
    height, width = images.pixels.shape[1:]
    if not images.squared:
        return f"{' and '.join(sorted(sizes))} pixels, kept"
    if len(sizes) == 1:
        found = sizes.pop()
    else:
        sides = sorted(max(size) for size in images.sizes)
        found = f"{len(sizes):,} sizes, the longer side from {sides[0]:,} to {sides[-1]:,}"
    resized = sum(size != (width, height) for size in images.sizes)
    n = len(images.sizes)
    return f"{found}; {resized:,} of {n:,} resized to {width}x{height}, antialiased"


def read_images(paths: Sequence[Path], collect: Collect = in_memory) -> Images:
    """Read image files in parallel, with one thread per CPU core, up to eight.

    The EXIF orientation is applied.

    Args:
        paths: paths of one or more image files.
        collect: collects the images; called again if the files turn out to have several sizes.

    Raises:
        FerBenchError: a file cannot be read as an image, or has several frames, more than 8 bits
            per channel or too many pixels.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        # Pillow warns about metadata such as EXIF without the file name. Invalid pixels and
        # oversized images raise errors instead.
        warnings.simplefilter("ignore")
        sizes = [size for some in _each(pool, _size, paths) for size in some]
        if len({tuple(sorted(size)) for size in sizes}) == 1 and max(sizes[0]) <= MOST_PIXELS:
            shape = _read_image(paths[0], None).pixels.shape
            # Some may be portrait and some landscape after EXIF rotation.
            with contextlib.suppress(_OtherShape):
                return _decode(pool, paths, shape, None, collect)
        side = square_side(sizes)
        return _decode(pool, paths, (side, side), (side, side), collect)


def square_side(sizes: Sequence[Size]) -> int:
    """Return the side of the square that images of these sizes are resized to."""
    longer = sorted(map(max, sizes))
    return min(longer[(len(longer) - 1) // 2], MOST_PIXELS)


def _each(
    pool: ThreadPoolExecutor, work: Callable[[Path], T], paths: Sequence[Path]
) -> Iterator[list[T]]:
    """Yield ``work`` of the paths, done in parallel, some at a time and in their order."""
    waiting: deque[Future[list[T]]] = deque()
    for start in range(0, len(paths), _FILES_AT_A_TIME):
        some = paths[start : start + _FILES_AT_A_TIME]
        waiting.append(pool.submit(lambda some: [*map(work, some)], some))
        if len(waiting) == _READ_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _size(path: Path) -> Size:
    with opened_image(path) as image:
        return image.size


class _OtherShape(Exception):  # noqa: N818 - no error of the files
    """Signal that an image does not have the shape of the first one."""


def _decode(
    pool: ThreadPoolExecutor,
    paths: Sequence[Path],
    shape: tuple[int, ...],
    wanted: Size | None,
    collect: Collect,
) -> Images:
    """Decode all images; raise ``_OtherShape`` if one of them has another shape."""
    facts: list[tuple[bool, bool, Size]] = []

    def blocks() -> Iterator[NDArray[np.uint8]]:
        for images in _each(pool, lambda path: _read_image(path, wanted), paths):
            if any(image.pixels.shape != shape for image in images):
                raise _OtherShape
            facts.extend((image.is_colour, image.is_transparent, image.size) for image in images)
            yield np.stack([image.pixels for image in images])

    pixels = collect((len(paths), *shape), blocks())
    colour, transparent, sizes = zip(*facts, strict=True)
    return Images(pixels, sum(colour), sum(transparent), sizes, squared=wanted is not None)


class _Image(NamedTuple):
    """Decoded image: uint8 pixels of shape (height, width), storage mode, size before resizing."""

    pixels: NDArray[np.uint8]
    is_colour: bool
    is_transparent: bool
    size: Size


def _read_image(path: Path, wanted: Size | None) -> _Image:
    from PIL import Image, ImageOps

    with opened_image(path) as image:
        n_frames = getattr(image, "n_frames", 1)
        if n_frames > 1:
            what = f"the image has {n_frames} frames"
            raise input_error(path, None, what, "one", "save one of them in its place")
        check_depth(path, image)
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


def check_depth(path: Path, image: PillowImage) -> None:
    """Check that an image, not decoded yet, has at most 8 bits for each channel.

    Raises:
        FerBenchError: it has more; the error has the path of its file.
    """
    if image.mode in _TOO_DEEP:
        raise input_error(path, None, f"the image has mode {image.mode!r}", *_SHALLOW)
    if _is_cut(image):
        raise input_error(path, None, "the image has 16 bits for each channel", *_SHALLOW)


def _is_cut(image: PillowImage) -> bool:
    """Check if Pillow would reduce more than 8 bits to 8, in an image that is not decoded yet."""
    tiles = getattr(image, "tile", [])
    return bool(_CUT.search(str(tiles))) or any(
        decoder in _PPM_DECODERS and isinstance(facts, tuple) and facts[-1] > 255
        for decoder, _, _, facts in tiles
    )


@contextlib.contextmanager
def opened_image(path: Path) -> Iterator[PillowImage]:
    """Open an image without decoding it, with errors in the context raised as ``FerBenchError``.

    Raises:
        FerBenchError: the file or something in the context cannot be read, or it has too many
            pixels; the error has its path.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        # Pass a file object: given a path, Pillow memory-maps uncompressed data, which garbles a
        # non-square TIFF that is rotated by EXIF orientation.
        with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
            if image.width * image.height > _LARGEST:
                what = f"the image has {image.width}x{image.height} pixels"
                raise input_error(path, None, what, f"at most {_LARGEST:,}", "make it smaller")
            is_png = image.format == "PNG"
            yield image
            if is_png and not _is_whole_png(file):
                raise EOFError("it is cut off")
    except (FerBenchError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise many different types
        # The message of this error only shows the file object.
        unknown = isinstance(error, UnidentifiedImageError)
        cause = "unknown format" if unknown else cause_of(error)
        what = f"cannot be read as an image ({cause})"
        accepted = ", ".join(_FORMATS)
        raise input_error(path, None, what, accepted, "fetch it again or remove it") from error


def _is_whole_png(file: BufferedReader) -> bool:
    """Check if the final chunk is present, as Pillow reads no further than the pixels."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        size, name = struct.unpack(">L4s", head)
        if name == b"IEND":
            return len(file.read(4)) == 4  # its checksum
        file.seek(size + 4, os.SEEK_CUR)
    return False
