"""Data sets from a path, whatever layout it is in."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

from fer_bench.datasets.csv_layout import load_csv
from fer_bench.datasets.csv_rows import SIDE
from fer_bench.datasets.folder_layout import list_images, load_folder
from fer_bench.datasets.npz_layout import load_npz
from fer_bench.datasets.parsed import load_once
from fer_bench.errors import FerBenchError
from fer_bench.paper import published

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.datasets.dataset import Dataset

ACCEPTED = (
    "a .csv file (columns emotion, pixels and, where known, Usage), an .npz file (arrays images, "
    "labels and, where known, usage), or a folder that holds train/<emotion>/ and test/<emotion>/"
)


def load_path(path: Path, cache_dir: Path) -> Dataset:
    """Reads a data set from a file or folder.

    What came out of a csv file or image folder is kept in the cache for the next time; npz files
    are quick enough without.

    Args:
        path: a csv file, an npz file, or a folder with ``train`` and ``test``.
        cache_dir: the cache folder.

    Returns:
        The data set, named ``"fer2013"`` where its classes have FER2013's sizes, otherwise after
        the file or folder.

    Raises:
        FerBenchError: there is nothing at ``path``, or it is in none of these layouts.
    """
    return _load(path, cache_dir)


def named(dataset: Dataset) -> Dataset:
    """The data set under the name ``"fer2013"`` where it is that, else as it is."""
    return dataclasses.replace(dataset, name=published.DATASET) if is_fer2013(dataset) else dataset


def is_fer2013(dataset: Dataset) -> bool:
    """Whether size of images and classes are FER2013's, the classes as in the paper's Table 1."""
    return dataset.images.shape[1:] == (SIDE, SIDE) and dataset.counts == published.COUNTS


def _load(path: Path, cache_dir: Path) -> Dataset:
    if path.is_dir():
        files = list_images(path)
        listing = hashlib.sha256()
        for file in files:
            listing.update(f"{file.path!r} {file.label} {file.size} {file.mtime_ns}\n".encode())
        state = listing.hexdigest()
        return load_once(path, state, lambda: named(load_folder(path, files)), cache_dir)
    try:
        status = path.stat()
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise FerBenchError(
            f"data set {str(path)!r} cannot be opened: {cause}; accepted: {ACCEPTED}"
        ) from error
    if path.suffix.lower() == ".csv":
        state = f"{status.st_size} bytes, changed at {status.st_mtime_ns} ns"
        return load_once(path, state, lambda: named(load_csv(path)), cache_dir)
    if path.suffix.lower() == ".npz":
        return named(load_npz(path))
    raise FerBenchError(
        f"data set {str(path)!r}: no layout is known for the suffix {path.suffix!r}; "
        f"accepted: {ACCEPTED}"
    )
