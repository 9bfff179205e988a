"""Columns of FER2013's CSV files, and the values that they accept."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.data.dataset import EMOTIONS, USAGES
from fer_bench.data.formats.class_names import NAMES, folded, is_number
from fer_bench.data.formats.labelled_pixels import describe_numbers
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import cut, listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADER = (
    "a header with the columns emotion and pixels and optionally Usage, or the header of a label "
    "list (docs/datasets.md)"
)
"""Description of a valid header, for errors."""

_USAGE_CODES = {name: code for code, name in enumerate(USAGES)}


@dataclass(frozen=True)
class Columns:
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

    def label(self, emotion: str) -> int | None:
        """Return the label for a value of the ``emotion`` column, or None if it is unknown."""
        text = emotion.strip()
        return self.labels.get(text if is_number(text) else folded(text))

    def usage_code(self, usage: str) -> int | None:
        """Return the code for a value of the ``Usage`` column, or None if it is unknown."""
        return _USAGE_CODES.get(usage.strip())

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


def read_header(path: Path, line: bytes, labels: Mapping[str, int]) -> Columns:
    """Parse the header line; ``labels`` are as in ``Columns``.

    Raises:
        FerBenchError: the line is not a header, or a column is missing or appears twice.
    """
    try:
        text = line.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise input_error(path, 1, "the line is not UTF-8 text", HEADER) from error
    names = tuple(field.strip() for field in split_line(path, 1, text, HEADER))
    indices: dict[str, int] = {}
    for index, name in enumerate(map(str.lower, names)):
        if name in ("emotion", "pixels", "usage"):
            if name in indices:
                raise input_error(path, 1, f"the column {name!r} appears twice", HEADER)
            indices[name] = index
    for name in ("emotion", "pixels"):
        if name not in indices:
            header = cut(", ".join(names), 200)
            raise input_error(path, 1, f"no column {name!r} in the header {header!r}", HEADER)
    return Columns(names, indices["emotion"], indices["pixels"], indices.get("usage"), labels)


def split_line(path: Path, number: int, line: str, accepted: str) -> list[str]:
    """Split a line into its fields, without the quotes.

    Args:
        path: the file, for errors.
        number: number of the line, from 1.
        line: the line, with or without its line ending.
        accepted: description of a valid line, for errors.

    Raises:
        FerBenchError: the line is not CSV.
    """
    try:
        reader = csv.reader([line.rstrip("\r\n")], skipinitialspace=True, strict=True)
        return next(reader, [])
    except csv.Error as error:
        raise input_error(path, number, f"the line is not csv ({error})", accepted) from error
