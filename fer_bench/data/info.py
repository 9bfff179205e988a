"""Description of a data set without an audit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.catalogue import load_dataset, source_of
from fer_bench.data.split import PARTS, make_split
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.protocol.data_spec import SplitName

_SPLITS: tuple[SplitName, ...] = ("paper", "kaggle")
"""Splits that are quick to compute: a grouped split needs the duplicate search."""


@dataclass(frozen=True)
class PartInfo:
    """Class counts of one part of one split.

    Attributes:
        split: name of the split.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        counts: number of images of each class, in the order of the labels; empty if the data set
            cannot be split this way.
        why: reason why it cannot be split, one line, else empty.
    """

    split: SplitName
    part: str
    counts: tuple[int, ...]
    why: str = ""


@dataclass(frozen=True)
class Info:
    """Description of a data set.

    Attributes:
        name: name in tables.
        source: path or name that it was loaded from.
        layout: layout of the source.
        images: number of images.
        height: height of each image, in pixels.
        width: width of each image, in pixels.
        counts: number of images of each class, in the order of the labels.
        parts: parts of each requested split.
        usage: True if Kaggle's three parts are known.
        digest: content digest, independent of the order of the images.
        row_digest: content digest in this order.
        memory: bytes of the arrays; those of the images are mapped from the cache if it is used.
        notes: further findings and actions of reading the source, as (topic, text) pairs.
    """

    name: str
    source: str
    layout: str
    images: int
    height: int
    width: int
    counts: tuple[tuple[str, int], ...]
    parts: tuple[PartInfo, ...]
    usage: bool
    digest: str
    row_digest: str
    memory: int
    notes: tuple[tuple[str, str], ...] = ()


def load_info(
    spec: str | os.PathLike[str],
    *,
    cache_dir: Path | None = None,
    class_map: str | os.PathLike[str] | None = None,
) -> Info:
    """Load a data set and describe it; arguments and errors are those of ``load_dataset``."""
    dataset = load_dataset(spec, cache_dir=cache_dir, class_map=class_map)
    return info_of(dataset, spec, _SPLITS, cache_dir=cache_dir)


def info_of(
    dataset: Dataset,
    spec: str | os.PathLike[str],
    splits: Sequence[SplitName] = (),
    *,
    cache_dir: Path | None = None,
) -> Info:
    """Describe a data set that is already loaded.

    Args:
        dataset: the complete data set.
        spec: argument of ``load_dataset`` that it was loaded with.
        splits: splits whose parts are described.
        cache_dir: cache directory, ``fer_bench.runtime.cache_directory.cache_root()`` by default.

    Raises:
        FerBenchError: ``FER_BENCH_DATA`` names something that does not contain FER2013.
    """
    path = source_of(spec, cache_dir=cache_dir)
    arrays = [dataset.images, dataset.labels, dataset.usage]
    _, height, width = dataset.images.shape
    return Info(
        name=dataset.name,
        source=os.fspath(spec) if path is None else str(path),
        layout="given by the loader of this name" if path is None else _layout(path, dataset),
        images=len(dataset),
        height=height,
        width=width,
        counts=tuple(dataset.counts.items()),
        parts=tuple(part for split in splits for part in _parts(dataset, split, cache_dir)),
        usage=dataset.usage is not None,
        digest=dataset.digest,
        row_digest=dataset.row_digest,
        memory=sum(array.nbytes for array in arrays if array is not None),
        notes=tuple((what, how) for what, how in dataset.notes if what != "layout"),
    )


def _layout(path: Path, dataset: Dataset) -> str:
    known = dataset.usage is not None
    if "layout" in dict(dataset.notes):
        return dict(dataset.notes)["layout"]
    kind, what = ("csv", "column Usage") if path.suffix.lower() == ".csv" else ("npz", "usage")
    return f"{kind} file {'with' if known else 'without'} the {what}"


def _parts(dataset: Dataset, name: SplitName, cache_dir: Path | None) -> list[PartInfo]:
    try:
        split = make_split(dataset, name, DataSpec.split_seed, cache_dir)
    except FerBenchError as error:
        return [PartInfo(name, part, (), str(error)) for part in PARTS]

    def counts(rows: NDArray[np.int64]) -> tuple[int, ...]:
        found = np.bincount(dataset.labels[rows], minlength=len(dataset.classes))
        return tuple(map(int, found))

    return [PartInfo(name, part, counts(getattr(split, part))) for part in PARTS]
