"""Reader for small CSV files: hand-written tables and label lists."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

from fer_bench.data.input_errors import input_error
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_LONGEST_LINE = 1 << 16


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file, header first, each with its 1-based line number.

    Blank lines and a UTF-8 byte order mark are skipped, spaces around fields are stripped.

    Raises:
        FerBenchError: as for ``csv_lines``, or the file is empty, or a row and the header differ in
            the number of columns; the message gives the line.
    """
    accepted = "a csv file in UTF-8 with a header"
    n_columns = 0
    for number, fields in csv_lines(path, accepted):
        if not any(fields):
            continue
        n_columns = n_columns or len(fields)
        if len(fields) != n_columns:
            problem = f"the line has {len(fields)} columns"
            columns = f"{n_columns}, as in the header"
            raise input_error(path, number, problem, columns, "correct the line")
        yield number, fields
    if n_columns == 0:
        raise input_error(path, None, "the file is empty", accepted)


def csv_lines(path: Path, accepted: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line of a CSV file as its 1-based number and its stripped fields.

    A row is exactly one line, so that an unclosed quote does not consume the rest of the file.

    Args:
        path: the file.
        accepted: description of a valid file, for messages.

    Raises:
        FerBenchError: the file cannot be read, or a line is too long, not UTF-8 or not CSV; the
            message gives the line.
    """
    number = 0
    try:
        # Latin-1 accepts any byte. Each line is decoded as UTF-8 on its own, so that an encoding
        # error can be reported with its line number.
        with io.TextIOWrapper(open_regular(path), "latin-1") as file:
            while line := file.readline(_LONGEST_LINE + 1):
                number += 1
                if len(line) > _LONGEST_LINE:
                    problem = f"the line is longer than {_LONGEST_LINE:,} bytes"
                    raise input_error(path, number, problem, accepted)
                data = line.rstrip("\n").encode("latin-1")
                text = (data.removeprefix(codecs.BOM_UTF8) if number == 1 else data).decode("utf-8")
                fields = next(csv.reader([text], skipinitialspace=True, strict=True), [])
                yield number, [field.strip() for field in fields]
    except UnicodeDecodeError as error:
        problem = "the line is not UTF-8 text"
        raise input_error(path, number, problem, accepted, "save the file as UTF-8") from error
    except csv.Error as error:
        problem = f"the line is not csv ({cause_of(error)})"
        raise input_error(path, number, problem, accepted, "correct the line") from error
    except OSError as error:
        problem = f"the file cannot be read: {cause_of(error)}"
        raise input_error(path, None, problem, accepted, "name a file that can be read") from error
