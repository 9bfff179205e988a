"""Files of one set of features, read and written by shard."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fer_bench.models.numerical_environment import Conditions  # noqa: TC001 - for msgspec
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.errors import listed
from fer_bench.runtime.sealed_directories import (
    Damaged,
    check_directory,
    check_regular,
    discard_damaged,
    log,
    read_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FACTS = "facts.json"
SHARDS = "shards.jsonl"
_PARTIAL = f".{FACTS}.part"

_MAX_SHARD = 512
"""Upper limit for a stored shard size; more would take too much memory."""


@dataclass(frozen=True)
class FeatureSpec:
    """The features to provide for a data set's images.

    Attributes:
        images: number of images.
        shapes: shape of one image's features, for each boundary tensor.
        shard: images in one pass through the prefix.
        facts: JSON description of the features, for users who inspect the store.
        conditions: conditions under which missing ones are computed.
    """

    images: int
    shapes: tuple[tuple[int, ...], ...]
    shard: int
    facts: Mapping[str, Any]
    conditions: Conditions = ()

    @property
    def image_bytes(self) -> int:
        """Size of one image's features in bytes."""
        return sum(4 * math.prod(shape) for shape in self.shapes)


@dataclass(frozen=True)
class _Description:
    """The part of a stored description that is read."""

    images: int
    shapes: tuple[tuple[int, ...], ...]
    shard: int
    conditions: Conditions


@dataclass(frozen=True)
class _Line:
    """Line of the journal: a finished shard, the digest of its rows, and the time of its pass."""

    shard: int
    sha256: str
    seconds: float


class Shards:
    """Files of one set of features, read and written by shard.

    Rows are written through file objects: there a full disk raises an error, while a write through
    a memory map would kill the process. The stored shards are verified when the files are opened.

    Attributes:
        wanted: the features.
        paths: a file for each boundary tensor.
        done: number of images whose features are stored.
    """

    def __init__(self, directory: Path, wanted: FeatureSpec) -> None:
        self.wanted = wanted = _described(directory, wanted)
        self.paths = [directory / name for name in _files(wanted)]
        self._directory = directory
        self._count = -(-wanted.images // wanted.shard)
        self._stack = contextlib.ExitStack()
        self._seconds: dict[int, float] = {}
        self.done = 0

    def __enter__(self) -> Shards:
        with contextlib.ExitStack() as stack:
            self._files = [stack.enter_context(_opened(path)) for path in self.paths]
            self._starts = [
                _ensure_header(file, (self.wanted.images, *shape))
                for file, shape in zip(self._files, self.wanted.shapes, strict=True)
            ]
            self._journal = stack.enter_context(_opened(self._directory / SHARDS))
            self._verify()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    @property
    def seconds(self) -> float:
        """Time of all passes that made the stored shards."""
        return sum(self._seconds.values())

    def rows(self, number: int) -> slice:
        """Return the images of a shard, as a slice."""
        start = number * self.wanted.shard
        return slice(start, min(start + self.wanted.shard, self.wanted.images))

    def missing(self) -> Iterator[int]:
        """Yield the numbers of missing or damaged shards; there may be too many to list."""
        return (number for number in range(self._count) if number not in self._seconds)

    def _verify(self) -> None:
        """Find the intact shards by their digests; warn of damaged ones."""
        journal = self._read_journal()
        intact = {n for n, line in journal.items() if self._digest(n) == line.sha256}
        damaged = sorted(journal.keys() - intact)
        if damaged:
            log.warning(
                "store: %s is damaged: %d of %d shards (%s) have changed since they were stored; "
                "they were discarded and are computed again",
                self._directory,
                len(damaged),
                self._count,
                listed([str(number) for number in damaged], 5),
            )
        for number in sorted(intact):
            self._finish(number, journal[number].seconds)

    def write(self, number: int, tensors: Sequence[Any], seconds: float) -> None:
        """Write the boundary tensors' values of a shard, whose pass took ``seconds``.

        Raises:
            OSError: the shard cannot be written.
            ValueError: a tensor has another shape.
        """
        rows = self.rows(number)
        digest = hashlib.sha256()
        for file, values, (start, _), shape in zip(
            self._files, tensors, self._ranges(number), self.wanted.shapes, strict=True
        ):
            batch = np.ascontiguousarray(values, dtype="<f4")
            if batch.shape != (rows.stop - rows.start, *shape):
                raise ValueError(f"{file.name}: {batch.shape} is not {shape} for each of {rows}")
            file.seek(start)
            _write(file, batch.data.cast("B"))
            digest.update(batch.data)
        line = json.dumps(asdict(_Line(number, digest.hexdigest(), seconds)))
        # Only after the rows are in their files: a process killed in between leaves no line.
        self._journal.seek(0, 2)
        _write(self._journal, memoryview(line.encode() + b"\n"))
        self._finish(number, seconds)

    def _finish(self, number: int, seconds: float) -> None:
        rows = self.rows(number)
        self._seconds[number] = seconds
        self.done += rows.stop - rows.start

    def _read_journal(self) -> dict[int, _Line]:
        """Return the last journal line of each shard; remove malformed and incomplete lines."""
        self._journal.seek(0)
        text = self._journal.read()
        lines = text[: text.rfind(b"\n") + 1]
        found, kept = {}, []
        for line in lines.splitlines():
            try:
                entry = msgspec.json.decode(line, type=_Line)
            except (msgspec.MsgspecError, RecursionError):
                continue
            if 0 <= entry.shard < self._count and entry.seconds >= 0:
                kept.append(line + b"\n")
                found[entry.shard] = entry
        if b"".join(kept) != lines:
            log.warning(
                "store: %s is damaged: lines of %s have changed; their shards are computed again",
                self._directory,
                SHARDS,
            )
        if b"".join(kept) != text:
            self._journal.seek(0)
            _write(self._journal, memoryview(b"".join(kept)))
            self._journal.truncate()
        return found

    def _digest(self, number: int) -> str:
        digest = hashlib.sha256()
        for file, (start, size) in zip(self._files, self._ranges(number), strict=True):
            file.seek(start)
            digest.update(file.read(size))
        return digest.hexdigest()

    def _ranges(self, number: int) -> list[tuple[int, int]]:
        """Return the first byte and number of bytes of a shard's rows in each file."""
        rows = self.rows(number)
        return [
            (start + rows.start * size, (rows.stop - rows.start) * size)
            for start, shape in zip(self._starts, self.wanted.shapes, strict=True)
            for size in [4 * math.prod(shape)]
        ]


def _described(directory: Path, wanted: FeatureSpec) -> FeatureSpec:
    """Write the description of the features, or adopt the stored one and its shard size."""
    try:
        check_directory(directory)
        for name in (SHARDS, _PARTIAL, *_files(wanted)):
            if os.path.lexists(directory / name):
                check_regular(directory / name)
        if os.path.lexists(directory / FACTS):
            return _read_description(directory, wanted)
    except Damaged as damage:
        discard_damaged(directory, damage, "computed again")
    directory.mkdir(parents=True, exist_ok=True)
    partial = directory / _PARTIAL
    partial.write_text(json.dumps(asdict(wanted), indent=1), "utf-8")
    partial.replace(directory / FACTS)
    return wanted


def _read_description(directory: Path, wanted: FeatureSpec) -> FeatureSpec:
    """Return the features with the shard size and conditions of the stored description.

    Raises:
        Damaged: it describes other features, or is unreadable.
    """
    record = read_json(directory / FACTS)
    if isinstance(record, dict):
        record.setdefault("conditions", [])  # not recorded by earlier versions
    try:
        found = convert(record, _Description)
    except Mismatch as mismatch:
        raise Damaged(f"{FACTS} is invalid ({mismatch})") from mismatch
    if (found.images, found.shapes) != (wanted.images, wanted.shapes):
        raise Damaged(f"{FACTS} describes other features")
    if not 1 <= found.shard <= max(wanted.shard, _MAX_SHARD):
        raise Damaged(f"{FACTS} has an invalid shard size")
    return replace(wanted, shard=found.shard, conditions=found.conditions)


def _files(wanted: FeatureSpec) -> list[str]:
    return [f"{number}.npy" for number in range(len(wanted.shapes))]


def _opened(path: Path) -> Any:
    """Open a file for reading and writing in place; create it if it is missing."""
    path.touch()
    # Unbuffered: a full disk raises an error on write, not on close.
    return path.open("r+b", buffering=0)


def _write(file: Any, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


def _ensure_header(file: Any, shape: tuple[int, ...]) -> int:
    """Write the header of an ``.npy`` file if it is missing; return the offset of its rows."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    found = file.read(len(header.getvalue()))
    if found != header.getvalue():
        if found:
            log.warning("store: %s is damaged: its header is written again", file.name)
        file.seek(0)
        _write(file, header.getbuffer())
    return len(header.getvalue())
