"""Outputs of frozen prefixes, computed once and kept on disk.

A set of features is known by a key: a digest of all that determines the values. Under
``<store>/features/<key>/`` lies one ``.npy`` file for each boundary tensor, with the images in
the rows of the whole data set, so that another split, head or number of epochs reads the same
files. They are memory-mapped, never loaded whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from fer_bench.errors import FerBenchError
from fer_bench.files import file_digest
from fer_bench.progress import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from fer_bench.progress import Progress

EXTRACTION_BATCH = 128
"""Images in one pass through a prefix. It changes speed and memory, not the features' meaning."""

_INDEX = "index.json"


@dataclass(frozen=True)
class Extraction:
    """A set of features and what it cost.

    Attributes:
        tensors: float32 arrays, shape (n, ...) each, read-only and memory-mapped, one for each
            boundary tensor.
        seconds: time of the pass through the prefix, None where the features were stored already.
    """

    tensors: tuple[NDArray[np.float32], ...]
    seconds: float | None


class FeatureStore:
    """Features of frozen prefixes in a folder.

    Args:
        folder: where they lie; made when the first ones are written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> tuple[NDArray[np.float32], ...] | None:
        """The features known by ``key``, or None.

        A set that is damaged (a file missing, cut short, or not as its digest says) is removed
        and counts as absent.
        """
        folder = self._folder / key
        if not folder.is_dir():
            return None
        try:
            index = json.loads((folder / _INDEX).read_text("utf-8"))
            for name, digest in index["files"].items():
                if file_digest(folder / name, "sha256") != digest:
                    raise ValueError(name)
            return _mapped(folder, index["files"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def discard(self, key: str) -> None:
        """Removes the features known by ``key``, if they are there."""
        shutil.rmtree(self._folder / key, ignore_errors=True)

    def extract(
        self,
        key: str,
        images: NDArray[np.uint8],
        shapes: Sequence[tuple[int, ...]],
        prefix: Callable[[NDArray[np.uint8]], Sequence[Any]],
        progress: Progress = silent,
    ) -> Extraction:
        """The features known by ``key``, computed if they are not there.

        One process computes while others that want the same key wait for it.

        Args:
            key: digest of all that determines the values.
            images: uint8, shape (n, height, width).
            shapes: of one image's features, for each boundary tensor.
            prefix: maps a batch of images to the boundary tensors' values.
            progress: told the number of images done.

        Raises:
            FerBenchError: the disk has no room for them, or cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f"{key}.lock"):
                stored = self.find(key)
                if stored is not None:
                    return Extraction(stored, None)
                return self._compute(key, images, shapes, prefix, progress)
        except OSError as error:
            raise FerBenchError(
                f"cannot write features to {str(self._folder)!r}: {error.strerror or error}; "
                "accepted: a folder with room that can be written to; name one with --store"
            ) from error

    def _compute(
        self,
        key: str,
        images: NDArray[np.uint8],
        shapes: Sequence[tuple[int, ...]],
        prefix: Callable[[NDArray[np.uint8]], Sequence[Any]],
        progress: Progress,
    ) -> Extraction:
        self._check_room(len(images), shapes)
        waiting = Path(tempfile.mkdtemp(prefix=f".{key[:16]}.", dir=self._folder))
        try:
            with contextlib.ExitStack() as stack:
                targets = [
                    stack.enter_context(_TensorFile(waiting / f"{number}.npy", len(images), shape))
                    for number, shape in enumerate(shapes)
                ]
                progress("frozen features", 0, len(images))
                started = perf_counter()
                for start in range(0, len(images), EXTRACTION_BATCH):
                    batch = images[start : start + EXTRACTION_BATCH]
                    for target, values in zip(targets, prefix(batch), strict=True):
                        target.append(values)
                    progress("frozen features", start + len(batch), len(images))
                seconds = perf_counter() - started
                files = {target.path.name: target.digest for target in targets}
            (waiting / _INDEX).write_text(json.dumps({"files": files}), "utf-8")
            waiting.replace(self._folder / key)
        except BaseException:
            shutil.rmtree(waiting, ignore_errors=True)
            raise
        return Extraction(_mapped(self._folder / key, files), seconds)

    def _check_room(self, images: int, shapes: Sequence[tuple[int, ...]]) -> None:
        needed = images * sum(4 * math.prod(shape) for shape in shapes)
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise FerBenchError(
                f"the frozen features need {needed / 2**30:.1f} GiB, {str(self._folder)!r} has "
                f"{free / 2**30:.1f} GiB free; make room, name another folder with --store, or "
                "take fewer images with --limit"
            )


class _TensorFile:
    """A ``.npy`` file written batch by batch.

    A full disk is an error here; written through a memory map, it would kill the process.
    """

    def __init__(self, path: Path, images: int, shape: tuple[int, ...]) -> None:
        self.path = path
        self._shape = shape
        self._digest = hashlib.sha256()
        self._file = path.open("xb")
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f4", "fortran_order": False, "shape": (images, *shape)}
        )
        self._write(header.getvalue())

    def __enter__(self) -> _TensorFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, values: Any) -> None:
        batch = np.ascontiguousarray(values, dtype="<f4")
        if batch.shape[1:] != self._shape:
            raise ValueError(f"{self.path.name}: {batch.shape[1:]} is not {self._shape}")
        self._write(batch.tobytes())

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)


def _mapped(folder: Path, names: Iterable[str]) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in names)
