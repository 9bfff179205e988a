"""Reader for FER2013 as a CSV file: Kaggle's ``fer2013.csv`` and ``icml_face_data.csv``.

One row per image: ``emotion`` (a class name, or a number from 0 to 6 unless a class map defines
others), ``pixels`` (2304 space-separated numbers from 0 to 255) and optionally ``Usage``. The
columns may be in any order, with spaces after the commas. Other columns are ignored, whatever their
encoding.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import EMOTIONS, USAGES
from fer_bench.data.formats.class_names import KAGGLE, NAMES, folded, is_number
from fer_bench.data.formats.labelled_pixels import Content, describe_numbers, numbered_dataset
from fer_bench.data.images import in_memory
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import cut, listed, shown
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader
    from pathlib import Path

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.images import Collect

SIDE = 48
PIXELS = SIDE * SIDE

LONGEST_LINE = 3 << 18
"""Upper limit for the bytes of a line; a usual row has less than 10,000."""

_DIGITS_AND_BLANKS = b"0123456789 \t"

_HEADER = (
    "a header with the columns emotion and pixels and optionally Usage, or the header of a label "
    "list (docs/datasets.md)"
)


def load_csv(path: Path, table: ClassTable = KAGGLE, collect: Collect = in_memory) -> Dataset:
    """Read a data set from a CSV file.

    Blank lines, CRLF line endings, a UTF-8 byte order mark and quoted fields are accepted.

    Args:
        path: the file.
        table: class for each number and name in the ``emotion`` column.
        collect: collects the images.

    Returns:
        Images uint8 of shape (n, 48, 48) in file order, named after the file, with the usage if
        the file has a ``Usage`` column.

    Raises:
        FerBenchError: the file cannot be read, or does not have this layout; the error has the
            first invalid line and the value.
    """
    return numbered_dataset(path, read_csv(path, table), table.meanings, table, collect=collect)


def read_csv(path: Path, table: ClassTable) -> Content:
    """Read the rows of a CSV file, with emotions as indices into ``table.meanings``.

    Raises:
        FerBenchError: as for ``load_csv``.
    """
    try:
        with open_regular(path) as file:
            return _read(path, file, {name: i for i, name in enumerate(table.meanings)})
    except OSError as error:
        problem = f"the file cannot be read: {cause_of(error)}"
        step = "name a file that can be read"
        raise input_error(path, None, problem, "a readable csv file", step) from error


def _read(path: Path, file: BufferedReader, codes: Mapping[str, int]) -> Content:
    header = _line(path, file, 1, _HEADER)
    if not header:
        raise input_error(path, None, "the file is empty", "a header and a row per image")
    columns = _read_header(path, header, codes)
    labels: list[int] = []
    usages: list[int] = []
    images = bytearray()  # grows without a copy of it in memory
    number = 2
    while line := _line(path, file, number, columns.accepted):
        if line.strip():
            label, usage, pixels = _read_row(path, number, line, columns)
            labels.append(label)
            usages.append(usage)
            images += pixels
        number += 1
    if not labels:
        raise input_error(path, None, "the file has no row below the header", "a row per image")
    return Content(
        (len(labels), SIDE, SIDE),
        [np.frombuffer(images, np.uint8).reshape(-1, SIDE, SIDE)],
        np.array(labels),
        None if columns.usage is None else np.array(usages, np.uint8),
    )


def _line(path: Path, file: BufferedReader, number: int, accepted: str) -> bytes:
    line = file.readline(LONGEST_LINE + 1)
    if len(line.removesuffix(b"\n")) > LONGEST_LINE:
        problem = f"the line is longer than {LONGEST_LINE:,} bytes"
        raise input_error(path, number, problem, accepted)
    return line


@dataclass(frozen=True)
class _Columns:
    """Columns found in the header.

    Attributes:
        names: names of all columns.
        emotion: 0-based index of the ``emotion`` column.
        pixels: index of the ``pixels`` column.
        usage: index of the ``Usage`` column, or None if there is none.
        labels: label for each accepted value of the ``emotion`` column: numbers verbatim, names as
            ``class_names.folded`` returns them.
    """

    names: tuple[str, ...]
    emotion: int
    pixels: int
    usage: int | None
    labels: Mapping[str, int]

    @property
    def accepted(self) -> str:
        """Description of a row with these columns, for errors."""
        return f"{len(self.names)} columns ({cut(', '.join(self.names), 200)})"

    @property
    def accepted_emotions(self) -> str:
        """Description of the accepted values of the ``emotion`` column, for errors."""
        numbers = [int(name) for name in self.labels if is_number(name)]
        words = describe_numbers(numbers)
        if numbers:
            words += " (or others with --class-map), in ASCII digits and without leading zeros"
        added = [name for name in self.labels if name not in NAMES and not is_number(name)]
        names = listed([*map(str.lower, EMOTIONS), *map(shown, added)], 12)
        return f"{words}, or the name of a class ({names})"


def _read_header(path: Path, line: bytes, labels: Mapping[str, int]) -> _Columns:
    try:
        text = line.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise input_error(path, 1, "the line is not UTF-8 text", _HEADER) from error
    names = tuple(field.strip() for field in _split(path, 1, text, _HEADER))
    indices: dict[str, int] = {}
    for index, name in enumerate(map(str.lower, names)):
        if name in ("emotion", "pixels", "usage"):
            if name in indices:
                raise input_error(path, 1, f"the column {name!r} appears twice", _HEADER)
            indices[name] = index
    for name in ("emotion", "pixels"):
        if name not in indices:
            header = cut(", ".join(names), 200)
            raise input_error(path, 1, f"no column {name!r} in the header {header!r}", _HEADER)
    return _Columns(names, indices["emotion"], indices["pixels"], indices.get("usage"), labels)


def _read_row(path: Path, number: int, line: bytes, columns: _Columns) -> tuple[int, int, bytes]:
    """Return label, usage and pixels of a row.

    Bytes that are not UTF-8 are an error only in the columns that are read.
    """
    fields = _split(path, number, line.decode("utf-8", "replace"), columns.accepted)
    if len(fields) != len(columns.names):
        problem = f"the row has {len(fields)} column{'' if len(fields) == 1 else 's'}"
        raise input_error(path, number, problem, columns.accepted)
    emotion = fields[columns.emotion].strip()
    label = columns.labels.get(emotion if is_number(emotion) else folded(emotion))
    if label is None:
        problem = f"unknown emotion {shown(emotion)}"
        raise input_error(path, number, problem, columns.accepted_emotions)
    usage = USAGES[0] if columns.usage is None else fields[columns.usage].strip()
    if usage not in USAGES:
        raise input_error(path, number, f"unknown Usage {shown(usage)}", ", ".join(USAGES))
    return label, USAGES.index(usage), _read_pixels(path, number, fields[columns.pixels])


def _split(path: Path, number: int, line: str, accepted: str) -> list[str]:
    """Split a line into its fields, without the quotes."""
    try:
        reader = csv.reader([line.rstrip("\r\n")], skipinitialspace=True, strict=True)
        return next(reader, [])
    except csv.Error as error:
        raise input_error(path, number, f"the line is not csv ({error})", accepted) from error


def _read_pixels(path: Path, number: int, text: str) -> bytes:
    if not text.encode("ascii", "replace").translate(None, _DIGITS_AND_BLANKS):
        numbers = np.fromstring(text, np.int64, sep=" ")  # saturates at the largest int64
        if len(numbers) == PIXELS and numbers.max() <= 255:
            return numbers.astype(np.uint8).tobytes()
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
