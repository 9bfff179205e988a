"""Folders that are there whole or not at all, and tell when anything in them has changed.

A sealed folder holds some files and an index with the SHA-256 of each. It is made aside and moved
into place in one step, so a process that is killed at any moment leaves either no folder or a
whole one, and at most a leftover under a name of its own, which the next writer removes.
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
from fer_bench.runtime.removal import remove, remove_leftovers, remove_new

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

log = logging.getLogger("fer_bench.training.store")

INDEX = "index.json"

LARGEST = 1 << 26
"""Bytes of a part's file of JSON that is read."""


class StoreError(FerBenchError):
    """The store cannot be used: no room, no permission, no folder."""


class Damaged(Exception):  # noqa: N818 - it tells what is the case
    """A stored part is not as it was stored. The text says what of it and how."""


@contextlib.contextmanager
def sealed(target: Path, facts: Mapping[str, Any]) -> Iterator[Path]:
    """Makes a sealed folder, in place of an older one.

    The caller holds the lock of ``target``: what a writer that was killed left is removed.

    Args:
        target: the folder.
        facts: what the folder is, as JSON holds it; kept in its index.

    Yields:
        A new folder to write files into. When the block ends, it becomes ``target``; when it
        raises, it is removed and ``target`` stays as it was.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
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
        remove_new(aside)
        raise
    with contextlib.suppress(OSError):
        if not remove(older):
            _say_kept(target, set_aside(older, target.name))


def facts_of(folder: Path) -> dict[str, Any]:
    """What a sealed folder was said to be.

    Raises:
        Damaged: its index cannot be read.
    """
    facts = _index(folder)["facts"]
    if not isinstance(facts, dict):
        raise Damaged(f"{INDEX} is not as it was written")
    return facts


def proven(folder: Path, *names: str) -> tuple[Path, ...]:
    """Paths of files in a sealed folder, once their content is seen to be as it was sealed.

    Raises:
        Damaged: a file or the index is gone, cut short or changed.
        OSError: the system does not let it be read.
    """
    digests = _index(folder)["files"]
    for name in names:
        check_regular(folder / name)
        if not isinstance(digests, dict) or name not in digests:
            raise Damaged(f"{name} is missing in {INDEX}")
        if file_digest(folder / name, "sha256") != digests[name]:
            raise Damaged(f"{name} has changed since it was stored")
    return tuple(folder / name for name in names)


def check_folder(folder: Path) -> None:
    """Makes sure that what has the name of a part is a directory, if it is there.

    Raises:
        Damaged: it is something else, or a link to one.
    """
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        raise Damaged("it is no directory")


def check_regular(path: Path) -> None:
    """Makes sure that a file of a part is one: no pipe is waited for, and no link followed.

    Raises:
        Damaged: it is missing, or something else.
        OSError: the system does not let it be looked at.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise Damaged(f"{path.name} is missing") from None
    if not stat.S_ISREG(mode):
        raise Damaged(f"{path.name} is no regular file")


def read_json(path: Path) -> Any:
    """Read a part's file of JSON, which may hold anything.

    Raises:
        Damaged: it is missing, or no JSON.
        OSError: the system does not let it be read.
    """
    check_regular(path)
    try:
        if path.lstat().st_size <= LARGEST:
            return json.loads(read_regular(path, LARGEST))
    except (ValueError, RecursionError):
        pass
    raise Damaged(f"{path.name} is not as it was written")


def throw_away(folder: Path, damage: Damaged, again: str) -> None:
    """Removes a damaged part and says so; what is not ours in it, or in its place, is set aside.

    Args:
        folder: what is damaged.
        damage: how.
        again: what happens now instead, for example ``"it is trained again"``.

    Raises:
        OSError: it cannot be removed.
    """
    kept = None if remove(folder) else set_aside(folder, folder.name)
    log.warning("store: %s is damaged: %s; it was thrown away and %s", folder, damage, again)
    if kept is not None:
        _say_kept(folder, kept)


def _say_kept(folder: Path, kept: Path) -> None:
    log.warning("store: what fer_bench did not write in %s was kept: it is now %s", folder, kept)


@contextlib.contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turns errors of the file system into one line that a user can act on.

    Raises:
        StoreError: something below ``folder`` could not be written or read.
    """
    try:
        yield
    except OSError as error:
        cause = error.strerror or type(error).__name__
        remedy = (
            "make room ('fer-bench cache list' shows what lies there) or name another folder with "
            "--store; what is finished is kept, and the same command goes on from there"
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else "accepted: a folder that can be read and written; name one with --store"
        )
        raise StoreError(f"the store {str(folder)!r} cannot be used: {cause}; {remedy}") from error


def check_room(store: Path, needed: int, what: str) -> None:
    """Makes sure, before the work begins, that there is room for what it will write.

    Args:
        store: the store's folder.
        needed: bytes that will be written.
        what: they are, for the error's text.

    Raises:
        FerBenchError: there is not.
    """
    free = shutil.disk_usage(store).free
    if needed > free:
        raise FerBenchError(
            f"{what} need {bytes_shown(needed)}, {str(store)!r} has {bytes_shown(free)} free, "
            f"{bytes_shown(needed - free)} too little; make room ('fer-bench cache list' shows "
            "what lies there), name another folder with --store, or take fewer images with --limit"
        )


def _index(folder: Path) -> dict[str, Any]:
    check_folder(folder)
    index = read_json(folder / INDEX)
    if isinstance(index, dict) and index.keys() == {"facts", "files"}:
        return index
    raise Damaged(f"{INDEX} is not as it was written")
