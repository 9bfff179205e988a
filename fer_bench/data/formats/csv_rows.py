"""Row parsers for FER2013's CSV files: a fast one for plain rows, an exact one for the rest."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import EMOTIONS, USAGES
from fer_bench.data.formats.class_names import NAMES, folded, is_number
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import cut, listed, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


SIDE = 48
PIXELS = SIDE * SIDE

SHORTEST_ROW = 2 * PIXELS
"""Lower bound for the bytes of a row with ``PIXELS`` pixels."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_USAGE_CODES = {name: code for code, name in enumerate(USAGES)}
_BLANKS = b" \t"
_SPACE, _RETURN, _QUOTE = b' \r"'

_MOST_KNOWN, _LONGEST_KNOWN = 4096, 100
"""Limits of the cache of parsed short fields.

The fields around the pixels either take about a dozen forms in a file, or differ in every row, in
which case caching does not help.
"""


@dataclass(frozen=True)
class Columns:
    """Columns found in the header.

    Attributes:
        names: names of all columns.
        emotion: 0-based index of the ``emotion`` column.
        pixels: index of the ``pixels`` column.
        usage: index of the ``Usage`` column, or None if there is none.
        codes: label for each accepted value of the ``emotion`` column: numbers verbatim, names as
            ``class_names.folded`` returns them.
    """

    names: tuple[str, ...]
    emotion: int
    pixels: int
    usage: int | None
    codes: Mapping[str, int]

    def code(self, emotion: str) -> int | None:
        """Return the label for a value of the ``emotion`` column, or None if it is unknown."""
        return self.codes.get(emotion if is_number(emotion) else folded(emotion))


@dataclass(frozen=True)
class PlainRows:
    """Rows whose pixels are not decoded yet.

    Attributes:
        labels: one for each row.
        usages: one for each row, all 0 if there is no such column.
        spans: start and end (exclusive) of each row's pixels.
        n_lines: number of lines consumed, including blank ones.
    """

    labels: list[int]
    usages: list[int]
    spans: list[tuple[int, int]]
    n_lines: int


@dataclass(frozen=True)
class Rows:
    """Decoded rows.

    Attributes:
        labels: one for each row.
        usages: one for each row, all 0 if there is no such column.
        pixels: uint8, shape (rows, 2304).
        n_lines: number of lines read, including blank ones.
    """

    labels: list[int]
    usages: list[int]
    pixels: NDArray[np.uint8]
    n_lines: int


def read_header(path: Path, line: bytes, codes: Mapping[str, int]) -> Columns:
    """Parse the header line; ``codes`` are the accepted values of the ``emotion`` column.

    Raises:
        FerBenchError: the line is not a header, or a column is missing.
    """
    accepted = (
        "a header with the columns emotion and pixels, and Usage where known, or with those of a "
        "list of labels (docs/datasets.md)"
    )
    try:
        text = line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise input_error(path, 1, "the line is not UTF-8 text", accepted) from error
    fields = _split(path, 1, text, accepted)
    names = tuple(field.strip() for field in fields)
    places: dict[str, int] = {}
    for place, name in enumerate(map(str.lower, names)):
        if name in ("emotion", "pixels", "usage"):
            if name in places:
                raise input_error(path, 1, f"the column {name!r} stands there twice", accepted)
            places[name] = place
    for name in ("emotion", "pixels"):
        if name not in places:
            header = _listed(names)
            raise input_error(path, 1, f"no column {name!r} in the header {header!r}", accepted)
    return Columns(names, places["emotion"], places["pixels"], places.get("usage"), codes)


class PlainRowFinder:
    """Fast parser for plain lines: reads the short fields and locates the pixels.

    Args:
        columns: columns found in the header.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._known: dict[tuple[bytes, bytes], tuple[int, int] | None] = {}

    def find(self, data: bytearray, begin: int, stop: int) -> PlainRows | None:
        """Parse complete lines, skipping blank ones.

        Args:
            data: buffer with the lines.
            begin: start of the first line.
            stop: end (exclusive) of the last line, including its line ending.

        Returns:
            The rows, or None if any line needs ``read_exactly``.
        """
        labels = []
        usages = []
        spans = []
        n_lines = 0
        n_before = self._columns.pixels
        longest = csv.field_size_limit()
        n_behind = len(self._columns.names) - 1 - n_before
        next_line = begin
        while next_line < stop:
            line, line_end = next_line, data.find(b"\n", next_line)
            next_line = line_end + 1
            n_lines += 1
            while line_end > line and data[line_end - 1] == _RETURN:
                line_end -= 1
            if line_end - line < SHORTEST_ROW:
                if data[line:line_end].strip():
                    return None
                continue
            # Searching for commas from both sides skips the long pixel field. If a comma is
            # missing, _codes finds too few fields before or after it.
            start, end = line, line_end
            for _ in range(n_before):
                start = data.find(b",", start, line_end) + 1
            for _ in range(n_behind):
                end = data.rfind(b",", start, end)
            if start - line > longest or line_end - end > longest:
                return None
            codes = self._codes(bytes(data[line:start]), bytes(data[end:line_end]))
            if codes is None:
                return None
            # Quotes count only if they enclose the complete field, except for leading spaces.
            while start < end and data[start] == _SPACE:
                start += 1
            if end - start > 1 and data[start] == data[end - 1] == _QUOTE:
                start, end = start + 1, end - 1
            while start < end and data[start] in _BLANKS:
                start += 1
            while start < end and data[end - 1] in _BLANKS:
                end -= 1
            labels.append(codes[0])
            usages.append(codes[1])
            spans.append((start, end))
        return PlainRows(labels, usages, spans, n_lines)

    def _codes(self, before: bytes, behind: bytes) -> tuple[int, int] | None:
        """Return label and usage from the text around the pixels, or None; cached."""
        key = before, behind
        if key in self._known:
            return self._known[key]
        columns = self._columns
        fields = before.decode("ascii", "replace").split(",")[:-1]
        fields += ["", *behind.decode("ascii", "replace").split(",")[1:]]
        codes = None
        if len(fields) == len(columns.names) and all(map(_stands_alone, fields)):
            label = columns.code(fields[columns.emotion].strip())
            usage = _usage(columns, fields)
            if label is not None and usage is not None:
                codes = label, usage
        if len(self._known) < _MOST_KNOWN and len(before) + len(behind) <= _LONGEST_KNOWN:
            self._known[key] = codes
        return codes


def _stands_alone(field: str) -> bool:
    """Check if a text between commas is a complete CSV field, whatever its neighbours are."""
    text = field.lstrip(" ")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return not any(mark in text for mark in '"\r\0')


def _usage(columns: Columns, fields: list[str]) -> int | None:
    """Return the usage code: 0 if there is no such column, None if the field is invalid."""
    return 0 if columns.usage is None else _USAGE_CODES.get(fields[columns.usage].strip())


def read_exactly(path: Path, first: int, data: bytes, columns: Columns) -> Rows:
    """Parse row by row and number by number, so that errors give the line and the value.

    Args:
        path: the file, for messages.
        first: 1-based number of the first line.
        data: complete lines; blank ones are skipped. Bytes that are not UTF-8 are an error only in
            the columns that are read.
        columns: columns found in the header.

    Raises:
        FerBenchError: a row is invalid; the message gives the line and the value.
    """
    labels = []
    usages = []
    pixels = []
    accepted = f"{len(columns.names)} columns ({_listed(columns.names)})"
    for number, line in enumerate(data.split(b"\n"), start=first):
        if not line.strip():
            continue
        fields = _split(path, number, line.decode("utf-8", "replace"), accepted)
        if len(fields) != len(columns.names):
            raise input_error(path, number, f"{len(fields)} columns", accepted)
        emotion = fields[columns.emotion].strip()
        label = columns.code(emotion)
        if label is None:
            raise input_error(
                path, number, f"emotion {shown(emotion)}", _accepted_emotions(columns)
            )
        name = USAGES[0] if columns.usage is None else fields[columns.usage].strip()
        usage = _USAGE_CODES.get(name)
        if usage is None:
            raise input_error(path, number, f"Usage {shown(name)}", ", ".join(USAGES))
        labels.append(label)
        usages.append(usage)
        pixels.append(_exact_pixels(path, number, fields[columns.pixels]))
    return Rows(
        labels,
        usages,
        np.array(pixels, np.uint8).reshape(-1, PIXELS),
        data.count(b"\n"),
    )


def _accepted_emotions(columns: Columns) -> str:
    numbers = [int(name) for name in columns.codes if is_number(name)]
    words = numbers_in_words(numbers)
    if numbers:
        words += " (or others with --class-map), in plain digits and without zeros before"
    own = [name for name in columns.codes if name not in NAMES and not is_number(name)]
    names = listed([*map(str.lower, EMOTIONS), *map(shown, own)], 12)
    return f"{words}, or a name of a class ({names})"


def numbers_in_words(numbers: Collection[int]) -> str:
    """Describe the accepted class numbers, for messages."""
    if not numbers:
        return "no number, as the class map has none"
    known = sorted(numbers)
    if known == list(range(known[0], known[-1] + 1)):
        return f"a number from {known[0]} to {known[-1]}"
    return f"one of the numbers {_listed(list(map(str, known)))}"


def _split(path: Path, number: int, line: str, accepted: str) -> list[str]:
    try:
        text = line.rstrip("\r\n")
        return next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise input_error(path, number, f"the line is not csv ({error})", accepted) from error


def _exact_pixels(path: Path, number: int, text: str) -> list[int]:
    words = text.split()
    values = []
    for place, word in enumerate(words, start=1):
        digits = word.lstrip("0") or "0"
        plain = word.isascii() and word.isdigit() and len(digits) <= 3
        if not plain or int(digits) > 255:
            what = f"pixel {shown(word)} (number {place} of the row)"
            raise input_error(path, number, what, "a whole number from 0 to 255")
        values.append(int(digits))
    if len(values) != PIXELS:
        raise input_error(path, number, f"{len(values)} pixels", f"{PIXELS} ({SIDE}x{SIDE})")
    return values


def _listed(names: Sequence[str]) -> str:
    return cut(", ".join(names), 200)
