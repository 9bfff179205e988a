"""Inference speeds of exported files by runtime, and their JSON.

They are measured apart from a run, so they have a file of their own, which ``fer-bench benchmark``
writes and the report reads. A file of a network belongs to a cell if it names its fingerprint.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fer_bench.results.speeds import InferenceSpeed  # noqa: TC001 - msgspec needs it at run time
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1
"""Version of these records, incremented by every change that breaks older readers."""

Runtime = Literal["onnxruntime", "Keras", "LiteRT"]


@dataclass(frozen=True)
class FileSpeed:
    """Inference speed of one file.

    Attributes:
        file: name of the file.
        sha256: SHA-256 of its content.
        runtime: library that ran it.
        version: version of this library, and of its backend.
        shape: axes of one image in the order of the file: height, width and channels, or channels
            first.
        dtype: type of the values, as ``"uint8"``.
        fingerprint: fingerprint of the cell's result that the file names; empty without one.
        speeds: one entry for each measured batch size, from images in memory to the output.
    """

    file: str
    sha256: str
    runtime: Runtime
    version: str
    shape: tuple[int, int, int]
    dtype: str
    fingerprint: str
    speeds: tuple[InferenceSpeed, ...]

    @property
    def batches(self) -> dict[int, InferenceSpeed]:
        """Speed by batch size."""
        return {one.batch_size: one for one in self.speeds}


@dataclass(frozen=True)
class RuntimeSpeeds:
    """Inference speeds of files that were timed in turn, on the CPU.

    Attributes:
        schema: version of these records.
        fer_bench: version of fer_bench that measured them.
        threads: number of threads of each runtime.
        processor: name of the processor; empty if it is unknown.
        files: the files.
    """

    schema: int
    fer_bench: str
    threads: int
    processor: str
    files: tuple[FileSpeed, ...]

    def ratio(self, one: FileSpeed, batch_size: int) -> float | None:
        """Return by how many times a file is faster than the Keras file of the same network.

        Args:
            one: the file.
            batch_size: number of images in a batch.

        Returns:
            Median time of the Keras file divided by that of this one. The Keras file names the
            same cell; of files that name none, it is the only one. None without such a file.
        """
        peers = [
            other
            for other in self.files
            if other.runtime == "Keras" and other.fingerprint == one.fingerprint
        ]
        if len(peers) != 1 or not {batch_size} <= one.batches.keys() & peers[0].batches.keys():
            return None
        return peers[0].batches[batch_size].median / one.batches[batch_size].median

    def to_json(self) -> str:
        """Return the records as JSON."""
        return json.dumps(dataclasses.asdict(self), allow_nan=False, indent=1) + "\n"


def quartiles(speed: InferenceSpeed) -> tuple[float, float]:
    """Return the quartiles of the seconds of a speed's calls."""
    low, high = np.quantile(speed.seconds, (0.25, 0.75))
    return float(low), float(high)


def read_runtime_speeds(path: Path) -> RuntimeSpeeds:
    """Read the records that ``RuntimeSpeeds.to_json`` writes.

    Raises:
        FerBenchError: the file cannot be read or is none of these records.
    """
    hint = "a file that 'fer-bench benchmark -o' wrote"
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FerBenchError(f"cannot be read: {cause_of(error)}", hint, path=path) from error
    except (ValueError, RecursionError) as error:
        raise FerBenchError("is not valid JSON", hint, path=path) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise FerBenchError(f"schema is {schema!r}"[:100], f"{SCHEMA}; {hint}", path=path)
    try:
        found = convert(document, RuntimeSpeeds)
    except Mismatch as error:
        raise error.revised(hint=hint, path=path) from error
    for file in found.files:
        for speed in file.speeds:
            values = (*speed.seconds, speed.median, speed.images_per_second, speed.batch_size)
            if not speed.seconds or min(values) <= 0:
                raise FerBenchError(f"a time of {file.file!r} is not above 0", hint=hint, path=path)
    return found
