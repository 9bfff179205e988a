"""Files that are there whole or not at all, what they are known by, and why they failed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import re
import stat
import time
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

_PART = re.compile(r"\.[0-9a-f]{16}-[0-9a-f]{32}\.part")
_LEFT_BEHIND_S = 24 * 60 * 60
"""No write takes so long: a part of this age belongs to a process that was killed."""


def file_digest(path: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file's bytes, read piece by piece.

    Args:
        path: the file.
        algorithm: a name that ``hashlib`` knows, for example ``"sha256"``.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open_regular(path) as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def open_regular(path: Path) -> BufferedReader:
    """Opens a file for reading, where it is one: a pipe may never end, nor may a device.

    Raises:
        OSError: the file cannot be read, or is none.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # of a folder, the system tells that it is
        what = "it is a pipe, a socket or a device, and no file"
        raise OSError(errno.EINVAL, what, str(path))
    return path.open("rb")


def read_regular(path: Path, most: int) -> bytes:
    """What a file holds.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: the file cannot be read, is none, or is larger.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {most:,}", str(path))
        return file.read()


def expand_user(path: str) -> Path:
    """A path with ``~`` and ``~user`` replaced, and as it is where there is no such user."""
    try:
        # Path.expanduser raises where there is no such user.
        return Path(os.path.expanduser(path))  # noqa: PTH111
    except ValueError:  # no user's name can hold a null character
        return Path(path)


def state_of(status: os.stat_result) -> str:
    """Words that change whenever the content of a file may have changed.

    The time of the last change of content can be set back by anyone, as ``cp -p`` and ``tar``
    do; that of the last change of status and the file's number tell even then.
    """
    return (
        f"file {status.st_ino} of {status.st_size} bytes, changed at {status.st_mtime_ns} and "
        f"{status.st_ctime_ns} ns"
    )


def cause_of(error: BaseException) -> str:
    """What an error says, in one line of at most 200 characters."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:200]


def write_atomically(path: Path, content: str | bytes | Callable[[IO[bytes]], object]) -> None:
    """Writes a file so that no reader ever sees a part of it.

    The content goes to a new file in the same folder, which then takes the place of ``path``.
    When anything fails, that new file is removed and ``path`` stays as it was. What killed
    processes left behind of the same file is removed after a day. Missing folders are made.

    Args:
        path: the file to write.
        content: bytes as they are, text as UTF-8 with its line ends untouched, or what writes into
            the open file, so that the whole is never in memory.

    Raises:
        FerBenchError: the folder cannot be made or written to, or the disk is full.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    # By its digest, a file with the longest name that there may be has room for more.
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    waiting = path.parent / f".{mark}-{uuid.uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(path.parent, mark)
        try:
            with waiting.open("xb") as file:
                if callable(data):
                    data(file)
                else:
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                waiting.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FerBenchError(
            f"cannot write {str(path)!r}: {cause_of(error)}; accepted: a file in a folder that can "
            "be written to; name another one or make room"
        ) from error


def set_aside(path: Path, name: str) -> Path:
    """Renames what is not ours and stands in the way of what we write.

    Args:
        path: what stands there.
        name: of what takes its place.

    Returns:
        Where it lies now, in the same directory.

    Raises:
        OSError: it cannot be renamed.
    """
    taken = {entry.name for entry in path.parent.iterdir()}
    numbered = (f"{name}.kept-{number}" for number in itertools.count(1))
    kept = path.with_name(next(one for one in numbered if one not in taken))
    path.rename(kept)
    return kept


def is_part(name: str) -> bool:
    """Whether a file of this name is one that ``write_atomically`` has not finished."""
    return _PART.fullmatch(name) is not None


def is_left_behind(status: os.stat_result) -> bool:
    """Whether the writer of an unfinished file is sure to be gone."""
    return time.time() - status.st_mtime > _LEFT_BEHIND_S


def _remove_left_behind(folder: Path, mark: str) -> None:
    for part in folder.glob(f".{mark}-*.part"):
        with contextlib.suppress(OSError):
            status = part.lstat()
            if is_part(part.name) and stat.S_ISREG(status.st_mode) and is_left_behind(status):
                part.unlink()
