"""What lies in a folder, looked at so that nothing outside of it is ever read."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.data.input_errors import wrong
from fer_bench.runtime.files import cause_of, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.runtime.errors import FerBenchError

SUFFIXES = (".bmp", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp")

IMAGE_FILES = f"image files ({', '.join(SUFFIXES)})"

_IGNORED = ("__macosx", "desktop.ini", "thumbs.db")


@dataclass(frozen=True)
class ImageFile:
    """One image file of a data set.

    Attributes:
        path: the file.
        state: words that change whenever the file's content may have changed.
    """

    path: Path
    state: str


@dataclass(frozen=True)
class Root:
    """The folder of a data set.

    Attributes:
        path: as it was given.
        inside: where it is, links followed: what links lead to must lie in it.
    """

    path: Path
    inside: Path

    @classmethod
    def of(cls, path: Path) -> Root:
        """The root at a path."""
        return cls(path, path.resolve())

    def place(self, path: Path) -> tuple[str, ...]:
        """Where something is in the data set, wherever that is."""
        return path.relative_to(self.path).parts

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What lies in a folder, by name, less hidden files and what file managers leave.

        Raises:
            FerBenchError: the folder cannot be read, or a link in it leads out or in circles.
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
                raise wrong(path, None, what, "files and folders", copying(self.path))
        return kept

    def folders(self, folder: Path) -> list[Path]:
        """The folders in a folder, by name."""
        return [Path(entry.path) for entry in self.entries(folder) if is_folder(entry)]

    def images(self, folder: Path) -> list[ImageFile]:
        """All images of a folder that holds nothing else, by name.

        Raises:
            FerBenchError: as ``entries``, there is none, or anything else is there.
        """
        files = [_image(entry) for entry in self.entries(folder)]
        if not files:
            raise wrong(folder, None, "the folder is empty", IMAGE_FILES, "fill or remove it")
        return files

    def loose_images(self, folder: Path) -> list[ImageFile]:
        """The images of a folder that may hold other things too, by name."""
        return [
            _image(entry)
            for entry in self.entries(folder)
            if is_image(entry.name) and not is_folder(entry)
        ]

    def all_images(self, folder: Path | None = None) -> Iterator[ImageFile]:
        """Every image at any depth, as ``all_files`` has them.

        Raises:
            FerBenchError: as ``all_files``.
        """
        return (_image(entry) for entry in self._walk(folder or self.path) if is_image(entry.name))

    def all_files(self, folder: Path) -> Iterator[Path]:
        """Every file at any depth: those of a folder, then those of its folders, by name.

        Raises:
            FerBenchError: as ``entries``, or a link leads back to a folder that holds it.
        """
        return (Path(entry.path) for entry in self._walk(folder))

    def _walk(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        waiting: list[tuple[Path, tuple[Path, ...]]] = [(folder, ())]
        while waiting:
            here, above = waiting.pop()
            place = here.resolve()
            if place in above:
                what = "a link that leads back to a folder above it"
                raise wrong(here, None, what, "files and folders", "remove it")
            below = []
            for entry in self.entries(here):
                if is_folder(entry):
                    below.append((Path(entry.path), (*above, place)))
                else:
                    yield entry
            waiting += reversed(below)


def copying(folder: Path) -> str:
    """The step that turns a directory of links into one of files."""
    return f"copy what its links lead to, cp -rL {shlex.quote(str(folder))} COPY, and name COPY"


def is_image(name: str) -> bool:
    """Whether a name is that of an image file."""
    return name.lower().endswith(SUFFIXES)


def is_csv(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a csv file.

    Raises:
        FerBenchError: it cannot be looked at.
    """
    return entry.name.lower().endswith(".csv") and not is_folder(entry) and entry.is_file()


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder, or a link to one.

    Raises:
        FerBenchError: it cannot be looked at.
    """
    try:
        return entry.is_dir()
    except OSError as error:
        raise unreadable(Path(entry.path), error) from error


def unreadable(path: Path, error: Exception) -> FerBenchError:
    """The error for what cannot be looked at."""
    what = f"cannot be read ({cause_of(error)})"
    accepted = "files and folders that can be read"
    return wrong(path, None, what, accepted, "make it readable or remove it")


def _image(entry: os.DirEntry[str]) -> ImageFile:
    path = Path(entry.path)
    try:
        if entry.is_dir():
            step = "move its images into the folder above it"
            raise wrong(path, None, "a folder among the images", IMAGE_FILES, step)
        if not is_image(entry.name) or not entry.is_file():
            raise wrong(path, None, "no image file", IMAGE_FILES, "convert or remove it")
        return ImageFile(path, state_of(entry.stat()))
    except OSError as error:
        raise unreadable(path, error) from error
