"""Reading of HDF5 files in a subprocess, as libhdf5 may crash, hang or run out of memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from fer_bench.models.weights.weight_types import (
    StoredLayer,
    StoredTensor,
    StoredWeights,
    WeightFileError,
)
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from numpy.typing import NDArray

LIMIT_S = 1800.0
"""Limit of an answer in seconds, as for a stopped process; that of its CPU time is lower."""

_MAX_LINE_BYTES = 1 << 24
"""Maximum length of a response line; the largest network needs some 100,000."""

_READER = Path(__file__).with_name("hdf5_reader.py")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[StoredWeights]:
    """Open the weights in an HDF5 or ``.keras`` file; tensors can be read within the context.

    Raises:
        FerBenchError: the file cannot be read, or does not contain weights.
    """
    # -I isolates imports from the user's directories and environment variables.
    command = [sys.executable, "-I", str(_READER), str(path)]
    command += [entry for entry in sys.path if isinstance(entry, str)]
    # Nothing is computed, and numpy's threads would cost memory and startup time.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except OSError as error:
        raise WeightFileError(
            path, f"cannot be read: cannot start a process for it: {cause_of(error)}"
        ) from error
    with process:
        try:
            yield _Reader(path, process).weights()
        finally:
            process.kill()


class _Reader:
    """Client of the reader process for one file."""

    def __init__(self, path: Path, process: subprocess.Popen[bytes]) -> None:
        self._path = path
        self._process = process
        self._requests = cast("IO[bytes]", process.stdin).fileno()
        self._responses = cast("BufferedReader", process.stdout)
        self._is_late = False

    def weights(self) -> StoredWeights:
        """Read the description of the file; call this once, before reading tensors."""
        with self._time_limit():
            document = self._response()
        layers = {
            layer["key"]: StoredLayer(
                layer["name"],
                None if layer["variables"] is None else tuple(layer["variables"]),
                tuple(self._tensor(*tensor) for tensor in layer["tensors"]),
            )
            for layer in document["layers"]
        }
        return StoredWeights(self._path, layers, document["keyed_by_class"])

    def _tensor(
        self, shape: list[int], dtype: str, number: int, offset: int | None
    ) -> StoredTensor:
        """Return a tensor given its number in the reader and its offset in the file, if any."""

        def read() -> NDArray[Any]:
            values = np.empty(shape, dtype)
            content = values.reshape(-1).view(np.uint8).data
            if offset is None:
                self._request(number, content)
            else:
                self._read_at(offset, content)
            return values

        return StoredTensor(tuple(shape), np.dtype(dtype), read)

    def _read_at(self, offset: int, content: memoryview) -> None:
        """Read values directly from the file: through the process, they are in memory twice."""
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                received = file.readinto(content)
        except (OSError, OverflowError, ValueError) as error:
            raise self._unreadable(cause_of(error)) from error
        if received != len(content):
            raise self._unreadable("it is truncated")

    def _request(self, number: int, content: memoryview) -> None:
        """Read values through the reader process."""
        with self._time_limit():
            with contextlib.suppress(OSError):  # the process has ended, as _response reports
                os.write(self._requests, f"{number}\n".encode())
            self._response()
            if self._responses.readinto(content) != len(content):
                raise self._ended()

    @contextlib.contextmanager
    def _time_limit(self) -> Iterator[None]:
        """Kill the process if it does not respond in time, which also ends a blocking read."""
        timer = threading.Timer(LIMIT_S, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self._is_late = True
        self._process.kill()

    def _response(self) -> dict[str, Any]:
        line = self._responses.readline(_MAX_LINE_BYTES)
        if not line:
            raise self._ended()
        try:
            document = json.loads(line)
        except ValueError as error:
            raise self._unreadable("invalid JSON in a response") from error
        if "invalid" in document:
            raise WeightFileError(self._path, f"is invalid: {document['invalid']}")
        if "unreadable" in document:
            raise self._unreadable(document["unreadable"])
        found: dict[str, Any] = document
        return found

    def _ended(self) -> WeightFileError:
        """Return the error for a process that has ended."""
        status = self._process.wait()
        if self._is_late:
            return self._unreadable(f"reading takes more than {LIMIT_S:.0f} seconds")
        if status == -signal.SIGXCPU:
            return self._unreadable("libhdf5 takes too long on it, as on damaged files")
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"exit status {status}"
        return self._unreadable(f"libhdf5 crashes on it ({name}), as on damaged files")

    def _unreadable(self, cause: str) -> WeightFileError:
        return WeightFileError(self._path, f"cannot be read: {cause}")
