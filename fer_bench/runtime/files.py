"""Atomic writes, digests and change detection of files, and causes of file errors."""

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
    from collections.abc import Callable, Iterator
    from io import BufferedReader

_PART = re.compile(r"\.[0-9a-f]{16}-[0-9a-f]{32}\.part")
_LEFT_BEHIND_S = 24 * 60 * 60
"""Age in seconds from which a temporary file is stale: no write takes so long."""

_ATTEMPTS = 10
"""Number of times that a file is read if it is replaced each time."""


def file_digest(path: Path, algorithm: str) -> str:
    """Return the hexadecimal digest of a file by an algorithm of ``hashlib``.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open_regular(path) as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; a pipe or a device may never end.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # open() itself rejects a directory
        what = "it is a pipe, a socket or a device, not a file"
        raise OSError(errno.EINVAL, what, str(path))
    return path.open("rb")


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes.

    A file that is replaced meanwhile is read again: a network file system may not keep the old one
    for its readers.

    Raises:
        OSError: the file cannot be read, is not a regular file, or is larger.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _read(path, most)
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
    return _read(path, most)


def _read(path: Path, most: int) -> bytes:
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {most:,}", str(path))
        return file.read()


def expand_user(path: str) -> Path:
    """Expand ``~`` and ``~user``; leave the path unchanged if there is no such user."""
    try:
        # Path.expanduser raises if there is no such user.
        return Path(os.path.expanduser(path))  # noqa: PTH111
    except ValueError:  # a null character in the user name
        return Path(path)


def state_of(status: os.stat_result) -> str:
    """Return a text that changes whenever the content of a file may have changed.

    The modification time alone is not enough, as ``cp -p`` and ``tar`` set it back; the status
    change time and the inode number differ even then.
    """
    return (
        f"file {status.st_ino} of {status.st_size} bytes, changed at {status.st_mtime_ns} and "
        f"{status.st_ctime_ns} ns"
    )


def cause_of(error: BaseException) -> str:
    """Return the message of an error as one line of at most 200 characters."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:200]


def check_writable(option: str, directory: Path) -> None:
    """Check that the directory of an option exists or can be created, and is writable.

    Raises:
        FerBenchError: it is not.
    """
    try:
        nearest = next(place for place in (directory, *directory.parents) if os.path.lexists(place))
        is_usable = stat.S_ISDIR(nearest.stat().st_mode) and os.access(nearest, os.W_OK | os.X_OK)
        for part in directory.relative_to(nearest).parts if is_usable else ():
            with contextlib.suppress(FileNotFoundError):
                (nearest / part).lstat()
    except (OSError, ValueError) as error:
        raise FerBenchError(
            f"{option} {str(directory)!r}: {cause_of(error)}",
            hint="choose a directory that can be created and written to",
        ) from None
    if not is_usable:
        raise FerBenchError(
            f"{option} {str(directory)!r}: {str(nearest)!r} is not a writable directory",
            hint="choose another directory",
        )


def write_atomically(path: Path, content: str | bytes | Callable[[IO[bytes]], object]) -> None:
    """Write a file so that no reader ever sees it incomplete.

    The content goes to a temporary file in the same directory, which then replaces ``path``. If
    anything fails, the temporary file is removed and ``path`` stays as it was. Temporary files of
    the same path that killed processes left behind are removed after a day. Missing directories
    are created.

    Args:
        path: the file to write.
        content: bytes; text, written as UTF-8 with its line endings unchanged; or a callable that
            writes to the open file, so that the content is never completely in memory.

    Raises:
        FerBenchError: the directory cannot be created or written to, or the disk is full.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        with replacing(path) as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
    except OSError as error:
        raise FerBenchError(
            f"cannot write {str(path)!r}: {cause_of(error)}",
            "a file in a writable directory",
            "choose another file or free disk space",
        ) from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces ``path`` when the block ends, as ``write_atomically``.

    Yields:
        A file, open for writing and reading. If the block raises, the file is removed, and so are
        the directories that were created for it.

    Raises:
        OSError: the directory cannot be created or written to, or the disk is full.
    """
    # A digest instead of the name, which may already have the longest permitted length.
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    waiting = path.parent / f".{mark}-{uuid.uuid4().hex}.part"
    created = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(path.parent, mark)
    try:
        with waiting.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            waiting.unlink(missing_ok=True)
            # Another process may have filled them meanwhile; then they stay.
            for parent in created:
                parent.rmdir()
        raise


def set_aside(path: Path, name: str) -> Path:
    """Rename a foreign file or directory that is in the way of ``name``; return its new path.

    Raises:
        OSError: it cannot be renamed.
    """
    existing = {entry.name for entry in path.parent.iterdir()}
    numbered = (f"{name}.kept-{number}" for number in itertools.count(1))
    kept = path.with_name(next(one for one in numbered if one not in existing))
    path.rename(kept)
    return kept


def is_temporary_file(name: str) -> bool:
    """Check if a file name is that of a temporary file of ``write_atomically``."""
    return _PART.fullmatch(name) is not None


def is_left_behind(status: os.stat_result) -> bool:
    """Check if a temporary file is so old that its writer must be gone."""
    return time.time() - status.st_mtime > _LEFT_BEHIND_S


def _remove_left_behind(directory: Path, mark: str) -> None:
    for part in directory.glob(f".{mark}-*.part"):
        with contextlib.suppress(OSError):
            status = part.lstat()
            is_ours = is_temporary_file(part.name) and stat.S_ISREG(status.st_mode)
            if is_ours and is_left_behind(status):
                part.unlink()
