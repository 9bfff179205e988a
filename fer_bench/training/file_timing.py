"""Timing of exported files by their runtimes, in turn and each in a process of its own.

TensorFlow takes the number of its threads only before it is first used.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import multiprocessing
import os
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fer_bench.models import keras_backend
from fer_bench.models.numerical_environment import conditions
from fer_bench.results.model_metadata import KEY, MEMBER, MOST_PIXELS
from fer_bench.results.runtime_speeds import SCHEMA, FileSpeed, RuntimeSpeeds
from fer_bench.results.speeds import ROUNDS_FOR_P99, InferenceSpeed
from fer_bench.runtime.errors import INSTALL, FerBenchError
from fer_bench.runtime.files import cause_of, read_regular
from fer_bench.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.results.runtime_speeds import Runtime
    from fer_bench.results.speeds import Reference

    Opened = tuple["OpenedFile", Callable[[NDArray[Any]], Any]]
    """A file, and the function that runs it on images."""

T = TypeVar("T")

BATCH_SIZES = (1, 32)
WARM_UP_CALLS, LEAST_CALLS = 3, 10
TURNS = 5
"""Number of turns that the calls of a file are divided into: the machine's speed drifts."""
SECONDS = 20.0
"""Time of all calls of a file and batch size: a slow network gets fewer calls, and no p99."""

_SEED = 0

_MOST_BYTES = 1 << 31
"""Size limit of a file: ONNX and LiteRT files cannot be larger."""

_MOST_METADATA = 1 << 24
"""Size limit of the metadata in a zip archive, which may declare any."""


def time_files(paths: Sequence[Path], threads: int) -> RuntimeSpeeds:
    """Time the inference of files on random images, on the CPU with a number of threads.

    The calls of the files alternate in turns, so that all see the same drift of the machine. Before
    and after those of a batch size, the reference workload is timed if Keras is installed.

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


@dataclass(frozen=True)
class OpenedFile:
    """A file that its runtime has opened.

    Attributes:
        runtime, version: library that runs it.
        axes: axes of its input: images, height, width and channels; None for one of any length.
        dtype: type of its input.
        metadata: metadata in the file, as of ``fer_bench.results.model_metadata``; empty without.
        sha256: SHA-256 of its content.
    """

    runtime: Runtime
    version: str
    axes: tuple[int | None, ...]
    dtype: str
    metadata: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""


_running: dict[str, Any] = {}
"""Function and shape of the file that this process has opened."""


def open_file(path: Path, threads: int) -> OpenedFile:
    """Open an ``.onnx``, ``.keras`` or ``.tflite`` file in this process, for ``time_calls``.

    The axes of its input are replaced by those of an image where they are open.

    Raises:
        FerBenchError: the file cannot be read or has another name, its runtime is not installed or
            cannot open it, or it has not one input of images.
    """
    kind = path.suffix.lower()
    openers = {".onnx": _open_onnx, ".keras": _open_keras, ".tflite": _open_litert}
    try:
        path.stat()
        if kind not in openers:
            raise FerBenchError(
                f"{path.name!r} is not a network that can be timed", ", ".join(openers), path=path
            )
        content = read_regular(path, _MOST_BYTES)
    except OSError as error:
        raise FerBenchError(f"cannot be read: {cause_of(error)}", path=path) from error
    try:
        found, run = openers[kind](path, content, threads)
    except FerBenchError:
        raise
    except ImportError as error:
        problem = f"its runtime cannot be imported: {cause_of(error)}"
        raise FerBenchError(problem, hint=_INSTALL[kind], path=path) from error
    # Runtimes raise any exception for a file that they do not understand.
    except Exception as error:
        raise FerBenchError(f"cannot be opened: {cause_of(error)}", path=path) from error
    found = replace(found, metadata=found.metadata or _member(content))
    found = replace(
        found, sha256=hashlib.sha256(content).hexdigest(), axes=_image_axes(found, path)
    )
    _running.update(run=run, axes=found.axes, dtype=found.dtype, path=path)
    return found


def time_calls(batch_size: int, calls: int) -> list[float]:
    """Return the seconds of calls of the file that this process has opened, on random images.

    Raises:
        FerBenchError: the file does not accept the images.
    """
    run, (size, *image), dtype = _running["run"], _running["axes"], _running["dtype"]
    if size not in (None, batch_size):
        raise FerBenchError(
            f"it takes batches of {size} only, not of {batch_size}", path=_running["path"]
        )
    values = np.random.default_rng(_SEED).integers(0, 256, (batch_size, *image), np.uint8)
    images = np.ascontiguousarray(values, dtype)
    seconds = []
    try:
        for _ in range(calls):
            started = perf_counter()
            run(images)
            seconds.append(perf_counter() - started)
    except Exception as error:
        raise FerBenchError(f"cannot be run: {cause_of(error)}", path=_running["path"]) from error
    return seconds


_INSTALL = {
    ".onnx": f"install it with {INSTALL.replace('cpu', 'onnx')}",
    ".keras": f"install it with {INSTALL}",
    ".tflite": "install it with pip install ai-edge-litert",
}


def _open_onnx(path: Path, content: bytes, threads: int) -> Opened:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # only what ends the process: errors are raised, too
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    _check_inputs(len(inputs), path)
    kind = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}.get(inputs[0].type)
    if kind is None:
        raise FerBenchError(f"its input is a {inputs[0].type}", "uint8 or float32", path=path)
    axes = tuple(axis if isinstance(axis, int) else None for axis in inputs[0].shape)
    metadata = _parsed(session.get_modelmeta().custom_metadata_map.get(KEY, ""))
    version = keras_backend.version("onnxruntime", "onnxruntime-gpu")
    name = inputs[0].name
    return (
        OpenedFile("onnxruntime", version, axes, kind, metadata),
        lambda images: session.run(None, {name: images}),
    )


def _open_keras(path: Path, _: bytes, threads: int) -> Opened:
    _limit_keras(threads)
    import keras

    from fer_bench.models.builders import layers  # noqa: F401 - registers this package's layers

    network = keras.saving.load_model(path, compile=False, safe_mode=True)
    _check_inputs(len(network.inputs), path)
    (tensor,) = network.inputs
    version = f"{keras.__version__}, {keras_backend.backend_version()}"
    opened = OpenedFile("Keras", version, tuple(tensor.shape), str(tensor.dtype))
    return opened, network.predict_on_batch


def time_reference(threads: int) -> Reference | None:
    """Time the reference workload in this process, which opens no file; None without Keras."""
    try:
        _limit_keras(threads)
    except (FerBenchError, ImportError):
        return None
    from fer_bench.training.reference_workload import timed

    return timed()


def _limit_keras(threads: int) -> None:
    """Import Keras on TensorFlow and the CPU, with a number of threads; once in a process."""
    if "keras" in sys.modules:
        return
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with keras_backend.hidden_messages():
        import tensorflow as tf

    # One operation after the other, as in onnxruntime: otherwise more threads would compute.
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.set_visible_devices([], "GPU")
    keras_backend.load_keras()


def _open_litert(path: Path, content: bytes, threads: int) -> Opened:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=threads)
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    _check_inputs(len(inputs), path)
    place, output = inputs[0]["index"], outputs[0]["index"]
    axes = tuple(None if axis < 0 else int(axis) for axis in inputs[0]["shape_signature"])
    allocated: list[tuple[int, ...]] = []

    def run(images: NDArray[Any]) -> Any:
        if allocated != [images.shape]:
            interpreter.resize_tensor_input(place, images.shape)
            interpreter.allocate_tensors()
            allocated[:] = [images.shape]
        interpreter.set_tensor(place, images)
        interpreter.invoke()
        return interpreter.get_tensor(output)

    version = keras_backend.version("ai-edge-litert")
    dtype = np.dtype(inputs[0]["dtype"]).name
    return OpenedFile("LiteRT", version, axes, dtype), run


def _check_inputs(count: int, path: Path) -> None:
    if count != 1:
        raise FerBenchError(f"it has {count} inputs", "one input of images", path=path)


def _member(content: bytes) -> dict[str, Any]:
    """Return the metadata in the zip archive of a Keras or LiteRT file; empty without any."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo(MEMBER).file_size > _MOST_METADATA:
                return {}
            return _parsed(archive.read(MEMBER).decode("utf-8"))
    # A damaged archive raises errors of many types. Its network was opened, so it is timed.
    except Exception:
        return {}


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _image_axes(found: OpenedFile, path: Path) -> tuple[int | None, ...]:
    """Return the axes with those of one image known; one channel if any number is accepted.

    Raises:
        FerBenchError: it has another number of axes, or height or width is not known.
    """
    if len(found.axes) != 4:
        problem = f"its input has {len(found.axes)} axes"
        raise FerBenchError(problem, "images, height, width and channels", path=path)
    size, height, width, channels = found.axes
    described = found.metadata.get("input")
    known: dict[str, Any] = described if isinstance(described, dict) else {}
    height, width = height or known.get("height"), width or known.get("width")
    if not _is_side(height) or not _is_side(width):
        raise FerBenchError(
            "the size of its images is not known",
            hint="export it with a fixed height and width, or with 'fer-bench export'",
            path=path,
        )
    return size, height, width, channels or 1


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PIXELS
