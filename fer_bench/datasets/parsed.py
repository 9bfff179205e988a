"""Data sets read before, kept in the cache so that the next start is quick.

An entry is an ``.npz`` file with the arrays of ``npz_layout`` and a few words more: what was read,
in which state it was, and the digest of what came out. There is one entry for each source.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from typing import TYPE_CHECKING

from fer_bench.datasets.npz_layout import load_npz, pack_npz, read_arrays
from fer_bench.errors import FerBenchError
from fer_bench.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fer_bench.datasets.dataset import Dataset

_FORMAT = "fer_bench parsed data set 1"
_WORDS = ("format", "state", "name", "row_digest")


def load_once(source: Path, state: str, load: Callable[[], Dataset], cache_dir: Path) -> Dataset:
    """The data set of a source, from the cache where its entry is whole and up to date.

    A missing, damaged or outdated entry is made anew. Where the cache cannot be written to,
    nothing is kept and the source is read every time.

    Args:
        source: the file or folder that ``load`` reads.
        state: changes whenever the content of the source may have changed.
        load: reads the source.
        cache_dir: the cache folder.

    Raises:
        FerBenchError: as ``load`` does.
    """
    place = hashlib.sha256(str(source.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    entry = cache_dir / "datasets" / "parsed" / f"{place[:24]}.npz"
    kept = _read(entry, state)
    if kept is not None:
        return kept
    dataset = load()
    with contextlib.suppress(FerBenchError):
        _write(entry, state, dataset)
    return dataset


def _read(entry: Path, state: str) -> Dataset | None:
    """What an entry holds, or None where it is missing, damaged or outdated."""
    try:
        words = {key: str(value) for key, value in read_arrays(entry, _WORDS).items()}
        if (words["format"], words["state"]) != (_FORMAT, state):
            return None
        dataset = dataclasses.replace(load_npz(entry), name=words["name"])
    except FerBenchError:
        return None
    return dataset if dataset.row_digest == words["row_digest"] else None


def _write(entry: Path, state: str, dataset: Dataset) -> None:
    packed = pack_npz(
        dataset, format=_FORMAT, state=state, name=dataset.name, row_digest=dataset.row_digest
    )
    write_atomically(entry, packed)
