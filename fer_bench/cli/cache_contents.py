"""List the cached files outside the store with their sizes, and remove those that can go.

Each kind has a directory. The files in ``locks``, next to them, stay: removing a lock file is a
race. Runs read and write cached files without locks, and atomically: a file may appear, change or
vanish at any moment, and a run that lacks one makes it again.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.data import array_cache, fer2013, parsed_cache, stratified_draws
from fer_bench.data.audit import search_cache
from fer_bench.models.builders import structure_files
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, is_left_behind, is_temporary_file, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

MADE: Mapping[str, str] = {
    parsed_cache.FOLDER: "data sets as they were read",
    stratified_draws.FOLDER: "splits and samples",
    search_cache.FOLDER: "which images show the same picture",
}
"""Kinds that runs make again if they are missing, with descriptions."""

BROUGHT: Mapping[str, str] = {
    fer2013.FOLDER: "FER2013, put there or downloaded; never removed",
    structure_files.SUBDIRECTORY: "exported networks; never removed",
}
"""Kinds that are never removed: costly to get again, or the user's own."""

_DIGEST = re.compile(r"([0-9a-f]{24}|[0-9a-f]{64})\.npz")
_USELESS: Mapping[str, Callable[[Path], str]] = {
    parsed_cache.FOLDER: parsed_cache.useless,
    stratified_draws.FOLDER: array_cache.useless,
    search_cache.FOLDER: array_cache.useless,
}

_OURS: Mapping[str, Callable[[Path], bool]] = {
    parsed_cache.FOLDER: parsed_cache.is_ours,
    stratified_draws.FOLDER: array_cache.is_ours,
    search_cache.FOLDER: array_cache.is_ours,
}


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        kind: name of its directory, one of ``MADE`` or ``BROUGHT``.
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


def entries(root: Path, kinds: Iterable[str]) -> list[Entry]:
    """List the files of some kinds. Reads only the metadata of each.

    Files in the directories of ``MADE`` that no run wrote are not listed.

    Args:
        root: the cache directory, which need not exist.
        kinds: of ``MADE`` and ``BROUGHT``.

    Raises:
        FerBenchError: the directory cannot be read.
    """
    with _told(root):
        return [
            entry
            for kind in kinds
            for path in (_files(root / kind) if kind in MADE else _tree(root / kind))
            if kind not in MADE or _is_ours(kind, path)
            if (entry := _entry(kind, path)) is not None
        ]


def foreign_paths(root: Path, kinds: Iterable[str]) -> list[Path]:
    """List the files among some kinds of ``MADE`` that no run wrote.

    Raises:
        FerBenchError: the directory cannot be read.
    """
    with _told(root):
        return [path for kind in kinds for path in _files(root / kind) if not _is_ours(kind, path)]


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
    with _told(root):
        for entry in chosen:
            with contextlib.suppress(FileNotFoundError):
                if entry.unfinished or state_of(entry.path.lstat()) != entry.state:
                    stays.append(entry)
                else:
                    entry.path.unlink()
                    removed.append(entry)
    return removed, stays


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(folder.iterdir())


def _is_ours(kind: str, path: Path) -> bool:
    """Return True if a run wrote the file, by its name and its first bytes."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
    except FileNotFoundError:
        return False
    named = _DIGEST.fullmatch(path.name) is not None
    return is_temporary_file(path.name) or (named and _OURS[kind](path))


def _tree(folder: Path) -> Iterator[Path]:
    """Yield all files in a directory tree."""
    for inner, _, names in os.walk(folder):
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
            useless = _USELESS[kind](path)
        elif not unfinished:
            useless = "left behind by a process that was killed"
    return Entry(kind, path, status.st_size, state_of(status), useless, unfinished)


@contextlib.contextmanager
def _told(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = root if error.filename is None else error.filename
        raise FerBenchError(
            f"{str(where)!r} in the cache folder cannot be read or written to: {cause_of(error)}",
            "folders and files that can be",
            "name another cache folder with FER_BENCH_CACHE",
        ) from error
