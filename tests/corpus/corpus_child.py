"""Child process that runs commands under time and memory limits and reports their outcomes.

    python corpus_child.py [PACKAGE ...]

imports the packages, reads jobs from standard input, one JSON object per line with the fields of
``doors.Job``, and answers each with one line of JSON on standard output, as ``doors.Outcome``.
"""

import contextlib
import ctypes
import faulthandler
import importlib
import json
import os
import re
import resource
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

SECONDS = 60
ROOM = 2 << 30
"""Address space in bytes that a command may use in addition to that of the idle process."""

CAPABILITY_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3 of capset(2)
IGNORES_MODES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


def main(packages: list[str]) -> None:
    """Run jobs until standard input ends."""
    with os.fdopen(os.dup(0)) as jobs, os.fdopen(os.dup(1), "w") as outcomes:
        # Commands read nothing from standard input; their output goes to files of their own.
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        load(packages)
        most = _memory("VmSize") + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for job in jobs:
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            outcome = one(json.loads(job))
            faulthandler.cancel_dump_traceback_later()
            outcomes.write(json.dumps(outcome) + "\n")
            outcomes.flush()


def load(packages: list[str]) -> None:
    """Import large packages before memory is measured."""
    for package in ("numpy", "pytest", "fer_bench.cli"):
        importlib.import_module(package)
    if "keras" in packages:
        from fer_bench.models.keras_backend import load_keras

        load_keras()


def one(job: dict) -> dict:
    """Run one job."""
    directory = Path(job["directory"])
    os.chdir(directory)
    os.environ["FER_BENCH_CACHE"] = str(directory / "cache")
    with _modes_hold() if job["unprivileged"] else contextlib.nullcontext():
        before = _reset_peak()
        status, out, err = _redirected(job["call"])
        grown = _memory("VmHWM") - before
    return {"status": status, "out": out, "err": err, "grown": grown}


@contextlib.contextmanager
def _modes_hold() -> Iterator[None]:
    """Drop the capabilities with which root ignores the modes of files and directories.

    The user stays the same, so that its own files, such as the project and Python's packages,
    remain readable.

    Raises:
        OSError: the two capabilities cannot be dropped.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: lower half, upper half

    def done(status: int) -> None:
        if status:
            raise OSError(ctypes.get_errno(), "cannot be bound to the modes of files")

    done(libc.capget(header, sets))
    effective = sets[0]
    sets[0] = effective & ~IGNORES_MODES
    done(libc.capset(header, sets))
    try:
        yield
    finally:
        sets[0] = effective
        done(libc.capset(header, sets))


def _redirected(call: list[str]) -> tuple[int, str, str]:
    """Run a command with standard output and error redirected to anonymous files."""
    kept = [os.dup(1), os.dup(2)]
    files = [os.memfd_create(name) for name in ("out", "err")]
    try:
        for number, file in enumerate(files, start=1):
            os.dup2(file, number)
        try:
            status = ended(call)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        for number, file in enumerate(kept, start=1):
            os.dup2(file, number)
            os.close(file)
    texts = []
    for file in files:
        with os.fdopen(file, "rb") as reader:
            reader.seek(0)
            texts.append(reader.read().decode("utf-8", "replace"))
    return status, texts[0], texts[1]


def ended(call: list[str]) -> int:
    """Run a command as its console script would, and return its exit status."""
    try:
        return _called(call)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def _called(call: list[str]) -> int:
    program, *arguments = call
    if program == "fer-bench":
        from fer_bench.cli import main as fer_bench

        fer_bench(args=arguments, prog_name="fer-bench")
    if program == "pytest":
        import pytest

        return int(pytest.main(arguments))
    from fer_bench.runtime.errors import FerBenchError

    module, _, name = arguments[0].partition(":")
    try:
        getattr(importlib.import_module(module), name)(*map(Path, arguments[1:]))
    except FerBenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _memory(what: str) -> int:
    """Return a memory statistic of this process from ``/proc``, in bytes."""
    text = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"{what}:\s+(\d+) kB", text)[1])


def _reset_peak() -> int:
    """Reset the peak memory counter, and return the current memory in bytes."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


if __name__ == "__main__":
    main(sys.argv[1:])
