"""Removal of store entries, restricted to files that this package wrote.

A store entry is a directory of files with known names. Files and directories with any other name
are foreign and stay: links are not followed, and a directory is removed only when it is empty.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILES = re.compile(
    r"index\.json|result\.json|progress\.json|(logits|suffix|variables)\.npz"
    r"|(begun|facts)\.json|\.(begun|facts)\.json\.part|shards\.jsonl|[0-9]+\.npy"
)
_ASIDE = r"\.[0-9a-f]{8}(\.old)?"
_LEFTOVER = re.compile(rf"\.([0-9a-f]{{64}}|epoch-[0-9]+){_ASIDE}")
_DIRECTORIES = re.compile(rf"epoch-[0-9]+|{_LEFTOVER.pattern}")
_PARTS = re.compile(rf"[0-9a-f]{{64}}|{_LEFTOVER.pattern}")

_MARKS = {
    "index.json": b'{"facts":',
    "result.json": b'{"fer_bench":',
    "progress.json": b'{"history":',
    "begun.json": b'{"conditions":',
    ".begun.json.part": b'{"conditions":',
    "facts.json": b'{"images":',
    ".facts.json.part": b'{"images":',
    "shards.jsonl": b'{"shard":',
}
"""First bytes, without whitespace, of the files that identify a store entry."""


def is_leftover(name: str) -> bool:
    """Check if a directory name is one that a killed writer leaves behind."""
    return _LEFTOVER.fullmatch(name) is not None


def is_store_entry(directory: Path) -> bool:
    """Check if a directory is a store entry that this package wrote and may remove.

    It must have the name of an entry and contain a file that identifies it; or have the name of a
    leftover of a killed writer and contain only files and directories of a store entry.
    """
    if not _PARTS.fullmatch(directory.name) or not _is_directory(directory):
        return False
    entries = list(_entries(directory))
    if is_leftover(directory.name):
        return all(_is_own(entry) for entry in entries)
    inner = [entry for path in entries if _is_own_directory(path) for entry in _entries(path)]
    return any(_is_marked(entry) for entry in (*entries, *inner))


def remove(directory: Path) -> bool:
    """Remove the files of a store entry that this package wrote.

    Returns:
        True if the directory is gone, False if it contains foreign files or is not a directory.

    Raises:
        OSError: a file cannot be removed.
    """
    if not os.path.lexists(directory):
        return True
    if not _is_directory(directory):
        return False
    for path in _entries(directory):
        if _is_own_directory(path):
            remove(path)
        elif _is_own(path):
            path.unlink(missing_ok=True)
    try:
        directory.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def remove_leftovers(target: Path) -> None:
    """Remove leftovers of killed writers next to a store entry, as far as possible."""
    pattern = re.compile(rf"\.{re.escape(target.name)}{_ASIDE}")
    for path in _entries(target.parent):
        if pattern.fullmatch(path.name) and _is_directory(path):
            with contextlib.suppress(OSError):
                remove(path)


def _entries(directory: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(directory.iterdir())


def _is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _is_own_directory(path: Path) -> bool:
    return _DIRECTORIES.fullmatch(path.name) is not None and _is_directory(path)


def _is_own(path: Path) -> bool:
    return _is_own_directory(path) or (
        _FILES.fullmatch(path.name) is not None and not _is_directory(path)
    )


def _is_marked(path: Path) -> bool:
    mark = _MARKS.get(path.name)
    try:
        if mark is None or not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            return b"".join(file.read(64).split()).startswith(mark)
    except FileNotFoundError:
        return False
