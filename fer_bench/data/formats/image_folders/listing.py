"""Safe directory listing: links that lead out of the data set are rejected."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.data.input_errors import input_error
from fer_bench.runtime.files import cause_of, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.runtime.errors import FerBenchError

SUFFIXES = (".bmp", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp")

IMAGE_FILES = f"image files ({', '.join(SUFFIXES)})"

_IGNORED = ("__macosx", "desktop.ini", "thumbs.db")


@dataclass(frozen=True)
class ImageFile:
    """Image file of a data set.

    Attributes:
        path: path of the file.
        state: text that changes whenever the content of the file may have changed.
    """

    path: Path
    state: str


@dataclass(frozen=True)
class Root:
    """Root directory of a data set.

    Attributes:
        path: path as given by the user.
        inside: path with links resolved; the targets of all links must be inside it.
    """

    path: Path
    inside: Path

    @classmethod
    def of(cls, path: Path) -> Root:
        """Return the root for a path."""
        return cls(path, path.resolve())

    def place(self, path: Path) -> tuple[str, ...]:
        """Return the components of a path relative to the root, as in ``Dataset.places``."""
        return path.relative_to(self.path).parts

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """Return the entries of a directory sorted by name, without hidden and system files.

        Raises:
            FerBenchError: the directory cannot be read, or a link in it leads out of the data set
                or is circular.
        """
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise unreadable(folder, error) from error
        kept = [e for e in entries if e.name[0] != "." and e.name.lower() not in _IGNORED]
        for entry in kept:
            path = Path(entry.path)
            try:
                leads_out = entry.is_symlink() and not path.resolve().is_relative_to(self.inside)
            except (OSError, RuntimeError) as error:  # Python up to 3.12 raises the latter
                raise unreadable(path, error) from error
            if leads_out:
                what = "a link that leads out of the data set"
                raise input_error(path, None, what, "files and folders", copying(self.path))
        return kept

    def folders(self, folder: Path) -> list[Path]:
        """Return the subdirectories of a directory, sorted by name."""
        return [Path(entry.path) for entry in self.entries(folder) if is_folder(entry)]

    def images(self, folder: Path) -> list[ImageFile]:
        """Return the images of a directory that may hold nothing else, sorted by name.

        Raises:
            FerBenchError: as for ``entries``, or the directory is empty or holds anything else.
        """
        files = [_image(entry) for entry in self.entries(folder)]
        if not files:
            raise input_error(folder, None, "the folder is empty", IMAGE_FILES, "fill or remove it")
        return files

    def loose_images(self, folder: Path) -> list[ImageFile]:
        """Return the images of a directory that may also hold other entries, sorted by name."""
        return [
            _image(entry)
            for entry in self.entries(folder)
            if is_image(entry.name) and not is_folder(entry)
        ]

    def all_images(self, folder: Path | None = None) -> Iterator[ImageFile]:
        """Yield every image at any depth, in the order of ``all_files``.

        Args:
            folder: the directory to search, by default the root.

        Raises:
            FerBenchError: as for ``all_files``.
        """
        return (_image(entry) for entry in self._walk(folder or self.path) if is_image(entry.name))

    def all_files(self, folder: Path) -> Iterator[Path]:
        """Yield every file at any depth: of a directory, then of its subdirectories, by name.

        Raises:
            FerBenchError: as for ``entries``, or a link leads back to a directory above it.
        """
        return (Path(entry.path) for entry in self._walk(folder))

    def _walk(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        waiting: list[tuple[Path, tuple[Path, ...]]] = [(folder, ())]
        while waiting:
            here, above = waiting.pop()
            place = here.resolve()
            if place in above:
                what = "a link that leads back to a folder above it"
                raise input_error(here, None, what, "files and folders", "remove it")
            below = []
            for entry in self.entries(here):
                if is_folder(entry):
                    below.append((Path(entry.path), (*above, place)))
                else:
                    yield entry
            waiting += reversed(below)


def copying(folder: Path) -> str:
    """Return the suggestion to copy the targets of a directory of links, for messages."""
    return f"copy what its links lead to, cp -rL {shlex.quote(str(folder))} COPY, and name COPY"


def is_image(name: str) -> bool:
    """Check if a file name has the suffix of an image."""
    return name.lower().endswith(SUFFIXES)


def is_csv(entry: os.DirEntry[str]) -> bool:
    """Check if an entry is a CSV file.

    Raises:
        FerBenchError: the entry cannot be read.
    """
    return entry.name.lower().endswith(".csv") and not is_folder(entry) and entry.is_file()


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Check if an entry is a directory, or a link to one.

    Raises:
        FerBenchError: the entry cannot be read.
    """
    try:
        return entry.is_dir()
    except OSError as error:
        raise unreadable(Path(entry.path), error) from error


def unreadable(path: Path, error: Exception) -> FerBenchError:
    """Return the error for a file or directory that cannot be read."""
    what = f"cannot be read ({cause_of(error)})"
    accepted = "files and folders that can be read"
    return input_error(path, None, what, accepted, "make it readable or remove it")


def _image(entry: os.DirEntry[str]) -> ImageFile:
    path = Path(entry.path)
    try:
        if entry.is_dir():
            step = "move its images into the folder above it"
            raise input_error(path, None, "a folder among the images", IMAGE_FILES, step)
        if not is_image(entry.name) or not entry.is_file():
            raise input_error(path, None, "no image file", IMAGE_FILES, "convert or remove it")
        return ImageFile(path, state_of(entry.stat()))
    except OSError as error:
        raise unreadable(path, error) from error
