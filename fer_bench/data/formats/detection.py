"""Loading of a data set from a path, with detection of its format."""

from __future__ import annotations

import contextlib
import difflib
import stat
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.class_names import KAGGLE, UNNUMBERED, class_table
from fer_bench.data.formats.fer2013_csv import SIDE, load_csv, read_csv
from fer_bench.data.formats.image_folders.image_files import load_listing
from fer_bench.data.formats.image_folders.label_lists import is_label_list
from fer_bench.data.formats.image_folders.layouts import data_files_of, list_folder
from fer_bench.data.formats.labelled_pixels import Content, numbered_dataset
from fer_bench.data.formats.npz_arrays import is_compressed
from fer_bench.data.formats.npz_files import load_npz, read_npz
from fer_bench.data.input_errors import input_error
from fer_bench.data.parsed_cache import load_once
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import cause_of, state_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.images import Collect

NOT_FER2013 = "not FER2013"
"""Name given to a data set that is called FER2013 but differs from it in any image."""

_LARGE = 1 << 28
"""Bytes from which an npz file is mapped from a copy in the cache, not read into memory. The file
itself may be overwritten at any time."""

ACCEPTED = "a csv file, an npz file or a directory of them or of images (fer-bench data --help)"


def load_path(
    path: Path, cache_dir: Path, class_map: str | os.PathLike[str] | None = None
) -> Dataset:
    """Read a data set from a file or directory.

    Data sets parsed from CSV files, directories, and compressed or large npz files are cached;
    other npz files load as fast as the cache.

    Args:
        path: a CSV file, an npz file, a directory of such files or in one of
            ``image_folders.layouts.LAYOUTS``, or a CSV label list in the directory of its images.
        cache_dir: the cache directory.
        class_map: the classes of names and numbers, as ``class_names.class_table`` accepts it; by
            default, numbers are Kaggle's in CSV and npz files and unknown in image folders.

    Returns:
        The data set, named after the file or directory.

    Raises:
        FerBenchError: ``path`` does not exist or has none of these layouts, all images are of one
            class, the class map is unknown or invalid, or there is not enough memory.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        problem = f"the data set cannot be opened: {cause_of(error)}"
        steps = (_nearest(path, error), "name one that can be opened")
        hint = "; ".join(filter(None, steps))
        raise FerBenchError(problem, ACCEPTED, hint, path=path) from error
    with enough_memory(str(path)):
        table = None if class_map is None else class_table(class_map)
        return _load(path, status, cache_dir, table)


@contextlib.contextmanager
def enough_memory(name: str) -> Iterator[None]:
    """Convert a ``MemoryError`` in the context into a ``FerBenchError``.

    Args:
        name: path or name of the data set being processed.
    """
    try:
        yield
    except MemoryError as error:
        raise FerBenchError(
            f"data set {name!r} needs more memory than is available ({cause_of(error)})",
            "images that fit into memory, or into a writable cache directory",
            "use fewer or smaller images",
        ) from error


def is_fer2013(dataset: Dataset) -> bool:
    """Check if the labelled images are those of FER2013, in any order."""
    # Most other data sets differ in size or class counts, so that no digest is computed.
    is_candidate = dataset.images.shape[1:] == (SIDE, SIDE) and dataset.counts == published.COUNTS
    return is_candidate and dataset.digest == published.DIGEST


def named_by_images(dataset: Dataset) -> Dataset:
    """Return the data set, named FER2013 if and only if its labelled images are those of FER2013.

    Results on a data set named FER2013 are compared with the paper's claims, so the images decide,
    not the name. A data set of other images whose name reads as FER2013, ignoring case and
    punctuation, is renamed to ``NOT_FER2013``.
    """
    if is_fer2013(dataset):
        return dataset.renamed(published.DATASET)
    letters = "".join(filter(str.isalnum, dataset.name.casefold()))
    return dataset.renamed(NOT_FER2013) if letters == published.DATASET else dataset


def _nearest(path: Path, error: Exception) -> str:
    """Describe the existing part of a missing path and suggest a similar name in it."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return ""
    try:
        parent = next(parent for parent in path.absolute().parents if parent.is_dir())
        names = sorted(entry.name for entry in parent.iterdir())
    except OSError:
        return ""
    wanted = path.absolute().relative_to(parent).parts[0]
    if wanted in names:
        return ""
    similar = difflib.get_close_matches(wanted, names, n=1)
    question = f", did you mean {similar[0]!r}?" if similar else ""
    return f"{str(parent)!r} has no {shown(wanted)}{question}"


def _load(path: Path, status: os.stat_result, cache_dir: Path, table: ClassTable | None) -> Dataset:
    def cached(state: str, load: Callable[[Collect], Dataset], name: str) -> Dataset:
        def read(collect: Collect) -> Dataset:
            return _with_several_classes(path, load(collect))

        return load_once(path, state, read, cache_dir).renamed(name)

    suffix = path.suffix.lower()
    is_directory = stat.S_ISDIR(status.st_mode)
    codes = KAGGLE if table is None else table
    names = UNNUMBERED if table is None else table
    files, files_state = data_files_of(path, names) if is_directory else ({}, "")
    if files:
        state = f"{files_state}, {codes.state}"
        return cached(state, lambda to: _load_files(path, files, codes, to), path.resolve().name)
    if is_directory or (suffix == ".csv" and is_label_list(path)):
        listing = list_folder(path, names)
        return cached(listing.state, lambda collect: load_listing(listing, collect), listing.name)
    state = f"{state_of(status)}, {codes.state}"
    if suffix == ".csv":
        return cached(state, lambda collect: load_csv(path, codes, collect), path.stem)
    if suffix == ".npz":
        if status.st_size >= _LARGE or is_compressed(path):
            return cached(state, lambda collect: load_npz(path, codes, collect), path.stem)
        return _with_several_classes(path, load_npz(path, codes))
    raise FerBenchError(
        f"no format is known for the suffix {path.suffix!r}",
        ACCEPTED,
        "convert it into one of them, or unpack it",
        path=path,
    )


def _with_several_classes(path: Path, dataset: Dataset) -> Dataset:
    """Return the data set; raise an error if all images are of one class."""
    present = [name for name, count in dataset.counts.items() if count]
    if len(present) == 1:
        raise FerBenchError(
            f"all {len(dataset):,} images are of class {present[0]!r}, so there is nothing to "
            "classify",
            "images of at least two classes",
            "add images of another class",
            path=path,
        )
    return dataset


def _load_files(
    root: Path, files: Mapping[Path, int | None], table: ClassTable, collect: Collect
) -> Dataset:
    """Read CSV or npz files and concatenate them into one data set.

    A usage column or array in a file takes precedence over the part of the file. The data set has
    a usage if every image has one and, for several files, each of the three parts has images.
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
