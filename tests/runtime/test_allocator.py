"""Settings of the memory allocator."""

import platform
import subprocess
import sys
import threading

import pytest

from fer_bench.runtime import allocator

FAULTS = """
import resource, sys
import numpy as np
from fer_bench.runtime import allocator
if sys.argv[1] == "reuse":
    allocator.reuse_freed_memory()
np.ones(10**7, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for size in (10**8, 9 * 10**7, 10**8):
    np.ones(size, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
allocator.return_freed_memory()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc only")
def test_freed_memory_is_used_again():
    default, reused = (
        int(subprocess.check_output([sys.executable, "-c", FAULTS, how]))
        for how in ("default", "reuse")
    )
    assert reused < 0.5 * default


@pytest.mark.parametrize(
    ("name", "value"),
    [("MALLOC_ARENA_MAX", "4"), ("GLIBC_TUNABLES", "glibc.malloc.arena_max=4")],
)
def test_a_configured_allocator_is_left_alone(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    allocator._glibc.cache_clear()
    assert allocator._glibc() is None
    monkeypatch.undo()
    allocator._glibc.cache_clear()


@pytest.mark.parametrize("has_thread", [False, True])
def test_the_arenas_of_a_process_with_threads_stay(has_thread, monkeypatch):
    calls = []

    class Libc:
        def mallopt(self, name, value):
            calls.append((name, value))

    monkeypatch.setattr(allocator, "_glibc", Libc)
    monkeypatch.setattr(threading, "active_count", lambda: 1 + has_thread)
    allocator.reuse_freed_memory()
    assert ((allocator._ARENA_MAX, 1) in calls) is not has_thread
    assert (allocator._MMAP_MAX, 0) in calls
