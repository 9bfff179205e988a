"""Settings of the C library's memory allocator.

Activations of a forward pass are blocks of many megabytes. By default, glibc requests each from the
kernel and returns it when it is freed, so that the kernel clears its pages again for the next
batch: a third of the time of a pass through small images.
"""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from functools import cache
from typing import Any

# From glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8


def reuse_freed_memory() -> None:
    """Let glibc reuse freed blocks of any size instead of returning them to the kernel.

    The settings hold for the process until it ends. If it has no other thread yet, those that start
    later share one arena, so that one can reuse what another freed; otherwise the arenas stay as
    they are. Does nothing with another C library, or if the environment configures the allocator.
    """
    libc = _glibc()
    if libc is not None:
        if threading.active_count() == 1:
            libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def return_freed_memory() -> None:
    """Return the freed blocks to the kernel, if glibc keeps them."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> Any:
    """Return glibc, or None if it is not used or configured by the environment."""
    is_configured = any(
        name.startswith("MALLOC_") or (name == "GLIBC_TUNABLES" and "malloc" in value)
        for name, value in os.environ.items()
    )
    if is_configured or platform.libc_ver()[0] != "glibc":
        return None
    return ctypes.CDLL(None)
