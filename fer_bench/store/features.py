"""Outputs of frozen prefixes, computed once and kept on disk.

A set of features is known by a key: a digest of all that determines the values. Under
``<store>/features/<key>/`` lie

* ``facts.json``: what they are, and how many images make a shard;
* one ``.npy`` file for each boundary tensor, with the images in the rows of the whole data set, so
  that another split, head or number of epochs reads the same files;
* ``shards.jsonl``: a line for each finished shard, with the SHA-256 of its rows in all files.

A shard is what one pass through the prefix gives. A shard without a line, or whose rows are not as
its line says, is computed; the others are kept. So an interrupted extraction goes on where it was,
and damage costs the shards it hit.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import math
import weakref
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.errors import listed
from fer_bench.progress import silent
from fer_bench.store.locking import locked
from fer_bench.store.sealed import Damaged, StoreError, check_room, log, remove, throw_away, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from fer_bench.progress import Progress

KIND = "features"
FACTS = "facts.json"
SHARDS = "shards.jsonl"


@dataclass(frozen=True)
class Extraction:
    """A set of features and what it cost.

    Attributes:
        tensors: one for each boundary tensor.
        computed: how many images passed the prefix for this call; the others were stored.
        seconds: time of all passes that made the features, earlier interrupted runs included.
    """

    tensors: tuple[StoredTensor, ...]
    computed: int
    seconds: float


@dataclass(frozen=True)
class Wanted:
    """The features of a data set's images.

    Attributes:
        images: number of images.
        shapes: of one image's features, for each boundary tensor.
        shard: images in one pass through the prefix.
        facts: what the features are, as JSON holds it, for those who look into the store.
    """

    images: int
    shapes: tuple[tuple[int, ...], ...]
    shard: int
    facts: Mapping[str, Any]

    @property
    def image_bytes(self) -> int:
        """Size of one image's features."""
        return sum(4 * math.prod(shape) for shape in self.shapes)


class StoredTensor:
    """float32 features of all images in a file, read when they are asked for.

    Rows are read, not mapped: of a mapping's pages the kernel brings in many more than are asked
    for, and they count as the process's memory, which would grow with the number of images.

    Attributes:
        shape: (n, ...).
        dtype: float32.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self.shape, self.dtype, self._start = _read_header(self._file)
        self._row_bytes = self.dtype.itemsize * math.prod(self.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """A copy of the features of the images at ``rows`` (int64, shape (k,)).

        Raises:
            StoreError: the file was cut short since it was opened.
        """
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        into = values.reshape(-1).view(np.uint8).data
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        for start, stop in itertools.pairwise([*starts.tolist(), len(rows)]):
            self._file.seek(self._start + int(rows[start]) * self._row_bytes)
            _read_into(self._file, into[start * self._row_bytes : stop * self._row_bytes])
        return values


class FeatureStore:
    """Features of frozen prefixes in a store.

    Args:
        store: the store's folder; made when the first features are written.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def folder(self, key: str) -> Path:
        """Where the features known by ``key`` lie, if they are there."""
        return self._store / KIND / key

    def discard(self, key: str) -> None:
        """Removes the features known by ``key``, if they are there.

        Raises:
            StoreError: they cannot be removed.
        """
        with told(self._store), locked(self._store, KIND, key):
            remove(self.folder(key))

    def extract(
        self,
        key: str,
        wanted: Wanted,
        extract: Callable[[slice], Sequence[Any]],
        progress: Progress = silent,
    ) -> Extraction:
        """The features known by ``key``; what is not there of them is computed.

        One process computes while others that want the same key wait for it.

        Args:
            key: digest of all that determines the values.
            wanted: how many images, and what is computed of each.
            extract: maps a slice of the images to the boundary tensors' values.
            progress: told the number of images done.

        Raises:
            FerBenchError: the disk has no room for them.
            StoreError: they cannot be written.
        """
        folder = self.folder(key)
        with contextlib.ExitStack() as stack:
            with told(self._store):
                stack.enter_context(locked(self._store, KIND, key, progress))
                folder.mkdir(parents=True, exist_ok=True)
                shards = stack.enter_context(_Shards(folder, _settled(folder, wanted)))
                shards.verify()
                missing = wanted.images - shards.done
            if missing:
                check_room(self._store, missing * wanted.image_bytes, "the frozen features")
                self._compute(shards, extract, progress)
            with told(self._store):
                tensors = tuple(StoredTensor(path) for path in shards.paths)
            return Extraction(tensors, missing, shards.seconds)

    def _compute(
        self,
        shards: _Shards,
        extract: Callable[[slice], Sequence[Any]],
        progress: Progress,
    ) -> None:
        total = shards.wanted.images
        progress("frozen features", shards.done, total)
        for number in shards.missing():
            started = perf_counter()
            values = extract(shards.rows(number))
            # Only what the store does is the store's error.
            with told(self._store):
                shards.write(number, values, perf_counter() - started)
            progress("frozen features", shards.done, total)


def _settled(folder: Path, wanted: Wanted) -> Wanted:
    """Notes what the features are, or finds what was noted: its shards count from then on."""
    try:
        noted = json.loads((folder / FACTS).read_text("utf-8"))
        shapes = tuple(map(tuple, noted["shapes"]))
        shard = int(noted["shard"])
        if (noted["images"], shapes) == (wanted.images, wanted.shapes) and shard > 0:
            return replace(wanted, shard=shard)
        damage = Damaged(f"{FACTS} tells of other features")
    except FileNotFoundError:
        damage = None
    except (ValueError, KeyError, TypeError):
        damage = Damaged(f"{FACTS} is not as it was written")
    if damage is not None:
        throw_away(folder, damage, "computed again")
        folder.mkdir()
    note = {"images": wanted.images, "shapes": wanted.shapes, "shard": wanted.shard}
    waiting = folder / f".{FACTS}.part"
    waiting.write_text(json.dumps({**note, "facts": wanted.facts}, indent=1), "utf-8")
    waiting.replace(folder / FACTS)
    return wanted


class _Shards:
    """The files of one set of features, shard by shard.

    Rows are written through files: a full disk is an error there; written through a memory map, it
    would kill the process.

    Attributes:
        wanted: the features.
        paths: a file for each boundary tensor.
        done: number of images whose features are there.
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self.wanted = wanted
        self.paths = [folder / f"{number}.npy" for number in range(len(wanted.shapes))]
        self._folder = folder
        self._count = math.ceil(wanted.images / wanted.shard)
        self._stack = contextlib.ExitStack()
        self._seconds: dict[int, float] = {}
        self.done = 0

    def __enter__(self) -> _Shards:
        with contextlib.ExitStack() as stack:
            self._files = [stack.enter_context(_opened(path)) for path in self.paths]
            self._starts = [
                _ensure_header(file, (self.wanted.images, *shape))
                for file, shape in zip(self._files, self.wanted.shapes, strict=True)
            ]
            self._journal = stack.enter_context(_opened(self._folder / SHARDS))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def seconds(self) -> float:
        return sum(self._seconds.values())

    def rows(self, number: int) -> slice:
        start = number * self.wanted.shard
        return slice(start, min(start + self.wanted.shard, self.wanted.images))

    def missing(self) -> Iterator[int]:
        """Numbers of the shards that are not there as written; there may be too many to list."""
        return (number for number in range(self._count) if number not in self._seconds)

    def verify(self) -> None:
        """Find the shards that are there as they were written."""
        noted = self._noted()
        whole = {number for number in noted if self._digest(number) == noted[number]["sha256"]}
        damaged = sorted(noted.keys() - whole)
        if damaged:
            log.warning(
                "store: %s is damaged: %d of %d shards (%s) have changed since they were stored; "
                "they were thrown away and are computed again",
                self._folder,
                len(damaged),
                self._count,
                listed([str(number) for number in damaged], 5),
            )
        for number in sorted(whole):
            self._finish(number, float(noted[number]["seconds"]))

    def write(self, number: int, tensors: Sequence[Any], seconds: float) -> None:
        rows = self.rows(number)
        digest = hashlib.sha256()
        for file, values, place, shape in zip(
            self._files, tensors, self._places(number), self.wanted.shapes, strict=True
        ):
            batch = np.ascontiguousarray(values, dtype="<f4")
            if batch.shape != (rows.stop - rows.start, *shape):
                raise ValueError(f"{file.name}: {batch.shape} is not {shape} for each of {rows}")
            file.seek(place[0])
            _write(file, batch.data.cast("B"))
            digest.update(batch.data)
        line = {"shard": number, "sha256": digest.hexdigest(), "seconds": seconds}
        # Only once the rows are in their files: a process killed in between leaves no line.
        self._journal.seek(0, 2)
        _write(self._journal, memoryview(json.dumps(line).encode() + b"\n"))
        self._finish(number, seconds)

    def _finish(self, number: int, seconds: float) -> None:
        rows = self.rows(number)
        self._seconds[number] = seconds
        self.done += rows.stop - rows.start

    def _noted(self) -> dict[int, dict[str, Any]]:
        """The journal's lines by shard, the last one for each; half a line at its end goes."""
        self._journal.seek(0)
        text = self._journal.read()
        whole = text[: text.rfind(b"\n") + 1]
        noted, kept = {}, []
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                number, seconds = entry["shard"], float(entry["seconds"])
                sha256 = str(entry["sha256"])
                if not 0 <= int(number) < self._count or not math.isfinite(seconds):
                    raise ValueError
            except (ValueError, KeyError, TypeError, OverflowError):
                continue
            kept.append(line + b"\n")
            noted[int(number)] = {"sha256": sha256, "seconds": seconds}
        if b"".join(kept) != whole:
            log.warning(
                "store: %s is damaged: lines of %s have changed; their shards are computed again",
                self._folder,
                SHARDS,
            )
        if b"".join(kept) != text:
            self._journal.seek(0)
            _write(self._journal, memoryview(b"".join(kept)))
            self._journal.truncate()
        return noted

    def _digest(self, number: int) -> str:
        digest = hashlib.sha256()
        for file, (start, size) in zip(self._files, self._places(number), strict=True):
            file.seek(start)
            digest.update(file.read(size))
        return digest.hexdigest()

    def _places(self, number: int) -> list[tuple[int, int]]:
        """Where a shard's rows stand in each file: first byte and number of bytes."""
        rows = self.rows(number)
        return [
            (start + rows.start * size, (rows.stop - rows.start) * size)
            for start, shape in zip(self._starts, self.wanted.shapes, strict=True)
            for size in [4 * math.prod(shape)]
        ]


def _opened(path: Path) -> Any:
    """Opens a file to read and write where it is, made if it is missing."""
    path.touch()
    # Unbuffered: what a full disk did not take is told when it is written, not when it is closed.
    return path.open("r+b", buffering=0)


def _write(file: Any, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


def _read_into(file: Any, view: memoryview) -> None:
    while view:
        count = file.readinto(view)
        if not count:
            raise StoreError(
                f"{file.name} was cut short while it was in use; run the same command again, and "
                "what is missing is computed again"
            )
        view = view[count:]


def _ensure_header(file: Any, shape: tuple[int, ...]) -> int:
    """Writes the header of an ``.npy`` file if it is not there; where its rows start."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    found = file.read(len(header.getvalue()))
    if found != header.getvalue():
        if found:
            log.warning("store: %s is damaged: its header is made anew", file.name)
        file.seek(0)
        _write(file, header.getbuffer())
    return len(header.getvalue())


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype, file.tell()
