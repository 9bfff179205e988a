"""The files of one set of features, shard by shard."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.runtime.errors import listed
from fer_bench.runtime.sealed_directories import (
    Damaged,
    check_folder,
    check_regular,
    log,
    read_json,
    throw_away,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from fer_bench.models.numerics import Conditions

FACTS = "facts.json"
SHARDS = "shards.jsonl"

_LARGEST_SHARD = 512
"""Images of a shard that some version has written: what says more would take too much memory."""


@dataclass(frozen=True)
class Wanted:
    """The features of a data set's images.

    Attributes:
        images: number of images.
        shapes: of one image's features, for each boundary tensor.
        shard: images in one pass through the prefix.
        facts: what the features are, as JSON holds it, for those who look into the store.
        conditions: what computes those that are missing.
    """

    images: int
    shapes: tuple[tuple[int, ...], ...]
    shard: int
    facts: Mapping[str, Any]
    conditions: Conditions = ()

    @property
    def image_bytes(self) -> int:
        """Size of one image's features."""
        return sum(4 * math.prod(shape) for shape in self.shapes)


class Shards:
    """The files of one set of features, shard by shard.

    Rows are written through files: a full disk is an error there; written through a memory map, it
    would kill the process.

    Attributes:
        wanted: the features.
        paths: a file for each boundary tensor.
        done: number of images whose features are there.
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self.wanted = wanted = _settled(folder, wanted)
        self.paths = [folder / name for name in _files(wanted)]
        self._folder = folder
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
            self._journal = stack.enter_context(_opened(self._folder / SHARDS))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the files."""
        self._stack.close()

    @property
    def seconds(self) -> float:
        """Time of all passes that made the shards that are there."""
        return sum(self._seconds.values())

    def rows(self, number: int) -> slice:
        """The images of a shard."""
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
        """Keeps a shard.

        Args:
            number: of the shard.
            tensors: the boundary tensors' values of its images.
            seconds: time of the pass that made them.

        Raises:
            OSError: they cannot be written.
            ValueError: a tensor has another shape.
        """
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
                if not 0 <= int(number) < self._count or not 0 <= seconds < math.inf:
                    raise ValueError
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
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
        """Places of a shard's rows in each file: first byte and number of bytes."""
        rows = self.rows(number)
        return [
            (start + rows.start * size, (rows.stop - rows.start) * size)
            for start, shape in zip(self._starts, self.wanted.shapes, strict=True)
            for size in [4 * math.prod(shape)]
        ]


def _settled(folder: Path, wanted: Wanted) -> Wanted:
    """Notes what the features are, or finds what was noted: its shards count from then on."""
    try:
        _check_files(folder, (SHARDS, _waiting(folder).name, *_files(wanted)))
        if os.path.lexists(folder / FACTS):
            return _noted(folder, wanted)
    except Damaged as damage:
        throw_away(folder, damage, "computed again")
    folder.mkdir(parents=True, exist_ok=True)
    _note(folder, wanted)
    return wanted


def _note(folder: Path, wanted: Wanted) -> None:
    _waiting(folder).write_text(json.dumps(asdict(wanted), indent=1), "utf-8")
    _waiting(folder).replace(folder / FACTS)


def _waiting(folder: Path) -> Path:
    return folder / f".{FACTS}.part"


def _noted(folder: Path, wanted: Wanted) -> Wanted:
    """The features in the shards and under the conditions that the first one was written with.

    Raises:
        Damaged: other features were noted, or none.
    """
    noted = read_json(folder / FACTS)
    if not isinstance(noted, dict):
        raise Damaged(f"{FACTS} is not as it was written")
    shapes = [list(shape) for shape in wanted.shapes]
    if (noted.get("images"), noted.get("shapes")) != (wanted.images, shapes):
        raise Damaged(f"{FACTS} tells of other features")
    shard = noted.get("shard")
    if type(shard) is not int or not 1 <= shard <= max(wanted.shard, _LARGEST_SHARD):
        raise Damaged(f"{FACTS} tells of other shards")
    # Earlier versions noted no conditions.
    conditions = noted.get("conditions", [])
    try:
        pairs = tuple((str(name), str(value)) for name, value in conditions)
    except (TypeError, ValueError) as error:
        raise Damaged(f"{FACTS} tells of no conditions") from error
    return replace(wanted, shard=shard, conditions=pairs)


def _check_files(folder: Path, names: Iterable[str]) -> None:
    """Makes sure that what is there can be read and written.

    Raises:
        Damaged: the part is no directory, or one of its files no file.
    """
    check_folder(folder)
    for name in names:
        if os.path.lexists(folder / name):
            check_regular(folder / name)


def _files(wanted: Wanted) -> list[str]:
    return [f"{number}.npy" for number in range(len(wanted.shapes))]


def _opened(path: Path) -> Any:
    """Opens a file to read and write where it is, made if it is missing."""
    path.touch()
    # Unbuffered: what a full disk did not take is told when it is written, not when it is closed.
    return path.open("r+b", buffering=0)


def _write(file: Any, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]


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
