"""One process at a time works on one part of the store."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from fer_bench.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.progress import Progress

LOCKS = "locks"
"""Folder of the lock files within the store. They are empty and stay: removing one is a race."""


@contextlib.contextmanager
def locked(store: Path, kind: str, key: str, progress: Progress = silent) -> Iterator[None]:
    """Holds the lock of one part, waiting for another process that has it.

    The system releases the lock when its process ends, however it ends.

    Args:
        store: the store's folder.
        kind: of the part, for example ``"features"``.
        key: of the part.
        progress: told when there is another process to wait for.

    Raises:
        OSError: the folder cannot be written to.
    """
    with lock_if_free(store, kind, key) as held:
        if held:
            yield
            return
    progress(f"waiting for another process that works on the same {kind}", 0, 1)
    with _lock(store, kind, key):
        yield


@contextlib.contextmanager
def lock_if_free(store: Path, kind: str, key: str) -> Iterator[bool]:
    """Holds the lock of one part if no process has it.

    Yields:
        Whether it is held.

    Raises:
        OSError: the folder cannot be written to.
    """
    lock = _lock(store, kind, key)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock(store: Path, kind: str, key: str) -> FileLock:
    folder = store / LOCKS
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{kind}-{key}.lock")
