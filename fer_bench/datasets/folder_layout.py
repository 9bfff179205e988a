"""A data set as folders of image files: ``train/<emotion>/`` and ``test/<emotion>/``."""

from __future__ import annotations

import os
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fer_bench.datasets.dataset import EMOTIONS, USAGES, Dataset
from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import BufferedReader

    from numpy.typing import NDArray

_Key = TypeVar("_Key", int, str)

PARTS: tuple[str, ...] = ("train", "test")
"""The folders that a data set has, both of them."""

CLASS_FOLDERS: dict[str, int] = {name.lower(): code for code, name in enumerate(EMOTIONS)} | {
    "sadness": EMOTIONS.index("Sad")
}
"""Labels by folder name in lower case. The paper writes Sad as Sadness."""

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp")
_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_TOO_DEEP = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes whose values do not fit into 0 to 255."""

_MOST_PIXELS = 1 << 24
"""Of an image: 4096x4096. A few bytes can claim to be a picture that fills the memory."""

_IGNORED = ("desktop.ini", "thumbs.db")
_FILES_AT_A_TIME = 128


@dataclass(frozen=True)
class ImageFile:
    """One image file of a data set.

    Attributes:
        path: the file.
        label: index into ``EMOTIONS``, from the folder's name.
        state: words that change whenever the file's content may have changed.
    """

    path: Path
    label: int
    state: str

    @property
    def place(self) -> tuple[str, ...]:
        """Part, class and name: where the file is in the data set, wherever that is."""
        return self.path.parts[-3:]


def list_images(root: Path) -> list[ImageFile]:
    """Finds the images of a data set: those of ``train``, then those of ``test``.

    Within a part they are in the order of the classes, then of the file names. Files beside
    ``train`` and ``test``, hidden files and those that file managers leave behind are passed
    over.

    Args:
        root: the folder that holds ``train`` and ``test``.

    Raises:
        FerBenchError: a part is missing, or a folder is empty, is no class, is a second one
            for its class, or holds something that is no image or lies outside ``root``.
    """
    inside = root.resolve()
    parts = _subfolders(root, inside, {name: name for name in PARTS}, loose_files=True)
    for name in PARTS:
        if name not in parts:
            raise _wrong(root, f"no folder {name!r} in it", " and ".join(PARTS))
    files: list[ImageFile] = []
    for name in PARTS:
        classes = _subfolders(parts[name], inside, CLASS_FOLDERS)
        if not classes:
            raise _wrong(parts[name], "the folder is empty", "a folder for each emotion")
        for label in sorted(classes):
            files += _images_of_class(classes[label], inside, label)
    return files


def load_folder(root: Path, files: Sequence[ImageFile] | None = None) -> Dataset:
    """Reads a data set of image files.

    Grey images keep their values; colour images become grey as Pillow's mode ``L`` (ITU-R 601
    luma). Images that an EXIF entry says to turn are turned. The usage is known where every file
    name starts with ``Training_``, ``PublicTest_`` or ``PrivateTest_``, as in exports of Kaggle's
    csv.

    Args:
        root: the folder that holds ``train`` and ``test``.
        files: what ``list_images`` found there, where it was called already.

    Returns:
        The images in the order of ``list_images``, named after the folder.

    Raises:
        FerBenchError: as ``list_images``, or an image cannot be read, has several frames or
            another size than the first; names the file.
    """
    from PIL import Image

    if files is None:
        files = list_images(root)
    with warnings.catch_warnings():
        # Of a size far beyond what is accepted here, Pillow warns as it opens the image.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        images = _read_images(files)
    labels = np.array([file.label for file in files], np.uint8)
    return Dataset(images, labels, EMOTIONS, root.resolve().name, _usage(files))


def _read_images(files: Sequence[ImageFile]) -> NDArray[np.uint8]:
    first = _read_image(files[0].path, None)
    images = np.empty((len(files), *first.shape), np.uint8)

    def read(start: int) -> None:
        for row in range(start, min(start + _FILES_AT_A_TIME, len(files))):
            images[row] = _read_image(files[row].path, first.shape)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for _ in pool.map(read, range(0, len(files), _FILES_AT_A_TIME)):
            pass
    return images


def _wrong(path: Path, what: str, accepted: str) -> FerBenchError:
    return FerBenchError(
        f"{str(path)!r}: {what}; accepted: {accepted}; correct the folder or fetch it again"
    )


def _unreadable(path: Path, error: Exception) -> FerBenchError:
    return _wrong(path, f"cannot be read ({cause_of(error)})", "files and folders that can be read")


def _entries(folder: Path, inside: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name, less what is passed over."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from error
    kept = [e for e in entries if e.name[0] != "." and e.name.lower() not in _IGNORED]
    for entry in kept:
        path = Path(entry.path)
        try:
            leads_out = entry.is_symlink() and not path.resolve().is_relative_to(inside)
        except (OSError, RuntimeError) as error:  # Python up to 3.12 raises the latter for loops
            raise _unreadable(path, error) from error
        if leads_out:
            raise _wrong(path, "a link that leads out of the data set", "files and folders")
    return kept


def _subfolders(
    folder: Path, inside: Path, keys: Mapping[str, _Key], *, loose_files: bool = False
) -> dict[_Key, Path]:
    """The subfolders by what their names stand for in ``keys``, whatever their case."""
    accepted = f"folders named {', '.join(keys)}"
    found: dict[_Key, Path] = {}
    for entry in _entries(folder, inside):
        path = Path(entry.path)
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            raise _unreadable(path, error) from error
        if not is_folder:
            if loose_files:
                continue
            raise _wrong(path, "the file lies where folders are expected", accepted)
        key = keys.get(entry.name.lower())
        if key is None:
            raise _wrong(path, f"the folder's name {entry.name!r} is unknown", accepted)
        if key in found:
            raise _wrong(path, f"stands for the same as {found[key].name!r}", "one folder of each")
        found[key] = path
    return found


def _images_of_class(folder: Path, inside: Path, label: int) -> list[ImageFile]:
    accepted = f"image files ({', '.join(_SUFFIXES)})"
    files = []
    for entry in _entries(folder, inside):
        path = Path(entry.path)
        try:
            if not entry.name.lower().endswith(_SUFFIXES) or not entry.is_file():
                raise _wrong(path, "no image file", accepted)
            state = state_of(entry.stat())
        except OSError as error:
            raise _unreadable(path, error) from error
        files.append(ImageFile(path, label, state))
    if not files:
        raise _wrong(folder, "the folder is empty", accepted)
    return files


def _read_image(path: Path, shape: tuple[int, ...] | None) -> NDArray[np.uint8]:
    """One image as uint8, shape (height, width), which must be ``shape`` where given."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        # Of a file with a name, Pillow maps what is not compressed into memory, which garbles a
        # TIFF that is not square and has to be turned.
        with path.open("rb") as file, Image.open(file, formats=_FORMATS) as image:
            found = image.height, image.width
            # What has the wrong size lying and standing is not decoded.
            if shape is not None and sorted(found) != sorted(shape):
                raise _wrong_size(path, found, shape)
            if image.height * image.width > _MOST_PIXELS:
                size = f"{image.width}x{image.height}"
                raise _wrong(path, f"the image has {size} pixels", f"{_MOST_PIXELS:,} at most")
            n_frames = getattr(image, "n_frames", 1)
            if n_frames > 1:
                raise _wrong(path, f"the image has {n_frames} frames", "one")
            if image.mode in _TOO_DEEP:
                raise _wrong(path, f"the image has mode {image.mode!r}", "8 bits for each channel")
            # Pillow warns of transparency that a conversion drops.
            image.info.pop("transparency", None)
            ImageOps.exif_transpose(image, in_place=True)
            pixels = np.array(image if image.mode == "L" else image.convert("L"))
            if image.format == "PNG" and not _is_whole_png(file):
                raise _wrong(path, "the image is cut off", "whole images")
    except (FerBenchError, MemoryError):
        raise
    except Exception as error:  # each of Pillow's decoders raises what it will
        unknown = isinstance(error, UnidentifiedImageError)  # whose text is that of the file object
        cause = "unknown format" if unknown else cause_of(error)
        what = f"cannot be read as an image ({cause})"
        raise _wrong(path, what, ", ".join(_FORMATS)) from error
    if shape is not None and pixels.shape != shape:
        raise _wrong_size(path, pixels.shape, shape)
    return pixels


def _is_whole_png(file: BufferedReader) -> bool:
    """Whether the last chunk is there. Pillow asks for no more than the pixels."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        size, name = struct.unpack(">L4s", head)
        if name == b"IEND":
            return len(file.read(4)) == 4  # its checksum
        file.seek(size + 4, os.SEEK_CUR)
    return False


def _wrong_size(path: Path, found: tuple[int, ...], wanted: tuple[int, ...]) -> FerBenchError:
    return _wrong(
        path,
        f"the image has {found[1]}x{found[0]} pixels",
        f"{wanted[1]}x{wanted[0]} as in the first image",
    )


def _usage(files: Sequence[ImageFile]) -> NDArray[np.uint8] | None:
    codes = {name: code for code, name in enumerate(USAGES)}
    found = [codes.get(file.path.name.partition("_")[0]) for file in files]
    known = [code for code in found if code is not None]
    return np.array(known, np.uint8) if len(known) == len(files) else None
