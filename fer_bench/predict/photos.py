"""Photos: found in directories, read upright and with a limited number of pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.image_files import check_depth, opened_image
from fer_bench.data.formats.image_folders.listing import SUFFIXES
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image as PillowImage

PHOTO_SUFFIXES = (*SUFFIXES, ".avif", ".gif", ".heic", ".heif")
"""Suffixes of the files that are taken from a directory. Those that cannot be read get a row."""

LONGEST_SIDE = 1280
"""Longest side in pixels of the image that a detector sees. A JPEG that is at least twice as large
is decoded at half, a quarter or an eighth of its size, but not below this one."""


@dataclass(frozen=True)
class Photo:
    """Decoded photo, upright: the EXIF orientation is applied.

    Attributes:
        image: red, green and blue; it may be smaller than the photo.
        size: width and height of the photo in pixels.
    """

    image: PillowImage
    size: tuple[int, int]


@dataclass(frozen=True)
class Source:
    """Photo or frame of a video, to be read when its turn comes.

    Attributes:
        file: path as given, or below a directory as given.
        read: function that reads it, raising ``FerBenchError`` if that is impossible.
        second: time of a frame in seconds from the start; None for a photo.
        root: directory as given that it was found in; None if it was given itself.
    """

    file: str
    read: Callable[[], Photo]
    second: float | None = None
    root: Path | None = None


def photos_of(path: Path) -> list[Source]:
    """Return the photo of a file or, recursively and sorted by path, those of a directory.

    Hidden files and directories are ignored, and a directory that links lead to is read once. A
    path that does not exist is a photo that cannot be read.

    Raises:
        FerBenchError: a directory cannot be read or contains no photo.
    """
    if not path.is_dir():
        return [Source(str(path), partial(read_photo, path))]
    found = [Source(str(file), partial(read_photo, file), root=path) for file in _walk(path)]
    if not found:
        raise FerBenchError(
            "the directory contains no photos",
            f"files with the suffixes {', '.join(PHOTO_SUFFIXES)}",
            "choose another directory",
            path=path,
        )
    return found


def _walk(directory: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        place = directory if error.filename is None else Path(error.filename)
        raise FerBenchError(f"cannot be read: {cause_of(error)}", path=place) from error

    seen: set[str] = set()
    for place, folders, files in os.walk(directory, onerror=fail, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower().endswith(PHOTO_SUFFIXES):
                yield Path(place, name)


def read_photo(path: Path) -> Photo:
    """Read a photo.

    Transparent areas are composited on black. Of the images in a file of a phone (MPO), the first
    is taken.

    Raises:
        FerBenchError: it cannot be read, or has several frames, more than 8 bits per channel or too
            many pixels; the error has its path.
    """
    from PIL import Image, ImageOps

    with opened_image(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":
            what = f"the image has {frames} frames"
            raise input_error(path, None, what, "one", "save one of them in its place")
        check_depth(path, image)
        width, height = image.size
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        decoded = ImageOps.exif_transpose(image)
        if (decoded.width > decoded.height) != (image.width > image.height):
            width, height = height, width
        if decoded.has_transparency_data:
            seen = decoded.convert("RGBA")
            decoded = Image.new("RGB", seen.size)
            decoded.paste(seen, mask=seen.getchannel("A"))
        return Photo(decoded if decoded.mode == "RGB" else decoded.convert("RGB"), (width, height))
