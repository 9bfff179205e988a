"""Reader for FER2013 as a CSV file: Kaggle's ``fer2013.csv`` and ``icml_face_data.csv``.

One row per image: ``emotion`` (a class name, or a number from 0 to 6 unless a class map defines
others), ``pixels`` (2304 space-separated numbers from 0 to 255) and optionally ``Usage``. The
columns may be in any order, with spaces after the commas. Other columns are ignored, whatever their
encoding.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.formats.class_names import KAGGLE
from fer_bench.data.formats.csv_pixels import MARGIN, PlainPixelReader
from fer_bench.data.formats.csv_rows import (
    PIXELS,
    SHORTEST_ROW,
    SIDE,
    PlainRowFinder,
    Rows,
    read_exactly,
    read_header,
)
from fer_bench.data.formats.labelled_pixels import Content, numbered_dataset
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable

_BLOCK_BYTES = 3 << 18
"""Bytes per read: larger blocks do not fit into the CPU cache, smaller ones add overhead."""

_THREADS = 2
"""More threads gain little, as only one at a time reads the file and finds the rows."""

_LINE_END = ord("\n")


def load_csv(path: Path, table: ClassTable = KAGGLE) -> Dataset:
    """Read a data set from a CSV file.

    Blank lines, CRLF line endings, a UTF-8 byte order mark and quoted fields are accepted.

    Args:
        path: the file.
        table: class for each number and name in the ``emotion`` column.

    Returns:
        Images uint8 of shape (n, 48, 48) in file order, named after the file, with the usage if
        the file has a ``Usage`` column.

    Raises:
        FerBenchError: the file cannot be read, or does not have this layout; the message gives the
            first invalid line and the value.
    """
    return numbered_dataset(path, read_csv(path, table), table.meanings, table)


def read_csv(path: Path, table: ClassTable) -> Content:
    """Read the rows of a CSV file, with emotions as indices into ``table.meanings``.

    Raises:
        FerBenchError: as for ``load_csv``.
    """
    try:
        with open_regular(path) as file:
            return _read(path, file, table)
    except OSError as error:
        what = f"it cannot be read ({cause_of(error)})"
        step = "name a file that can be read"
        raise input_error(path, None, what, "a readable csv file", step) from error


def _read(path: Path, file: BufferedReader, table: ClassTable) -> Content:
    reading = _Reading(path, file, {name: place for place, name in enumerate(table.meanings)})
    with ThreadPoolExecutor(_THREADS) as pool:
        for worker in [pool.submit(reading.work) for _ in range(_THREADS)]:
            worker.result()
    if reading.errors:
        raise reading.errors[min(reading.errors)]
    n = len(reading.labels)
    if n == 0:
        raise input_error(path, None, "there is no row below the header", "a row per image")
    reading.images.resize((n, SIDE, SIDE), refcheck=False)
    usage = None if reading.columns.usage is None else np.array(reading.usages, np.uint8)
    return Content(reading.images, np.array(reading.labels), usage)


@dataclass(frozen=True)
class _Block:
    """Block of complete lines in a thread's buffer.

    Attributes:
        number: 1-based number of the first line.
        offset: byte offset of the first line in the file.
        size: size of all lines in bytes.
        spans: start and end of each row's pixels in the buffer.
        pixels: uint8, shape (rows, 2304), output array for the decoded pixels.
    """

    number: int
    offset: int
    size: int
    spans: list[tuple[int, int]]
    pixels: NDArray[np.uint8]


class _Reading:
    """State shared by the threads that read one file.

    Under a lock, one thread at a time reads the next block and finds its rows, which fixes their
    order; each thread then decodes its own rows in parallel.
    """

    def __init__(self, path: Path, file: BufferedReader, codes: Mapping[str, int]) -> None:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise input_error(path, None, "the file is empty", "a header and a row per image")
        header = file.readline(_BLOCK_BYTES)
        if len(header) == _BLOCK_BYTES and not header.endswith(b"\n"):
            what = f"the header is longer than {len(header) - 1} bytes"
            raise input_error(path, 1, what, "a header with the columns emotion and pixels")
        self.columns = read_header(path, header, codes)
        # Upper bound on the rows: the OS commits only the pages that are written to.
        self.images = np.empty((size // SHORTEST_ROW + 1, PIXELS), np.uint8)
        self.labels: list[int] = []
        self.usages: list[int] = []
        self.errors: dict[int, FerBenchError] = {}
        self._path = path
        self._file = file
        self._finder = PlainRowFinder(self.columns)
        self._lock = Lock()
        self._number = 2
        self._offset = file.tell()
        self._unread = size - self._offset  # ignore data appended while reading
        self._rest = b""

    def work(self) -> None:
        """Read block by block until the end of the file or the first error (see ``errors``)."""
        buffer = bytearray(_BLOCK_BYTES)
        text = np.frombuffer(buffer, np.uint8)
        reader = PlainPixelReader()
        while (block := self._next_block(buffer)) is not None:
            if not reader.read(text, block.spans, block.pixels):
                try:
                    with self._lock:
                        rows = self._read_exactly(block.number, block.offset, block.size)
                    if len(rows.pixels) != len(block.pixels):
                        what = "the file changed while it was read"
                        raise input_error(
                            self._path, None, what, "a file that stays as it is", "start again"
                        )
                    block.pixels[:] = rows.pixels
                except FerBenchError as error:
                    self.errors[block.number] = error

    def _next_block(self, buffer: bytearray) -> _Block | None:
        with self._lock:
            while not self.errors:
                number, offset = self._number, self._offset
                try:
                    size = self._fill(buffer)
                    if size == 0:
                        return None
                    self._offset += size
                    first = len(self.labels)
                    found = self._finder.find(buffer, MARGIN, MARGIN + size)
                    if found is not None and found.spans:
                        self._number += found.n_lines
                        self.labels += found.labels
                        self.usages += found.usages
                        pixels = self.images[first : len(self.labels)]
                        return _Block(number, offset, size, found.spans, pixels)
                    rows = self._read_exactly(number, offset, size)
                except FerBenchError as error:
                    self.errors[number] = error
                else:
                    self._number += rows.n_lines
                    self.labels += rows.labels
                    self.usages += rows.usages
                    self.images[first : len(self.labels)] = rows.pixels
            return None

    def _fill(self, buffer: bytearray) -> int:
        """Read the next complete lines into ``buffer``, starting at ``MARGIN``.

        If the last line of the file has no line ending, one is appended.

        Returns:
            Size of the lines in bytes, 0 at the end of the file.
        """
        filled = MARGIN + len(self._rest)
        buffer[MARGIN:filled] = self._rest
        room = min(len(buffer) - 1 - filled, self._unread)
        with memoryview(buffer) as view:
            read = self._file.readinto(view[filled : filled + room])
        filled += read
        self._unread -= read
        if read < room or self._unread == 0:
            self._unread = 0
            if buffer[filled - 1] != _LINE_END and filled > MARGIN:
                buffer[filled] = _LINE_END
                filled += 1
        stop = buffer.rfind(b"\n", MARGIN, filled) + 1
        if stop == 0 and filled > MARGIN:
            what = f"the line is longer than {filled - MARGIN} bytes"
            accepted = f"lines of an emotion and {PIXELS} pixels"
            raise input_error(self._path, self._number, what, accepted)
        self._rest = bytes(buffer[stop:filled]) if stop else b""
        return max(stop - MARGIN, 0)

    def _read_exactly(self, number: int, offset: int, size: int) -> Rows:
        here = self._file.tell()
        self._file.seek(offset)
        data = self._file.read(size)
        self._file.seek(here)
        return read_exactly(self._path, number, data, self.columns)
