"""Removal of what this package wrote into the store, and of nothing else.

A part is a directory of files with names of their own. Files and directories that have other names
are somebody else's: no link is followed, and no directory is removed before it is empty.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
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
_FOLDERS = re.compile(rf"epoch-[0-9]+|{_LEFTOVER.pattern}")
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
"""Beginnings, blanks aside, of the files that say what a part is."""


def is_leftover(name: str) -> bool:
    """Check if a writer that was killed leaves a directory of this name."""
    return _LEFTOVER.fullmatch(name) is not None


def is_part(folder: Path) -> bool:
    """Check if this package wrote a directory in the store, so that it may be removed.

    It has the name of a part, and a file in it says what it is; or it has the name of what a killed
    writer leaves behind and holds nothing else than a part does.
    """
    if not _PARTS.fullmatch(folder.name) or not _is_folder(folder):
        return False
    entries = list(_entries(folder))
    if is_leftover(folder.name):
        return all(_is_own(entry) for entry in entries)
    inner = [entry for path in entries if _is_own_folder(path) for entry in _entries(path)]
    return any(_is_marked(entry) for entry in (*entries, *inner))


def remove(folder: Path) -> bool:
    """Removes a part as far as this package wrote it.

    Returns:
        Whether nothing is left of it, for it held nothing else.

    Raises:
        OSError: a file cannot be removed.
    """
    if not os.path.lexists(folder):
        return True
    if not _is_folder(folder):
        return False
    for path in _entries(folder):
        if _is_own_folder(path):
            remove(path)
        elif _is_own(path):
            path.unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def remove_leftovers(target: Path) -> None:
    """Removes what killed writers of a part left beside it, as far as that is possible."""
    pattern = re.compile(rf"\.{re.escape(target.name)}{_ASIDE}")
    for path in _entries(target.parent):
        if pattern.fullmatch(path.name) and _is_folder(path):
            with contextlib.suppress(OSError):
                remove(path)


def remove_new(folder: Path) -> None:
    """Removes a directory that this very process has made and filled, as far as possible."""
    shutil.rmtree(folder, ignore_errors=True)


def _entries(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(folder.iterdir())


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _is_own_folder(path: Path) -> bool:
    return _FOLDERS.fullmatch(path.name) is not None and _is_folder(path)


def _is_own(path: Path) -> bool:
    return _is_own_folder(path) or (
        _FILES.fullmatch(path.name) is not None and not _is_folder(path)
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
