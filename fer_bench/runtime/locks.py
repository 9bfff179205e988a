"""Locks between processes, one for each entry of the store.

``<store>/locks/`` contains a lock file for each entry that was worked on. If the file system does
not support ``flock``, as some network file systems do not, a file ``.held`` exists for as long as
the lock is held. In both cases a file ``.holder`` names the process that holds the lock; its
modification time is updated regularly as a heartbeat. If another process replaces or removes that
file meanwhile, the file system does not share its locks between machines, or the lock was lost with
the connection: that is a warning.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import sys
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock, SoftFileLock, Timeout

from fer_bench.runtime.errors import shown
from fer_bench.runtime.files import read_regular
from fer_bench.runtime.progress import silent
from fer_bench.runtime.sealed_directories import StoreError
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from fer_bench.runtime.progress import Progress

log = logging.getLogger("fer_bench.runtime.locks")

LOCKS = "locks"
"""Directory of the locks in the store. Lock files stay: removing one is a race condition."""

BEAT_S = 15.0
"""Seconds between two heartbeats of a holder."""

REPORT_AFTER_S = 3.0
"""Seconds of waiting after which a message names the holder."""

LIMIT_S = 600.0
"""Seconds without a heartbeat after which waiting ends with an error."""

_POLL_S = 0.2
_LARGEST = 4096
_NO_FLOCK = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}


@contextlib.contextmanager
def locked(store: Path, kind: str, key: str, progress: Progress = silent) -> Iterator[None]:
    """Hold the lock of a store entry, after waiting for any other process that holds it.

    The lock is released when its process ends, however it ends; without ``flock`` this is true
    only on the same host. ``progress`` is called if there is another process to wait for.

    Raises:
        OSError: the directory cannot be written to.
        StoreError: the holder has not sent a heartbeat for ``LIMIT_S`` seconds.
    """
    place = _Place.of(store, kind, key)
    try:
        place.lock.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for another process that uses the same {kind}", 0, 1)
        _wait(place, kind)
    with _held(place):
        yield


@contextlib.contextmanager
def lock_if_free(store: Path, kind: str, key: str) -> Iterator[bool]:
    """Hold the lock of a store entry if it is free; yields True if it was acquired.

    Raises:
        OSError: the directory cannot be written to.
    """
    place = _Place.of(store, kind, key)
    try:
        place.lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    with _held(place):
        yield True


class _Place(NamedTuple):
    """Lock of a store entry and the file that names its holder."""

    lock: BaseFileLock
    holder: Path

    @classmethod
    def of(cls, store: Path, kind: str, key: str) -> _Place:
        directory = store / LOCKS
        directory.mkdir(parents=True, exist_ok=True)
        name = f"{kind}-{key}"
        # The names differ: a ``.lock`` file stays after release and would look like a held soft
        # lock.
        lock = (
            FileLock(directory / f"{name}.lock")
            if _has_flock(directory)
            else SoftFileLock(directory / f"{name}.held")
        )
        return cls(lock, directory / f"{name}.holder")

    def described(self) -> str:
        """Return a description of the process that holds the lock, as far as it is recorded."""
        try:
            noted = json.loads(self.noted())
            pid, host, since = (noted[name] for name in ("pid", "host", "since"))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return "an unknown process"
        return f"process {shown(pid, 20)} on {shown(host)} (since {shown(since, 40)})"

    def noted(self) -> bytes:
        """Return the note of the process that acquired the lock last, empty if it was removed."""
        with contextlib.suppress(FileNotFoundError):
            return read_regular(self.holder, _LARGEST)
        return b""

    def sign(self) -> object:
        """Return a value that changes with each heartbeat and with the holder."""
        with contextlib.suppress(OSError):
            status = self.holder.lstat()
            return status.st_mtime_ns, status.st_ino
        return None


def _wait(place: _Place, kind: str) -> None:
    began = alive = time.monotonic()
    sign, is_reported = place.sign(), False
    while True:
        try:
            place.lock.acquire(timeout=_POLL_S)
        except Timeout:
            pass
        else:
            return
        now, seen = time.monotonic(), place.sign()
        if seen != sign:
            sign, alive = seen, now
        if now - alive >= LIMIT_S:
            is_soft = isinstance(place.lock, SoftFileLock)
            gone = "remove that file if the process is gone, otherwise " if is_soft else ""
            raise StoreError(
                f"{place.described()} holds the lock {place.lock.lock_file!r} and has sent no "
                f"heartbeat for {LIMIT_S / 60:.0f} minutes",
                hint=f"{gone}end it or let it finish, then run the same command again",
            )
        if now - began >= REPORT_AFTER_S and not is_reported:
            is_reported = True
            text = (
                f"fer_bench: waiting for {place.described()}, which uses the same {kind} (lock "
                f"{place.lock.lock_file!r}); this run ends if that process sends no heartbeat for "
                f"{LIMIT_S / 60:.0f} minutes"
            )
            echo(text, err=True)


@contextlib.contextmanager
def _held(place: _Place) -> Iterator[None]:
    """Record the holder of an acquired lock, send heartbeats, and release it at the end."""
    fields = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    note, is_noted = json.dumps(fields).encode(), False
    stop = threading.Event()
    beat = threading.Thread(target=_beat, args=(place.holder, stop), daemon=True)
    try:
        # The lock is held without this file too: removing data from a full disk needs the lock.
        with contextlib.suppress(OSError):
            place.holder.unlink(missing_ok=True)
            place.holder.write_bytes(note)
            is_noted = True
        beat.start()
        yield
    finally:
        stop.set()
        if beat.ident is not None:
            beat.join()
        with contextlib.suppress(OSError):
            found = place.noted() if is_noted else note
            if not found:
                log.warning(
                    "store: the note of the lock %s was removed while this process held it; it may "
                    "not have been the only holder",
                    place.lock.lock_file,
                )
            elif found != note:
                log.warning(
                    "store: another process held the lock %s at the same time as this one: the "
                    "locks of this file system are not shared between machines, or the connection "
                    "to it was lost",
                    place.lock.lock_file,
                )
            else:
                place.holder.unlink()
        place.lock.release()


def _beat(holder: Path, stop: threading.Event) -> None:
    while not stop.wait(BEAT_S):
        with contextlib.suppress(OSError):
            os.utime(holder)


def _has_flock(directory: Path) -> bool:
    """Check if the file system of a directory supports ``flock``."""
    if sys.platform == "win32":
        return True
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
    probe = os.open(directory / "probe", flags, 0o666)
    try:
        # A shared lock, so that concurrent probes do not block each other.
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_FLOCK:
            return False
        raise
    finally:
        os.close(probe)
    return True
