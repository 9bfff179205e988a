"""What lies in the cache folder beside the store, how large it is, and what of it can go.

Each kind has a folder. Beside them lies ``locks``, whose files stay: removing one is a race. Runs
read and write these files without locks, each file whole or not at all: so one may appear, change
or vanish at any moment, and a run that lacks one makes it again.
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
from fer_bench.runtime.files import cause_of, is_left_behind, is_part, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

MADE: Mapping[str, str] = {
    parsed_cache.FOLDER: "data sets as they were read",
    stratified_draws.FOLDER: "splits and samples",
    search_cache.FOLDER: "which images show the same picture",
}
"""Kinds that runs make again where they are gone, and what each is."""

BROUGHT: Mapping[str, str] = {
    fer2013.FOLDER: "FER2013, put there or downloaded; never removed",
    structure_files.FOLDER: "exported networks; never removed",
}
"""Kinds that are never removed: they cost a download or another machine, or are the user's own."""

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
        kind: the name of its folder, one of ``MADE`` or ``BROUGHT``.
        path: the file.
        size: its bytes.
        state: changes when another file takes its place.
        useless: why no run can use it, empty where one can.
        unfinished: whether a process may be writing it.
    """

    kind: str
    path: Path
    size: int
    state: str
    useless: str
    unfinished: bool


def entries(root: Path, kinds: Iterable[str]) -> list[Entry]:
    """The files of some kinds. Reads no more than what each says of itself.

    What lies in the folders of ``MADE`` and is not as runs write it is somebody else's, and not
    among them.

    Args:
        root: the cache folder, which need not exist.
        kinds: of ``MADE`` and ``BROUGHT``.

    Raises:
        FerBenchError: the folder cannot be read.
    """
    with _told(root):
        return [
            entry
            for kind in kinds
            for path in (_files(root / kind) if kind in MADE else _tree(root / kind))
            if kind not in MADE or _is_ours(kind, path)
            if (entry := _entry(kind, path)) is not None
        ]


def strangers(root: Path, kinds: Iterable[str]) -> list[Path]:
    """List what lies among the files of some kinds of ``MADE`` and no run wrote.

    Raises:
        FerBenchError: the folder cannot be read.
    """
    with _told(root):
        return [path for kind in kinds for path in _files(root / kind) if not _is_ours(kind, path)]


def remove(root: Path, chosen: Collection[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Removes files, those excepted that a process may be writing or has written since.

    Args:
        root: the cache folder.
        chosen: files of ``MADE``.

    Returns:
        What was removed, and what stays. What another process removed is in neither.

    Raises:
        FerBenchError: the folder cannot be written to.
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
    """Check if a run wrote a file: it has the name of one, and begins as one."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
    except FileNotFoundError:
        return False
    named = _DIGEST.fullmatch(path.name) is not None
    return is_part(path.name) or (named and _OURS[kind](path))


def _tree(folder: Path) -> Iterator[Path]:
    """All that lies in a folder and in those within it."""
    for inner, _, names in os.walk(folder):
        yield from (Path(inner, name) for name in names)


def _entry(kind: str, path: Path) -> Entry | None:
    """A file, or None where there is none any more."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    useless, unfinished = "", False
    if kind in MADE:
        unfinished = is_part(path.name) and not is_left_behind(status)
        if not is_part(path.name):
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
            f"{str(where)!r} in the cache folder cannot be read or written to: {cause_of(error)}; "
            "accepted: folders and files that can be; name another cache folder with "
            "FER_BENCH_CACHE"
        ) from error
