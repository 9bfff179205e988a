"""Safe listing of a data set's directory: links that lead out of it are rejected."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.data.input_errors import input_error
from fer_bench.runtime.files import cause_of, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.runtime.errors import FerBenchError

SUFFIXES = (".bmp", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".tif", ".tiff", ".webp")

IMAGE_FILES = f"image files ({', '.join(SUFFIXES)})"

_IGNORED = ("__macosx", "desktop.ini", "thumbs.db")


class Entry(NamedTuple):
    """File or directory of a data set.

    Attributes:
        place: path relative to the data set's directory, with ``/`` as the separator.
        is_dir: True for a directory or a link to one.
        is_file: True for a regular file or a link to one.
    """

    place: str
    is_dir: bool
    is_file: bool

    @property
    def name(self) -> str:
        """Name of the file or directory."""
        return self.place.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """Name without the suffix."""
        return self.name.rpartition(".")[0]

    @property
    def is_image(self) -> bool:
        """True for anything but a directory with the suffix of an image."""
        return not self.is_dir and has_image_suffix(self.name)


@dataclass(frozen=True)
class Listing:
    """Directory of a data set; each subdirectory is read once.

    Attributes:
        path: path as given by the user.
    """

    path: Path
    _read: dict[str, Sequence[Entry]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def inside(self) -> Path:
        """Path with links resolved; the targets of all links must be inside it."""
        return self.path.resolve()

    def entries(self, folder: str = "") -> Sequence[Entry]:
        """Return the entries of a directory sorted by name, without hidden and system files.

        Raises:
            FerBenchError: the directory cannot be read, or a link in it leads out of the data set
                or is circular.
        """
        if folder not in self._read:
            try:
                with os.scandir(self.path / folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                raise unreadable(self.path / folder, error) from error
            kept = [e for e in entries if e.name[0] != "." and e.name.lower() not in _IGNORED]
            above = f"{folder}/" if folder else ""
            self._read[folder] = [self._entry(above + entry.name, entry) for entry in kept]
        return self._read[folder]

    def _entry(self, place: str, entry: os.DirEntry[str]) -> Entry:
        try:
            if not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(self.inside):
                return Entry(place, entry.is_dir(), entry.is_file())
        except (OSError, RuntimeError) as error:  # Python up to 3.12 raises the latter
            raise unreadable(self.path / place, error) from error
        problem, accepted = "a link that leads out of the data set", "files and directories"
        raise self.error(place, problem, accepted, copying(self.path))

    def error(
        self, place: str, problem: str, accepted: str, hint: str, line: int | None = None
    ) -> FerBenchError:
        """Return the error for an invalid file or directory at a place."""
        return input_error(self.path / place, line, problem, accepted, hint)

    def folders(self, folder: str = "") -> list[Entry]:
        """Return the subdirectories of a directory."""
        return [entry for entry in self.entries(folder) if entry.is_dir]

    def images(self, folder: str = "") -> list[Entry]:
        """Return the files with the suffix of an image in a directory."""
        return [entry for entry in self.entries(folder) if entry.is_image]

    def named(self, suffix: str | tuple[str, ...]) -> list[Entry]:
        """Return the entries directly in it whose names end with a lower-case suffix."""
        return [entry for entry in self.entries() if entry.name.lower().endswith(suffix)]

    def csv_files(self) -> list[Entry]:
        """Return the CSV files directly in the data set's directory."""
        return [entry for entry in self.named(".csv") if entry.is_file]

    def walk(self, folder: str = "") -> Iterator[Entry]:
        """Yield every file at any depth: of a directory, then of its subdirectories, by name.

        Raises:
            FerBenchError: as for ``entries``, or a link leads back to a directory above it.
        """
        waiting: list[tuple[str, tuple[Path, ...]]] = [(folder, ())]
        while waiting:
            here, above = waiting.pop()
            path = (self.path / here).resolve()
            if path in above:
                problem = "a link that leads back to a directory above it"
                raise self.error(here, problem, "files and directories", "remove it")
            yield from (entry for entry in self.entries(here) if not entry.is_dir)
            waiting += [(entry.place, (*above, path)) for entry in self.folders(here)[::-1]]

    def state_of(self, image: Entry, source: str) -> str:
        """Return a text that changes whenever the content of an image may have changed.

        Args:
            image: entry that is expected to be an image.
            source: place of the file or directory that gives its label.

        Raises:
            FerBenchError: the entry is a directory, is not an image file, or cannot be read.
        """
        if image.is_dir and image.place == source:
            raise self.error(source, "the directory is empty", IMAGE_FILES, "fill or remove it")
        if image.is_dir:
            problem, hint = "a directory among the images", "move its images into the one above it"
            raise self.error(image.place, problem, IMAGE_FILES, hint)
        try:
            if image.is_image and image.is_file:
                return state_of(os.stat(f"{self.path}/{image.place}"))  # noqa: PTH116 - for speed
        except OSError as error:
            raise unreadable(self.path / image.place, error) from error
        raise self.error(image.place, "not an image file", IMAGE_FILES, "convert or remove it")


def has_image_suffix(name: str) -> bool:
    """Check if a file name has the suffix of an image."""
    return name.lower().endswith(SUFFIXES)


def copying(folder: Path) -> str:
    """Return the hint to copy the targets of a directory of links."""
    return f"copy what its links lead to, cp -rL {shlex.quote(str(folder))} COPY, and name COPY"


def unreadable(path: Path, error: Exception) -> FerBenchError:
    """Return the error for a file or directory that cannot be read."""
    problem = f"cannot be read ({cause_of(error)})"
    accepted = "files and directories that can be read"
    return input_error(path, None, problem, accepted, "make it readable or remove it")
