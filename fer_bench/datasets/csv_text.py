"""Rows of small csv files: tables that people write, and lists of labels."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from fer_bench.datasets.csv_rows import wrong
from fer_bench.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a csv file, the header first, each with the number of its line from 1.

    Blank lines and a UTF-8 byte order mark are passed over, spaces around fields are cut off.

    Raises:
        FerBenchError: the file cannot be read, is empty, is no csv in UTF-8, or a row has another
            number of columns than the header; names the line.
    """
    accepted = "a csv file in UTF-8 with a header"
    width = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, skipinitialspace=True, strict=True)
            try:
                for fields in lines:
                    if not any(fields):
                        continue
                    if width == 0:
                        width = len(fields)
                    if len(fields) != width:
                        what = f"{len(fields)} columns"
                        raise wrong(path, lines.line_num, what, f"{width}, as in the header")
                    yield lines.line_num, [field.strip() for field in fields]
            except csv.Error as error:
                what = f"the line is not csv ({cause_of(error)})"
                raise wrong(path, lines.line_num, what, accepted) from error
    except OSError as error:
        raise wrong(path, None, f"it cannot be read ({cause_of(error)})", accepted) from error
    except UnicodeDecodeError as error:
        raise wrong(path, None, f"it is not UTF-8 text ({cause_of(error)})", accepted) from error
    if width == 0:
        raise wrong(path, None, "the file is empty", accepted)


def shown(text: str, most: int = 40) -> str:
    """A value for a message, in quotes and not too long."""
    return repr(text if len(text) <= most else f"{text[: most - 3]}...")
