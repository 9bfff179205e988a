"""Sealed directories: created atomically, with digests that reveal any later change.

A sealed directory contains files and an index with the SHA-256 of each. It is built under a
temporary name and renamed into place, so a process killed at any moment leaves either no directory
or a complete one, and at most a leftover under the temporary name, which the next writer removes.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
import stat
import uuid
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.errors import FerBenchError, bytes_shown
from fer_bench.runtime.files import file_digest, read_regular, set_aside
from fer_bench.runtime.removal import remove, remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

log = logging.getLogger("fer_bench.training.store")

INDEX = "index.json"

LARGEST = 1 << 26
"""Largest size in bytes of a JSON file that is read from a store entry."""


class StoreError(FerBenchError):
    """Error for an unusable store: no space, no permission, or not a directory."""


class Damaged(Exception):  # noqa: N818 - named after the state of the entry
    """Error for a store entry that differs from what was stored; the text says how."""


@contextlib.contextmanager
def sealed(target: Path, facts: Mapping[str, Any]) -> Iterator[Path]:
    """Create a sealed directory, replacing an older one.

    The caller must hold the lock of ``target``, as leftovers of killed writers are removed. The
    facts, which must fit in JSON, become a part of the index.

    Yields:
        A new directory to write files to. When the block ends, it becomes ``target``; if the block
        raises, it is removed and ``target`` stays as it was.

    Raises:
        OSError: the disk is full, or the directory cannot be written to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    older = aside.with_name(f"{aside.name}.old")
    aside.mkdir()
    try:
        yield aside
        files = {path.name: file_digest(path, "sha256") for path in sorted(aside.iterdir())}
        index = json.dumps({"facts": facts, "files": files}, indent=1)
        (aside / INDEX).write_text(index, "utf-8")
        if os.path.lexists(target):
            target.rename(older)
        aside.rename(target)
    except BaseException:
        if os.path.lexists(older) and not os.path.lexists(target):
            older.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
        raise
    with contextlib.suppress(OSError):
        if not remove(older):
            _say_kept(target, set_aside(older, target.name))


def facts_of(directory: Path) -> dict[str, Any]:
    """Return the facts that a sealed directory was created with.

    Raises:
        Damaged: its index cannot be read.
    """
    return _index(directory)["facts"]


def verified_paths(directory: Path, *names: str) -> tuple[Path, ...]:
    """Return the paths of files in a sealed directory after verifying their digests.

    Raises:
        Damaged: a file or the index is missing, truncated or changed.
        OSError: a file cannot be read.
    """
    digests = _index(directory)["files"]
    for name in names:
        check_regular(directory / name)
        if name not in digests:
            raise Damaged(f"{name} is missing in {INDEX}")
        if file_digest(directory / name, "sha256") != digests[name]:
            raise Damaged(f"{name} has changed since it was stored")
    return tuple(directory / name for name in names)


def is_intact(directory: Path, *names: str) -> bool:
    """Return True if files in a sealed directory are unchanged. Changes nothing."""
    try:
        verified_paths(directory, *names)
    except (Damaged, OSError):
        return False
    return True


def check_directory(directory: Path) -> None:
    """Check that the path of a store entry, if it exists, is a directory.

    Raises:
        Damaged: it is something else, or a symbolic link.
    """
    if os.path.lexists(directory) and (directory.is_symlink() or not directory.is_dir()):
        raise Damaged("it is not a directory")


def check_regular(path: Path) -> None:
    """Check that a file of a store entry is a regular file, not a pipe or a link.

    Raises:
        Damaged: it is missing, or something else.
        OSError: its status cannot be read.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise Damaged(f"{path.name} is missing") from None
    if not stat.S_ISREG(mode):
        raise Damaged(f"{path.name} is not a regular file")


def read_json(path: Path) -> Any:
    """Read a JSON file of a store entry without validating its content.

    Raises:
        Damaged: it is missing, larger than ``LARGEST``, or not JSON.
        OSError: it cannot be read.
    """
    check_regular(path)
    try:
        if path.lstat().st_size <= LARGEST:
            return json.loads(read_regular(path, LARGEST))
    except (ValueError, RecursionError):
        pass
    raise Damaged(f"{path.name} is not valid")


def discard_damaged(directory: Path, damage: Damaged, again: str) -> None:
    """Remove a damaged store entry with a warning; foreign files in its place are set aside.

    The warning ends with the consequence, such as ``again="it is trained again"``.

    Raises:
        OSError: it cannot be removed.
    """
    kept = None if remove(directory) else set_aside(directory, directory.name)
    log.warning("store: %s is damaged: %s; it was discarded and %s", directory, damage, again)
    if kept is not None:
        _say_kept(directory, kept)


def _say_kept(directory: Path, kept: Path) -> None:
    log.warning("store: files in %s that fer_bench did not write were kept: %s", directory, kept)


@contextlib.contextmanager
def store_errors(directory: Path) -> Iterator[None]:
    """Convert file-system errors into a one-line error that the user can act on.

    Raises:
        StoreError: a file below ``directory`` could not be written or read.
    """
    try:
        yield
    except OSError as error:
        cause = error.strerror or type(error).__name__
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(
            f"the store cannot be used: {cause}",
            "" if is_full else "a readable and writable directory",
            "free space ('fer-bench cache list' shows what is stored) or name another directory "
            "with --store; finished work is kept, and the same command resumes from there"
            if is_full
            else "name one with --store",
            path=directory,
        ) from error


def check_room(store: Path, needed: int, what: str) -> None:
    """Check, before the work begins, that the disk has room for the bytes of its output ``what``.

    Raises:
        FerBenchError: there is not enough space.
    """
    free = shutil.disk_usage(store).free
    if needed > free:
        raise FerBenchError(
            f"{what} need {bytes_shown(needed)}, but only {bytes_shown(free)} are free",
            hint=f"free {bytes_shown(needed - free)} more ('fer-bench cache list' shows what is "
            "stored), name another directory with --store, or reduce the images with --limit",
            path=store,
        )


def _index(directory: Path) -> dict[str, dict[str, Any]]:
    check_directory(directory)
    index: dict[str, dict[str, Any]] = read_json(directory / INDEX)
    is_index = isinstance(index, dict) and index.keys() == {"facts", "files"}
    if is_index and all(isinstance(part, dict) for part in index.values()):
        return index
    raise Damaged(f"{INDEX} is not valid")
