"""Reader for a directory of CSV or npz files that form one data set."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.fer2013_csv import read_csv
from fer_bench.data.formats.labelled_pixels import Content, numbered_dataset
from fer_bench.data.formats.npz_files import read_npz
from fer_bench.data.images import in_memory
from fer_bench.data.input_errors import input_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.images import Collect


def load_data_files(
    root: Path,
    files: Mapping[Path, int | None],
    table: ClassTable,
    collect: Collect = in_memory,
) -> Dataset:
    """Read CSV or npz files and concatenate them into one data set.

    A usage column or array in a file takes precedence over the part of the file. The data set has
    a usage if every image has one and, for several files, each of the three parts has images.

    Args:
        root: the directory that holds the files.
        files: all CSV or all npz files, each with its part as an index into ``USAGES``, if any.
        table: class for each number and name.
        collect: collects the images.

    Raises:
        FerBenchError: a file is invalid, or the image sizes differ.
    """
    first, *others = files
    is_csv = first.suffix.lower() == ".csv"
    read, meanings = (read_csv, table.meanings) if is_csv else (read_npz, table.numbers)
    contents = {file: read(file, table) for file in files}
    for file in others:
        size, first_size = (contents[each].shape[:0:-1] for each in (file, first))
        if size != first_size:
            problem = "the images have {}x{} pixels, but those of {!r} {}x{}".format(
                *size, first.name, *first_size
            )
            raise input_error(
                file, None, problem, "images of the same size", "resize the images to one size"
            )
    usage = _usage(contents, files)
    if others:
        content = Content(
            (sum(each.shape[0] for each in contents.values()), *contents[first].shape[1:]),
            chain.from_iterable(each.images for each in contents.values()),
            np.concatenate([each.places for each in contents.values()]),
            usage,
        )
        rows = [
            f"row {row} of {file.name}" for file in files for row in range(contents[file].shape[0])
        ]
    else:
        content, rows = contents[first]._replace(usage=usage), None
    dataset = numbered_dataset(root, content, meanings, table, rows, collect)
    names = ", ".join(file.name for file in files)
    kind = f"{first.suffix.lower().removeprefix('.')} file{'s' if others else ''}"
    layout = f"{kind} {names}, {'without a' if usage is None else 'with the'} usage"
    return dataset.with_notes((("layout", layout), *dataset.notes))


def _usage(
    contents: Mapping[Path, Content], files: Mapping[Path, int | None]
) -> NDArray[np.uint8] | None:
    known = []
    for file, content in contents.items():
        part = files[file]
        if content.usage is not None:
            known.append(content.usage)
        elif part is not None:
            known.append(np.full(content.shape[0], part, np.uint8))
        else:
            return None
    usage = np.concatenate(known)
    has_all = len(files) == 1 or len(np.unique(usage)) == len(USAGES)
    return usage if has_all else None
