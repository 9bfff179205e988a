"""The rows of FER2013's csv files: quickly where they look as usual, exactly where not."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.datasets.dataset import EMOTIONS, USAGES
from fer_bench.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


SIDE = 48
PIXELS = SIDE * SIDE

SHORTEST_ROW = 2 * PIXELS
"""No row of so many pixels has fewer bytes than this."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EMOTION_CODES = {str(code): code for code in range(len(EMOTIONS))}
_USAGE_CODES = {name: code for code, name in enumerate(USAGES)}
_BLANKS = b" \t\r"
_QUOTE = ord('"')


@dataclass(frozen=True)
class Columns:
    """What the header says.

    Attributes:
        names: of all columns.
        emotion: number of the column, from 0.
        pixels: number of the column.
        usage: number of the column, or None without one.
    """

    names: tuple[str, ...]
    emotion: int
    pixels: int
    usage: int | None


@dataclass(frozen=True)
class PlainRows:
    """Some rows whose pixels are not read yet.

    Attributes:
        labels: one for each row.
        usages: one for each row, all 0 where there is no such column.
        spans: where the pixels of each row start and where they have ended.
        n_lines: lines passed, blank ones included.
    """

    labels: list[int]
    usages: list[int]
    spans: list[tuple[int, int]]
    n_lines: int


@dataclass(frozen=True)
class Rows:
    """Some rows.

    Attributes:
        labels: one for each row.
        usages: one for each row, all 0 where there is no such column.
        pixels: uint8, shape (rows, 2304).
        n_lines: lines read, blank ones included.
    """

    labels: list[int]
    usages: list[int]
    pixels: NDArray[np.uint8]
    n_lines: int


def wrong(path: Path, line: int | None, what: str, accepted: str) -> FerBenchError:
    """The error for a csv file; ``line`` counts from 1."""
    where = repr(str(path)) if line is None else f"{str(path)!r}, line {line}"
    return FerBenchError(
        f"{where}: {what}; accepted is {accepted}; correct the file or fetch it again"
    )


def read_header(path: Path, line: bytes) -> Columns:
    """Finds the columns.

    Raises:
        FerBenchError: the line is no header, or lacks a column.
    """
    accepted = "a header with the columns emotion and pixels, and Usage where known"
    fields = _split(path, 1, line.removeprefix(_BYTE_ORDER_MARK), accepted)
    names = tuple(field.strip() for field in fields)
    places: dict[str, int] = {}
    for place, name in enumerate(map(str.lower, names)):
        if name in ("emotion", "pixels", "usage"):
            if name in places:
                raise wrong(path, 1, f"the column {name!r} stands there twice", accepted)
            places[name] = place
    for name in ("emotion", "pixels"):
        if name not in places:
            header = _shown(", ".join(names))
            raise wrong(path, 1, f"no column {name!r} in the header {header}", accepted)
    return Columns(names, places["emotion"], places["pixels"], places.get("usage"))


class PlainRowFinder:
    """Reads the short fields and finds the long one, in lines that look as usual.

    Args:
        columns: what the header says.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._known: dict[tuple[bytes, bytes], tuple[int, int] | None] = {}

    def find(self, data: bytearray, begin: int, stop: int) -> PlainRows | None:
        """Goes through whole lines, blank ones are passed over.

        Args:
            data: holds the lines.
            begin: where the first one starts.
            stop: where the last one has ended, its line end included.

        Returns:
            What was found, or None if any line is unusual.
        """
        labels = []
        usages = []
        spans = []
        n_lines = 0
        n_before = self._columns.pixels
        n_behind = len(self._columns.names) - 1 - n_before
        next_line = begin
        while next_line < stop:
            line, line_end = next_line, data.find(b"\n", next_line)
            next_line = line_end + 1
            n_lines += 1
            if line_end - line < SHORTEST_ROW:
                if data[line:line_end].strip():
                    return None
                continue
            # Searching from both sides leaves the long field unsearched. Where a comma is
            # missing, the fields before or behind it come out too few.
            start, end = line, line_end
            for _ in range(n_before):
                start = data.find(b",", start, line_end) + 1
            for _ in range(n_behind):
                end = data.rfind(b",", start, end)
            codes = self._codes(bytes(data[line:start]), bytes(data[end:line_end]))
            if codes is None:
                return None
            while start < end and data[start] in _BLANKS:
                start += 1
            while start < end and data[end - 1] in _BLANKS:
                end -= 1
            if end - start > 1 and data[start] == data[end - 1] == _QUOTE:
                start, end = start + 1, end - 1
            labels.append(codes[0])
            usages.append(codes[1])
            spans.append((start, end))
        return PlainRows(labels, usages, spans, n_lines)

    def _codes(self, before: bytes, behind: bytes) -> tuple[int, int] | None:
        """Label and usage from what stands around the pixels, which takes few forms."""
        key = before, behind
        if key not in self._known:
            columns = self._columns
            fields = before.decode("ascii", "replace").split(",")[:-1]
            fields += ["", *behind.decode("ascii", "replace").split(",")[1:]]
            self._known[key] = None
            if before.count(b",") == columns.pixels and len(fields) == len(columns.names):
                label = _EMOTION_CODES.get(fields[columns.emotion].strip())
                usage = _usage(columns, fields)
                if label is not None and usage is not None:
                    self._known[key] = label, usage
        return self._known[key]


def _usage(columns: Columns, fields: list[str]) -> int | None:
    """0 where there is no such column, None where the field holds something else."""
    return 0 if columns.usage is None else _USAGE_CODES.get(fields[columns.usage].strip())


def read_exactly(path: Path, first: int, data: bytes, columns: Columns) -> Rows:
    """Reads row by row and number by number, which says what is wrong and where.

    Args:
        path: for messages.
        first: number of the first line, from 1.
        data: whole lines, blank ones are passed over.
        columns: what the header says.

    Raises:
        FerBenchError: a row is not as it should be; names the line and the value.
    """
    labels = []
    usages = []
    pixels = []
    accepted = f"{len(columns.names)} columns ({', '.join(columns.names)})"
    for number, line in enumerate(data.split(b"\n"), start=first):
        if not line.strip():
            continue
        fields = _split(path, number, line, accepted)
        if len(fields) != len(columns.names):
            raise wrong(path, number, f"{len(fields)} columns", accepted)
        emotion = fields[columns.emotion].strip()
        label = _EMOTION_CODES.get(emotion)
        if label is None:
            raise wrong(path, number, f"emotion {_shown(emotion)}", "a code from 0 to 6")
        name = USAGES[0] if columns.usage is None else fields[columns.usage].strip()
        usage = _USAGE_CODES.get(name)
        if usage is None:
            raise wrong(path, number, f"Usage {_shown(name)}", ", ".join(USAGES))
        labels.append(label)
        usages.append(usage)
        pixels.append(_exact_pixels(path, number, fields[columns.pixels]))
    return Rows(
        labels,
        usages,
        np.array(pixels, np.uint8).reshape(-1, PIXELS),
        data.count(b"\n"),
    )


def _split(path: Path, number: int, line: bytes, accepted: str) -> list[str]:
    try:
        text = line.decode("utf-8").rstrip("\r\n")
        return next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except UnicodeDecodeError as error:
        raise wrong(path, number, "the line is not UTF-8 text", accepted) from error
    except csv.Error as error:
        raise wrong(path, number, f"the line is not csv ({error})", accepted) from error


def _exact_pixels(path: Path, number: int, text: str) -> list[int]:
    words = text.split()
    values = []
    for place, word in enumerate(words, start=1):
        digits = word.lstrip("0") or "0"
        plain = word.isascii() and word.isdigit() and len(digits) <= 3
        if not plain or int(digits) > 255:
            what = f"pixel {_shown(word)} (number {place} of the row)"
            raise wrong(path, number, what, "a whole number from 0 to 255")
        values.append(int(digits))
    if len(values) != PIXELS:
        raise wrong(path, number, f"{len(values)} pixels", f"{PIXELS} ({SIDE}x{SIDE})")
    return values


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")
