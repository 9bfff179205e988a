"""FER2013 as a csv file: Kaggle's ``fer2013.csv`` and ``icml_face_data.csv``.

One row per image: ``emotion`` (0 to 6), ``pixels`` (2304 numbers from 0 to 255 with spaces
between them) and, where the file has it, ``Usage``. The columns may stand in any order, with
spaces after the commas, and among others, which are ignored.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.datasets.csv_pixels import MARGIN, PlainPixelReader
from fer_bench.datasets.csv_rows import (
    PIXELS,
    SHORTEST_ROW,
    SIDE,
    PlainRowFinder,
    PlainRows,
    Rows,
    read_exactly,
    read_header,
    wrong,
)
from fer_bench.datasets.dataset import EMOTIONS, Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

_BLOCK_BYTES = 1 << 19
"""What is read at a time: more leaves the processor's cache, less repeats the fixed costs."""

_LONGEST_LINE = 1 << 17
_LINE_END = ord("\n")


def load_csv(path: Path) -> Dataset:
    """Reads a csv file.

    Blank lines, CRLF line ends, a UTF-8 byte order mark and quoted fields are accepted.

    Args:
        path: the file.

    Returns:
        Images uint8 of shape (n, 48, 48) in the file's order, named after the file, with the
        usage where the file has a ``Usage`` column.

    Raises:
        FerBenchError: the file cannot be read, or is not in this layout; names the line and
            the value.
    """
    try:
        with path.open("rb") as file:
            return _load(path, file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise wrong(path, None, f"it cannot be read ({cause})", "a readable csv file") from error


def _load(path: Path, file: BufferedReader, size: int) -> Dataset:
    if size == 0:
        raise wrong(path, None, "the file is empty", "a header and a row per image")
    columns = read_header(path, file.readline(_LONGEST_LINE))
    # Memory that no row is written to is never taken from the system.
    images = np.empty((size // SHORTEST_ROW + 1, PIXELS), np.uint8)
    labels: list[int] = []
    usages: list[int] = []
    finder, reader = PlainRowFinder(columns), PlainPixelReader()
    buffer = bytearray(_BLOCK_BYTES + _LONGEST_LINE)
    text = np.frombuffer(buffer, np.uint8)
    number = 2
    for offset, stop in _blocks_of_lines(file, size, buffer):
        if buffer[stop - 1] != _LINE_END:
            what = f"the line is longer than {stop - MARGIN} bytes"
            raise wrong(path, number, what, f"lines of an emotion and {PIXELS} pixels")
        n = len(labels)
        plain = finder.find(buffer, MARGIN, stop)
        spans = plain.spans if plain else []
        rows: PlainRows | Rows
        if plain and spans and reader.read(text, spans, images[n : n + len(spans)]):
            rows = plain
            number += plain.n_lines
        else:
            data = _read_again(file, offset, stop - MARGIN)
            rows = read_exactly(path, number, data, columns)
            number += data.count(b"\n")
            images[n : n + len(rows.pixels)] = rows.pixels
        labels += rows.labels
        usages += rows.usages
    if not labels:
        raise wrong(path, None, "there is no row below the header", "a row per image")
    images.resize((len(labels), SIDE, SIDE), refcheck=False)
    return Dataset(
        images,
        np.array(labels, np.uint8),
        EMOTIONS,
        path.stem,
        None if columns.usage is None else np.array(usages, np.uint8),
    )


def _blocks_of_lines(
    file: BufferedReader, size: int, buffer: bytearray
) -> Iterator[tuple[int, int]]:
    """Reads on to the byte ``size`` of the file, as many whole lines at a time as fit.

    The last line gets an end where it has none. A line that does not fit comes without one.

    Yields:
        The first line's offset in the file, and where in ``buffer`` the last one has ended; they
        start there at ``MARGIN``.
    """
    offset, filled = file.tell(), MARGIN
    most = len(buffer) - 1
    view = memoryview(buffer)
    while read := file.readinto(view[filled : min(most, filled + size - file.tell())]):
        filled += read
        stop = buffer.rfind(b"\n", MARGIN, filled) + 1
        if filled == most:
            stop = stop or filled
        if stop:
            yield offset, stop
            offset += stop - MARGIN
            rest = filled - stop
            buffer[MARGIN : MARGIN + rest] = buffer[stop:filled]
            filled = MARGIN + rest
    if filled > MARGIN:
        buffer[filled] = _LINE_END
        yield offset, filled + 1


def _read_again(file: BufferedReader, offset: int, size: int) -> bytes:
    here = file.tell()
    file.seek(offset)
    data = file.read(size)
    file.seek(here)
    return data
