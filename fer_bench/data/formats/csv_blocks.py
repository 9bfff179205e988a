"""Two readers for a block of rows of FER2013's CSV files.

The fast reader accepts only rows in Kaggle's exact form. The exact reader is the reference: it
accepts every valid row and gives the line and the value of an error.
"""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.csv_columns import split_line
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.formats.csv_columns import Columns
    from fer_bench.runtime.errors import FerBenchError

SIDE = 48
PIXELS = SIDE * SIDE

LONGEST_LINE = 3 << 18
"""Upper limit for the bytes of a line; a usual row has less than 10,000."""

_DIGITS_AND_BLANKS = b"0123456789 \t"

_UNUSUAL = (b'"', b"\0", codecs.BOM_UTF8)
"""Bytes that pandas and ``csv.reader`` interpret differently."""


class Rows(NamedTuple):
    """Rows of a block.

    Attributes:
        labels: one for each row.
        usages: code of each row's usage; 0 if there is no such column.
        pixels: 2304 bytes for each row.
    """

    labels: list[int]
    usages: list[int]
    pixels: list[bytes]

    def add(self, label: int, usage: int, pixels: bytes) -> None:
        """Append a row."""
        self.labels.append(label)
        self.usages.append(usage)
        self.pixels.append(pixels)


def read_quickly(block: bytes, columns: Columns) -> Rows | None:
    """Read rows with pandas.

    Args:
        block: complete lines.
        columns: columns found in the header.

    Returns:
        What ``read_exactly`` would return, or None if any line is unusual or invalid.
    """
    import pandas as pd

    rest = block.translate(None, _DIGITS_AND_BLANKS)
    if b"\r" in rest:
        block = block.replace(b"\r\n", b"\n")
        if b"\r" in block:
            return None
        rest = rest.replace(b"\r", b"")
    lines = rest.removesuffix(b"\n").split(b"\n")
    n_columns = len(columns.names)
    if any(mark in rest for mark in _UNUSUAL) or not all(
        len(fields := line.split(b",", n_columns)) == n_columns and not fields[columns.pixels]
        for line in lines
    ):
        return None
    try:
        table = pd.read_csv(
            io.BytesIO(block),
            header=None,
            dtype=object,
            na_filter=False,
            quoting=csv.QUOTE_NONE,
            encoding_errors="replace",
            engine="c",
        )
    except ValueError:
        return None
    found: list[list[str]] = [table[column].tolist() for column in table]
    longest = max(len(text) for texts in found for text in texts)
    if len(table) != len(lines) or longest > csv.field_size_limit():
        return None
    usages = [USAGES[0]] * len(lines) if columns.usage is None else found[columns.usage]
    rows = Rows([], [], [])
    for emotion, usage, text in zip(
        found[columns.emotion], usages, found[columns.pixels], strict=True
    ):
        label, code, pixels = columns.label(emotion), columns.usage_code(usage), _decode(text)
        if label is None or code is None or pixels is None:
            return None
        rows.add(label, code, pixels)
    return rows


def read_exactly(path: Path, first: int, block: bytes, columns: Columns) -> Rows:
    """Read row by row, so that errors give the line and the value.

    Args:
        path: the file, for errors.
        first: number of the first line, from 1.
        block: complete lines; blank ones are skipped. Bytes that are not UTF-8 are an error only in
            the columns that are read.
        columns: columns found in the header.

    Raises:
        FerBenchError: a row is invalid.
    """
    rows = Rows([], [], [])
    for number, line in enumerate(block.split(b"\n"), start=first):
        if len(line) > LONGEST_LINE:
            raise line_too_long(path, number, columns.accepted)
        if not line.strip():
            continue
        fields = split_line(path, number, line.decode("utf-8", "replace"), columns.accepted)
        if len(fields) != len(columns.names):
            problem = f"the row has {len(fields)} column{'' if len(fields) == 1 else 's'}"
            raise input_error(path, number, problem, columns.accepted)
        emotion = fields[columns.emotion].strip()
        label = columns.label(emotion)
        if label is None:
            problem = f"unknown emotion {shown(emotion)}"
            raise input_error(path, number, problem, columns.accepted_emotions)
        name = USAGES[0] if columns.usage is None else fields[columns.usage].strip()
        usage = columns.usage_code(name)
        if usage is None:
            problem = f"unknown Usage {shown(name)}"
            raise input_error(path, number, problem, ", ".join(USAGES))
        rows.add(label, usage, _exact_pixels(path, number, fields[columns.pixels]))
    return rows


def line_too_long(path: Path, number: int, accepted: str) -> FerBenchError:
    """Return the error for a line of more than ``LONGEST_LINE`` bytes."""
    problem = f"the line is longer than {LONGEST_LINE:,} bytes"
    return input_error(path, number, problem, accepted)


def _decode(text: str) -> bytes | None:
    """Return the pixels of a row, or None if they are not 2304 numbers from 0 to 255.

    Args:
        text: ASCII digits, spaces and tabs.
    """
    numbers = np.fromstring(text, np.int64, sep=" ")  # saturates at the largest int64
    return (
        numbers.astype(np.uint8).tobytes()
        if len(numbers) == PIXELS and numbers.max() <= 255
        else None
    )


def _exact_pixels(path: Path, number: int, text: str) -> bytes:
    if not text.encode("ascii", "replace").translate(None, _DIGITS_AND_BLANKS):
        pixels = _decode(text)
        if pixels is not None:
            return pixels
    words = text.split()
    for position, word in enumerate(words, start=1):
        digits = word.lstrip("0") or "0"
        is_short = word.isascii() and word.isdigit() and len(digits) <= 3
        if not is_short or int(digits) > 255:
            problem = f"pixel {position} of the row is {shown(word)}"
            raise input_error(path, number, problem, "an integer from 0 to 255")
    if len(words) != PIXELS:
        problem = f"the row has {len(words)} pixels"
        raise input_error(path, number, problem, f"{PIXELS} ({SIDE}x{SIDE})")
    return bytes(map(int, words))
