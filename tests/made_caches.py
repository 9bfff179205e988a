"""Cache directory with an entry of each kind, written by the code that writes it in a run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from layout_writers import random_dataset, write_csv, write_npz
from made_images import dataset_of, patterns

from fer_bench.data import fer2013, stratified_rows
from fer_bench.data.audit.duplicates import cached_duplicates
from fer_bench.data.formats.detection import load_path
from fer_bench.models.builders import structure_files
from fer_bench.runtime.locks import LOCKS, locked
from fer_bench.training.store.inventory import BROUGHT, CACHED

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = 20


def keep(source: Path, cache: Path) -> Path:
    """Load a new csv file of random images, and return its cache entry."""
    before = set(cache.glob("parsed/*"))
    load_path(write_csv(source, random_dataset(40)), cache)
    (entry,) = set(cache.glob("parsed/*")) - before
    return entry


def remember(root: Path, cache: Path) -> None:
    """Load, sample and search for duplicates, which fills the cache or reads from it."""
    images = dataset_of(patterns(28))
    load_path(root / "faces.csv", cache)
    stratified_rows(images, SAMPLE, 42, cache)
    cached_duplicates(images, cache)


def fill(root: Path, cache: Path) -> dict[str, Path]:
    """Fill a cache directory.

    Args:
        root: an empty directory for the data.
        cache: the directory to fill, which must be that of ``cache_root``.

    Returns:
        An entry of each kind, by kind, ``locks`` included.
    """
    write_csv(root / "faces.csv", random_dataset(40))
    remember(root, cache)
    own = cache / fer2013.FOLDER / fer2013.FILE_NAMES[-1]
    own.parent.mkdir()
    write_npz(own, random_dataset(4))
    structure = structure_files.cache_directory() / structure_files.file_name("openface")
    structure.parent.mkdir()
    structure.write_bytes(b"exported elsewhere")
    with locked(cache, "weights", "0"):
        pass
    return {kind: next((cache / kind).iterdir()) for kind in (*CACHED, *BROUGHT, LOCKS)}


def write_and_die(entry: Path) -> Path:
    """Let a process exit abruptly while it writes an entry, and return the file it leaves."""
    before = set(entry.parent.iterdir())
    code = (
        "import os, pathlib, sys\n"
        "from fer_bench.runtime.files import write_atomically\n"
        "write_atomically(pathlib.Path(sys.argv[1]), lambda file: os._exit(9))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(entry)]).returncode == 9
    (left,) = set(entry.parent.iterdir()) - before
    return left
