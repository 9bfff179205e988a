"""Reader for FER2013 as a CSV file: Kaggle's ``fer2013.csv`` and ``icml_face_data.csv``.

One row per image: ``emotion`` (a class name, or a number from 0 to 6 unless a class map defines
others), ``pixels`` (2304 space-separated numbers from 0 to 255) and optionally ``Usage``. The
columns may be in any order, with spaces after the commas. Other columns are ignored, whatever their
encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.formats.class_names import KAGGLE
from fer_bench.data.formats.csv_blocks import (
    LONGEST_LINE,
    SIDE,
    line_too_long,
    read_exactly,
    read_quickly,
)
from fer_bench.data.formats.csv_columns import HEADER, read_header
from fer_bench.data.formats.labelled_pixels import Content, numbered_dataset
from fer_bench.data.images import in_memory
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.images import Collect

_BLOCK_BYTES = 1 << 22
"""Bytes per read: larger blocks take more memory, smaller ones more calls of pandas."""


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
            return _read(path, file, table)
    except OSError as error:
        problem = f"the file cannot be read: {cause_of(error)}"
        step = "name a file that can be read"
        raise input_error(path, None, problem, "a readable csv file", step) from error


def _read(path: Path, file: BufferedReader, table: ClassTable) -> Content:
    header = file.readline(LONGEST_LINE + 1)
    if not header:
        raise input_error(path, None, "the file is empty", "a header and a row per image")
    if len(header.removesuffix(b"\n")) > LONGEST_LINE:
        raise line_too_long(path, 1, HEADER)
    columns = read_header(path, header, {name: i for i, name in enumerate(table.meanings)})
    labels: list[int] = []
    usages: list[int] = []
    images = bytearray()  # grows without a copy of it in memory
    number = 2
    while block := file.read(_BLOCK_BYTES):
        block += file.readline(LONGEST_LINE + 1)  # a longer line is cut, and rejected
        rows = read_quickly(block, columns)
        if rows is None:
            rows = read_exactly(path, number, block, columns)
        labels += rows.labels
        usages += rows.usages
        images += b"".join(rows.pixels)
        number += block.count(b"\n")
    if not labels:
        raise input_error(path, None, "the file has no row below the header", "a row per image")
    return Content(
        (len(labels), SIDE, SIDE),
        [np.frombuffer(images, np.uint8).reshape(-1, SIDE, SIDE)],
        np.array(labels),
        None if columns.usage is None else np.array(usages, np.uint8),
    )
