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
import shutil
import uuid
from typing import TYPE_CHECKING, Any

from fer_bench.errors import FerBenchError, bytes_shown
from fer_bench.files import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

log = logging.getLogger("fer_bench.store")

INDEX = "index.json"


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
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    older = aside.with_name(f"{aside.name}.old")
    aside.mkdir()
    try:
        yield aside
        files = {path.name: file_digest(path, "sha256") for path in sorted(aside.iterdir())}
        index = json.dumps({"facts": facts, "files": files}, indent=1)
        (aside / INDEX).write_text(index, "utf-8")
        if target.exists():
            target.rename(older)
        aside.rename(target)
    except BaseException:
        if older.exists() and not target.exists():
            older.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
        raise
    shutil.rmtree(older, ignore_errors=True)


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
        try:
            expected = digests[name]
            found = file_digest(folder / name, "sha256")
        except (FileNotFoundError, KeyError, TypeError):
            raise Damaged(f"{name} is missing") from None
        if found != expected:
            raise Damaged(f"{name} has changed since it was stored")
    return tuple(folder / name for name in names)


def throw_away(folder: Path, damage: Damaged, again: str) -> None:
    """Removes a damaged folder and says so.

    Args:
        folder: what is damaged.
        damage: how.
        again: what happens now instead, for example ``"it is trained again"``.
    """
    remove(folder)
    log.warning("store: %s is damaged: %s; it was thrown away and %s", folder, damage, again)


def remove(folder: Path) -> None:
    """Removes a folder, if it is there.

    Raises:
        OSError: it cannot be removed.
    """
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


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
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
    except FileNotFoundError:
        raise Damaged(f"{INDEX} is missing") from None
    except ValueError:
        index = None
    if isinstance(index, dict) and index.keys() == {"facts", "files"}:
        return index
    raise Damaged(f"{INDEX} is not as it was written")
