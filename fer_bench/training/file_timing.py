"""Timing of exported files, in turn and each in a process of its own."""

from __future__ import annotations

import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from fer_bench.models.numerical_environment import conditions
from fer_bench.results.runtime_speeds import SCHEMA, FileSpeed, RuntimeSpeeds
from fer_bench.results.speeds import ROUNDS_FOR_P99, InferenceSpeed
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.version import __version__
from fer_bench.training.file_inference import OpenedFile, open_file, time_calls, time_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

T = TypeVar("T")

BATCH_SIZES = (1, 32)
WARM_UP_CALLS, LEAST_CALLS = 3, 10
TURNS = 5
"""Number of turns that the calls of a file are divided into: the machine's speed drifts."""
SECONDS = 20.0
"""Time of all calls of a file and batch size: a slow network gets fewer calls, and no p99."""


def time_files(paths: Sequence[Path], threads: int) -> RuntimeSpeeds:
    """Time the inference of files on random images, on the CPU.

    The calls of the files alternate in turns, so that all see the same drift of the machine. Before
    and after those of a batch size, the reference workload is timed if Keras is installed.

    Args:
        paths: files of the formats that ``open_file`` accepts, each once.
        threads: number of threads of each runtime.

    Raises:
        FerBenchError: a file cannot be opened or run.
    """
    with ExitStack() as stack:
        pools = [
            stack.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
            for _ in range(len(paths) + 1)
        ]
        *workers, machine = pools
        files = list(zip(workers, paths, strict=True))
        opened = [_result(pool, path, open_file, path, threads) for pool, path in files]
        speeds: list[list[InferenceSpeed]] = [[] for _ in paths]
        for size in BATCH_SIZES:
            before = machine.submit(time_reference, threads).result()
            seconds = _in_turns(files, size)
            after = machine.submit(time_reference, threads).result()
            reference = None if before is None or after is None else before.joined(after)
            for each, found in zip(seconds, speeds, strict=True):
                found.append(InferenceSpeed.of(size, each, reference))
    return RuntimeSpeeds(
        schema=SCHEMA,
        fer_bench=__version__,
        threads=threads,
        processor=dict(conditions()).get("processor", ""),
        files=tuple(
            _record(path, one, found)
            for path, one, found in zip(paths, opened, speeds, strict=True)
        ),
    )


def _in_turns(
    files: Sequence[tuple[ProcessPoolExecutor, Path]], batch_size: int
) -> list[list[float]]:
    """Return the seconds of each file's calls."""
    calls = []
    for pool, path in files:
        warm = _result(pool, path, time_calls, batch_size, WARM_UP_CALLS)
        affordable = min(ROUNDS_FOR_P99, max(LEAST_CALLS, int(SECONDS / warm[-1])))
        calls.append(math.ceil(affordable / TURNS))
    seconds: list[list[float]] = [[] for _ in files]
    for _ in range(TURNS):
        for (pool, path), count, found in zip(files, calls, seconds, strict=True):
            found += _result(pool, path, time_calls, batch_size, count)
    return seconds


def _result(
    pool: ProcessPoolExecutor, path: Path, function: Callable[..., T], *arguments: object
) -> T:
    try:
        return pool.submit(function, *arguments).result()
    except BrokenProcessPool as error:
        raise FerBenchError("its runtime ended the process", path=path) from error


def _record(path: Path, opened: OpenedFile, speeds: Sequence[InferenceSpeed]) -> FileSpeed:
    _, *image = opened.axes
    height, width, channels = (axis or 1 for axis in image)
    fingerprint = opened.metadata.get("fingerprint")
    return FileSpeed(
        file=path.name,
        sha256=opened.sha256,
        runtime=opened.runtime,
        version=opened.version,
        shape=(height, width, channels),
        dtype=opened.dtype,
        fingerprint=fingerprint if isinstance(fingerprint, str) else "",
        speeds=tuple(speeds),
    )
