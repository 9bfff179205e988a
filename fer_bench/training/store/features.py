"""Outputs of frozen prefixes, computed once and stored on disk.

A set of features is identified by a key: a digest of everything that determines the values.
``<store>/features/<key>/`` contains

* ``facts.json``: a description of the features, and the number of images per shard;
* one ``.npy`` file for each boundary tensor, with one row per image of the complete data set, so
  that another split, head or number of epochs reads the same files;
* ``shards.jsonl``: a line for each finished shard, with the SHA-256 of its rows in all files.

A shard is the output of one pass through the prefix. Shards without a line, or whose rows do not
match the digest in their line, are computed; the others are kept. So an interrupted extraction
resumes after the last finished shard, and damage costs only the shards it hit.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import weakref
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models.numerical_environment import differing
from fer_bench.runtime.locks import locked
from fer_bench.runtime.progress import silent
from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import StoreError, check_room, log, store_errors
from fer_bench.training.store.shard_files import Shards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from fer_bench.models.numerical_environment import Conditions
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.store.shard_files import FeatureSpec

KIND = "features"


@dataclass(frozen=True)
class Extraction:
    """A set of features and its cost.

    Attributes:
        tensors: one for each boundary tensor.
        computed: number of images passed through the prefix in this call; the others were stored.
        seconds: time of all passes that made the features, earlier interrupted runs included.
        conditions: conditions under which all of them were computed.
    """

    tensors: tuple[StoredTensor, ...]
    computed: int
    seconds: float
    conditions: Conditions = ()


class FeatureStore:
    """Features of frozen prefixes in a store, whose directory need not exist."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def directory(self, key: str) -> Path:
        """Return the directory of the features with key ``key``, which need not exist."""
        return self._store / KIND / key

    def discard(self, key: str) -> None:
        """Remove the features with key ``key``, if there are any.

        Raises:
            StoreError: they cannot be removed.
        """
        with store_errors(self._store), locked(self._store, KIND, key):
            remove(self.directory(key))

    def extract(
        self,
        key: str,
        wanted: FeatureSpec,
        extract: Callable[[slice], Sequence[Any]],
        progress: Progress = silent,
    ) -> Extraction:
        """Return the features with key ``key``, computing the missing ones.

        If some are missing and the stored ones were computed under other conditions, all are
        computed again. Other processes that want the same key wait until this one is done.
        ``extract`` maps a slice of the images to the boundary tensors' values.

        Raises:
            FerBenchError: the disk has no room for them.
            StoreError: they cannot be written.
        """
        directory = self.directory(key)
        with contextlib.ExitStack() as stack:
            with store_errors(self._store):
                stack.enter_context(locked(self._store, KIND, key, progress))
                shards = stack.enter_context(Shards(directory, wanted))
                if shards.done < wanted.images and shards.wanted.conditions != wanted.conditions:
                    _clear(directory, shards, wanted.conditions)
                    shards = stack.enter_context(Shards(directory, wanted))
                missing = wanted.images - shards.done
            if missing:
                check_room(self._store, missing * wanted.image_bytes, "the frozen features")
                self._compute(shards, extract, progress)
            with store_errors(self._store):
                tensors = tuple(StoredTensor(path) for path in shards.paths)
            return Extraction(tensors, missing, shards.seconds, shards.wanted.conditions)

    def _compute(
        self, shards: Shards, extract: Callable[[slice], Sequence[Any]], progress: Progress
    ) -> None:
        total = shards.wanted.images
        progress("frozen features", shards.done, total)
        for number in shards.missing():
            started = perf_counter()
            values = extract(shards.rows(number))
            # Only errors of the store become a StoreError, not those of ``extract``.
            with store_errors(self._store):
                shards.write(number, values, perf_counter() - started)
            progress("frozen features", shards.done, total)


def _clear(directory: Path, shards: Shards, conditions: Conditions) -> None:
    """Remove features computed under other conditions, with a warning."""
    if shards.done:
        log.warning(
            "store: %s: the features of %d of %d images were computed with %s; all are computed "
            "again under the same conditions",
            directory,
            shards.done,
            shards.wanted.images,
            differing(shards.wanted.conditions, conditions) or "unknown conditions",
        )
    shards.close()
    # Removed, not overwritten: another process may be training on the open files.
    remove(directory)


class StoredTensor:
    """float32 features of all images in a file, read on access.

    Rows are read, not memory-mapped: with a mapping, the kernel loads many more pages than are
    accessed, and they count as the process's memory, which would grow with the number of images.

    Attributes:
        shape: (n, ...).
        dtype: float32.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        np.lib.format.read_magic(self._file)
        self.shape, _, self.dtype = np.lib.format.read_array_header_1_0(self._file)
        self._start = self._file.tell()
        self._row_bytes = self.dtype.itemsize * math.prod(self.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the features of the images at ``rows`` (int64, shape (k,)) into a new array.

        Raises:
            StoreError: the file was truncated since it was opened.
        """
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        target = values.reshape(-1).view(np.uint8).data
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        for start, stop in itertools.pairwise([*starts.tolist(), len(rows)]):
            self._file.seek(self._start + int(rows[start]) * self._row_bytes)
            _read_into(self._file, target[start * self._row_bytes : stop * self._row_bytes])
        return values


def _read_into(file: Any, view: memoryview) -> None:
    while view:
        count = file.readinto(view)
        if not count:
            raise StoreError(
                "file was truncated while in use",
                hint="run the same command again; missing features are computed again",
                path=Path(file.name),
            )
        view = view[count:]
