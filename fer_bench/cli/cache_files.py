"""Listing and removal of the cached files outside the store.

Each kind has a directory. The files in ``locks``, next to them, stay: removing a lock file is a
race. Runs read and write cached files without locks, and atomically: a file may appear, change or
vanish at any moment, and a run recreates missing files.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.data import array_cache, cached_splits, fer2013, parsed_cache
from fer_bench.data.audit import duplicate_cache
from fer_bench.models.builders import structure_files
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, is_left_behind, is_temporary_file, state_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MADE: Mapping[str, str] = {
    parsed_cache.FOLDER: "data sets as they were read",
    cached_splits.FOLDER: "splits and samples",
    "duplicates": "groups of duplicate images",
}
"""Kinds that runs recreate if they are missing, with descriptions."""

BROUGHT: Mapping[str, str] = {
    fer2013.FOLDER: "FER2013, downloaded or your own; never removed",
    structure_files.SUBDIRECTORY: "exported networks; never removed",
}
"""Kinds that are never removed: costly to get again, or the user's own."""

FORMER_NAMES: Mapping[str, str] = {"twins": "duplicates"}
"""Kinds by the names that earlier versions gave them."""

_DIRECTORIES: Mapping[str, str] = {"duplicates": duplicate_cache.FOLDER}
"""Directories of the kinds that are not named after them."""

_ENTRY_NAME = re.compile(r"([0-9a-f]{24}|[0-9a-f]{64})\.npz")


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        kind: one of ``MADE`` or ``BROUGHT``.
        path: the file.
        size: its size in bytes.
        state: identifies this version of the file; changes if it is replaced.
        useless: reason that no run can use it, empty if a run can.
        unfinished: True if a process may be writing it.
    """

    kind: str
    path: Path
    size: int
    state: str
    useless: str
    unfinished: bool


def directory_of(root: Path, kind: str) -> Path:
    """Return the directory of a kind in the cache directory ``root``."""
    return root / _DIRECTORIES.get(kind, kind)


def entries(root: Path, kinds: Iterable[str]) -> list[Entry]:
    """List the files of some kinds. Reads only the metadata of each.

    Foreign files in the directories of ``MADE`` are not listed.

    Args:
        root: the cache directory, which need not exist.
        kinds: of ``MADE`` and ``BROUGHT``.

    Raises:
        FerBenchError: the directory cannot be read.
    """
    with _one_kind_of_error(root):
        return [
            entry
            for kind in kinds
            for path in (_files(directory_of(root, kind)) if kind in MADE else _tree(root / kind))
            if kind not in MADE or _is_ours(path)
            if (entry := _entry(kind, path)) is not None
        ]


def foreign_paths(root: Path, kinds: Iterable[str]) -> list[Path]:
    """List the files among some kinds of ``MADE`` that no run wrote.

    Raises:
        FerBenchError: the directory cannot be read.
    """
    with _one_kind_of_error(root):
        return [
            path
            for kind in kinds
            for path in _files(directory_of(root, kind))
            if not _is_ours(path)
        ]


def remove(root: Path, chosen: Collection[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Remove files, except those that a process may be writing or has written since.

    Args:
        root: the cache directory.
        chosen: files of ``MADE``.

    Returns:
        Removed files, and files that stay. Files removed by another process are in neither.

    Raises:
        FerBenchError: the directory cannot be written to.
    """
    removed: list[Entry] = []
    stays: list[Entry] = []
    with _one_kind_of_error(root):
        for entry in chosen:
            with contextlib.suppress(FileNotFoundError):
                if entry.unfinished or state_of(entry.path.lstat()) != entry.state:
                    stays.append(entry)
                else:
                    entry.path.unlink()
                    removed.append(entry)
    return removed, stays


def _files(directory: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(directory.iterdir())


def _is_ours(path: Path) -> bool:
    """Return True if a run wrote the file, by its name and its first bytes."""
    if is_temporary_file(path.name):
        return path.is_file() and not path.is_symlink()
    return _ENTRY_NAME.fullmatch(path.name) is not None and array_cache.is_ours(path)


def _tree(directory: Path) -> Iterator[Path]:
    """Yield all files in a directory tree."""
    for inner, _, names in os.walk(directory):
        yield from (Path(inner, name) for name in names)


def _entry(kind: str, path: Path) -> Entry | None:
    """Return the entry of a file, or None if the file no longer exists."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    useless, unfinished = "", False
    if kind in MADE:
        unfinished = is_temporary_file(path.name) and not is_left_behind(status)
        if not is_temporary_file(path.name):
            useless = array_cache.useless(path)
        elif not unfinished:
            useless = "left behind by a killed process"
    return Entry(kind, path, status.st_size, state_of(status), useless, unfinished)


@contextlib.contextmanager
def _one_kind_of_error(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FerBenchError(
            f"cannot be read or written to ({cause_of(error)})",
            "readable and writable files and directories in the cache directory",
            "choose another cache directory with FER_BENCH_CACHE",
            path=root if error.filename is None else Path(error.filename),
        ) from error
