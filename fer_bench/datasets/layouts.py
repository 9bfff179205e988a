"""Data sets from a path, whatever layout it is in."""

from __future__ import annotations

import contextlib
import hashlib
import stat
from typing import TYPE_CHECKING

from fer_bench.datasets.csv_layout import load_csv
from fer_bench.datasets.csv_rows import SIDE
from fer_bench.datasets.folder_layout import list_images, load_folder
from fer_bench.datasets.npz_layout import is_compressed, load_npz
from fer_bench.datasets.parsed import load_once
from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, state_of
from fer_bench.paper import published

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fer_bench.datasets.dataset import Dataset

ACCEPTED = (
    "a .csv file (columns emotion, pixels and, where known, Usage), an .npz file (arrays images, "
    "labels and, where known, usage), or a folder that holds train/<emotion>/ and test/<emotion>/"
)


def load_path(path: Path, cache_dir: Path) -> Dataset:
    """Reads a data set from a file or folder.

    What came out of a csv file, an image folder or a compressed npz file is kept in the cache for
    the next time; other npz files are as quick as the cache.

    Args:
        path: a csv file, an npz file, or a folder with ``train`` and ``test``.
        cache_dir: the cache folder.

    Returns:
        The data set, named ``"fer2013"`` where its classes have FER2013's sizes, otherwise after
        the file or folder.

    Raises:
        FerBenchError: there is nothing at ``path``, it is in none of these layouts, or there is
            too little memory for it.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise FerBenchError(
            f"data set {str(path)!r} cannot be opened: {cause_of(error)}; accepted: {ACCEPTED}"
        ) from error
    with enough_memory(path):
        dataset = _load(path, status, cache_dir)
    return dataset.renamed(published.DATASET) if is_fer2013(dataset) else dataset


@contextlib.contextmanager
def enough_memory(path: Path) -> Iterator[None]:
    """Turns the want of memory while ``path`` is read into a ``FerBenchError``."""
    try:
        yield
    except MemoryError as error:
        raise FerBenchError(
            f"data set {str(path)!r} needs more memory than there is ({cause_of(error)}); "
            "accepted: images that fit into memory all at once; take fewer or smaller ones"
        ) from error


def is_fer2013(dataset: Dataset) -> bool:
    """Whether size of images and classes are FER2013's, the classes as in the paper's Table 1."""
    return dataset.images.shape[1:] == (SIDE, SIDE) and dataset.counts == published.COUNTS


def _load(path: Path, status: os.stat_result, cache_dir: Path) -> Dataset:
    def once(state: str, load: Callable[[], Dataset], name: str) -> Dataset:
        return load_once(path, state, load, cache_dir).renamed(name)

    if stat.S_ISDIR(status.st_mode):
        files = list_images(path)
        listing = hashlib.sha256()
        for file in files:
            listing.update(f"{file.place!r} {file.state}\n".encode())
        return once(listing.hexdigest(), lambda: load_folder(path, files), path.resolve().name)
    if path.suffix.lower() == ".csv":
        return once(state_of(status), lambda: load_csv(path), path.stem)
    if path.suffix.lower() == ".npz":
        if is_compressed(path):
            return once(state_of(status), lambda: load_npz(path), path.stem)
        return load_npz(path)
    raise FerBenchError(
        f"data set {str(path)!r}: no layout is known for the suffix {path.suffix!r}; "
        f"accepted: {ACCEPTED}"
    )
