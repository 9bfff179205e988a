"""One process at a time works on one part of the store.

``<store>/locks/`` holds, for each part that was worked on, a file that the system locks. Where the
file system has no such locks, as some of networks have not, a file ``.held`` is there as long as
the lock is held. In both cases a file ``.holder`` says meanwhile which process holds it, and
changes from time to time as a sign that this process is alive.
"""

from __future__ import annotations

import contextlib
import errno
import json
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

LOCKS = "locks"
"""Folder of the locks within the store. What the system locks stays: removing it is a race."""

BEAT_S = 15.0
"""Seconds between a holder's signs of life."""

TELL_S = 3.0
"""Seconds of waiting after which the holder is named."""

LIMIT_S = 600.0
"""Seconds for which a holder without a sign of life is waited for."""

_POLL_S = 0.2
_LARGEST = 4096
_NO_FLOCK = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}


@contextlib.contextmanager
def locked(store: Path, kind: str, key: str, progress: Progress = silent) -> Iterator[None]:
    """Holds the lock of one part, waiting for another process that has it.

    The lock is free when its process ends, however it ends; where the system has no locks, this
    holds on the same host alone.

    Args:
        store: the store's folder.
        kind: of the part, for example ``"features"``.
        key: of the part.
        progress: told when there is another process to wait for.

    Raises:
        OSError: the folder cannot be written to.
        StoreError: the holder has shown no sign of life for a long time.
    """
    place = _Place.of(store, kind, key)
    try:
        place.lock.acquire(timeout=0)
    except Timeout:
        progress(f"waiting for another process that works on the same {kind}", 0, 1)
        _wait(place, kind)
    with _held(place):
        yield


@contextlib.contextmanager
def lock_if_free(store: Path, kind: str, key: str) -> Iterator[bool]:
    """Holds the lock of one part if no process has it.

    Yields:
        Whether it is held.

    Raises:
        OSError: the folder cannot be written to.
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
    """A lock and the file that says who holds it."""

    lock: BaseFileLock
    holder: Path

    @classmethod
    def of(cls, store: Path, kind: str, key: str) -> _Place:
        folder = store / LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{kind}-{key}"
        # Not where the system's own lock lies, whose file stays when it is released.
        lock = (
            FileLock(folder / f"{name}.lock")
            if _has_flock(folder)
            else SoftFileLock(folder / f"{name}.held")
        )
        return cls(lock, folder / f"{name}.holder")

    @property
    def is_soft(self) -> bool:
        return isinstance(self.lock, SoftFileLock)

    def described(self) -> str:
        """Name of the process that holds the lock, as far as it says so."""
        try:
            noted = json.loads(read_regular(self.holder, _LARGEST))
            pid, host, since = (noted[name] for name in ("pid", "host", "since"))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return "a process that does not say which one it is"
        return f"process {shown(pid, 20)} on {shown(host)} (since {shown(since, 40)})"

    def sign(self) -> object:
        """Changes as long as the holder is alive, and with the holder."""
        with contextlib.suppress(OSError):
            status = self.holder.lstat()
            return status.st_mtime_ns, status.st_ino
        return None


def _wait(place: _Place, kind: str) -> None:
    """Acquires a lock that another process holds.

    Raises:
        StoreError: the holder has shown no sign of life for a long time.
    """
    began = alive = time.monotonic()
    sign, is_told = place.sign(), False
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
            gone = "if it is gone, remove that file, else " if place.is_soft else ""
            raise StoreError(
                f"{place.described()} holds the lock {place.lock.lock_file!r} and has shown no "
                f"sign of life for {LIMIT_S / 60:.0f} minutes; {gone}end it or let it go on, and "
                "run the same command again"
            )
        if now - began >= TELL_S and not is_told:
            is_told = True
            text = (
                f"fer_bench: waiting for {place.described()}, which works on the same {kind} (lock "
                f"{place.lock.lock_file!r}); this run ends if it shows no sign of life for "
                f"{LIMIT_S / 60:.0f} minutes"
            )
            echo(text, err=True)


@contextlib.contextmanager
def _held(place: _Place) -> Iterator[None]:
    """Says who holds a lock, gives signs of life meanwhile, and releases it in the end."""
    note = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    stop = threading.Event()
    beat = threading.Thread(target=_beat, args=(place.holder, stop), daemon=True)
    try:
        # The lock is held without it too, as on a full disk, where there is room to be made.
        with contextlib.suppress(OSError):
            place.holder.unlink(missing_ok=True)
            place.holder.write_text(json.dumps(note), "utf-8")
        beat.start()
        yield
    finally:
        stop.set()
        if beat.ident is not None:
            beat.join()
        with contextlib.suppress(OSError):
            place.holder.unlink()
        place.lock.release()


def _beat(holder: Path, stop: threading.Event) -> None:
    while not stop.wait(BEAT_S):
        with contextlib.suppress(OSError):
            os.utime(holder)


def _has_flock(folder: Path) -> bool:
    """Check if the system can lock files in a directory."""
    if sys.platform == "win32":
        return True
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
    probe = os.open(folder / "probe", flags, 0o666)
    try:
        # Shared, so that no two processes get in each other's way.
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_FLOCK:
            return False
        raise
    finally:
        os.close(probe)
    return True
