"""Which images are trained on, validated on and tested on."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.datasets.dataset import USAGES
from fer_bench.datasets.draws import stratified_draw
from fer_bench.errors import FerBenchError
from fer_bench.protocol import SPLITS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.datasets.dataset import Dataset
    from fer_bench.protocol import SplitName

PARTS: tuple[str, ...] = ("train", "validation", "test")

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1

ALWAYS_ENOUGH = 14
"""So many images in each class, and every part of ``paper_split`` holds every class.

sklearn gives a part that takes the share s at least floor(s m) and at most floor(s m) + 1 of a
class's m images. Two classes of 14 have 28 images: the test part takes at most 0.2 + 0.5/28 of
them, hence at most 4 of 14. The validation part takes at least (2.8 - 0.5) / (22.4 + 0.5) > 0.1
of the rest, hence at least 1 of 10. More images only help, and a single class is in every part.
"""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of three parts of a data set, no row in two of them.

    Attributes:
        name: ``"paper"`` or ``"kaggle"``.
        train: int64, shape (k,), in the order in which training without shuffling would go.
        validation: int64, shape (l,).
        test: int64, shape (m,).
    """

    name: str
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the name and the three parts in their order."""
        digest = hashlib.sha256(repr(("fer_bench split 1", self.name)).encode())
        for part in PARTS:
            rows = getattr(self, part)
            digest.update(f"{part} {len(rows)} ".encode())
            digest.update(np.ascontiguousarray(rows, "<i8").tobytes())
        return digest.hexdigest()


def make_split(
    dataset: Dataset, name: SplitName, seed: int = 42, cache_dir: Path | None = None
) -> Split:
    """Splits a data set.

    Args:
        dataset: what to split.
        name: ``"paper"`` or ``"kaggle"``.
        seed: of the paper's split; Kaggle's involves no chance.
        cache_dir: the cache folder, where the paper's split is remembered; None for no memory.

    Raises:
        FerBenchError: as ``paper_split`` and ``kaggle_split``, a part of Kaggle's lacks a class
            that the data set has, or ``name`` is another.
    """
    if name not in SPLITS:
        raise FerBenchError(
            f"split {name!r} is unknown; accepted: {', '.join(SPLITS)}; take one of them"
        )
    if name == "paper":
        return paper_split(dataset.labels, seed, classes=dataset.classes, cache_dir=cache_dir)
    if dataset.usage is None:
        raise FerBenchError(
            f"split 'kaggle': {dataset.name!r} does not say to which part an image belongs; "
            f"accepted: a csv with the column Usage, an npz with the array usage, folders train, "
            f"val and test, or whose files are named {'_*, '.join(USAGES)}_*; take one of them or "
            f"the split 'paper'"
        )
    split = kaggle_split(dataset.usage)
    lacking = _lacking(split, dataset.labels)
    if lacking is not None:
        part, label = lacking
        raise FerBenchError(
            f"split 'kaggle': no image of class {dataset.classes[label]!r} in the "
            f"{part} part; accepted: each class in each part; take more images or the split 'paper'"
        )
    return split


def paper_split(
    labels: NDArray[np.uint8],
    seed: int = 42,
    *,
    classes: Sequence[str] | None = None,
    cache_dir: Path | None = None,
) -> Split:
    """The paper's split: 70/10/20 percent, stratified by label.

    The test part has round(0.2 n) rows and the validation part round(0.1 n), 7,177 and 3,589
    of FER2013's 35,887. sklearn's ``train_test_split`` takes first the test part off the whole,
    then the validation part off the rest, both times with ``seed`` as ``random_state``.

    Args:
        labels: uint8, shape (n,).
        seed: 0 to 2**32 - 1.
        classes: names for error messages, in the order of the labels.
        cache_dir: the cache folder, where the split is remembered; None for no memory.

    Returns:
        The split, each part in the order that sklearn gives it.

    Raises:
        FerBenchError: there are too few images in all or of a class for each part to hold
            each class that occurs, or the seed is out of range.
    """
    _check_seed(seed)
    n = len(labels)
    n_test, n_validation = round(TEST_SHARE * n), round(VALIDATION_SHARE * n)
    present, counts = np.unique(labels, return_counts=True)
    if n == 0 or n_validation < len(present):
        raise FerBenchError(
            f"split 'paper': {n} images of {len(present)} classes are too few for "
            f"{n_validation} in the validation part to hold each class; accepted: "
            f"{ALWAYS_ENOUGH} of each class are always enough; take more images"
        )
    smallest = int(np.argmin(counts))
    if counts[smallest] < len(PARTS):
        raise _too_few(int(present[smallest]), int(counts[smallest]), classes)
    n_train = n - n_test - n_validation
    rest, test = stratified_draw(labels, n - n_test, n_test, seed, cache_dir)
    train, validation = stratified_draw(labels[rest], n_train, n_validation, seed, cache_dir)
    split = Split("paper", rest[train], rest[validation], test)
    lacking = _lacking(split, labels)
    if lacking is not None:
        label = lacking[1]
        raise _too_few(label, int(np.count_nonzero(labels == label)), classes)
    return split


def kaggle_split(usage: NDArray[np.uint8]) -> Split:
    """Kaggle's own split: Training, PublicTest (validation) and PrivateTest (test).

    Args:
        usage: uint8, shape (n,), indices into ``USAGES``.

    Returns:
        The split, each part in the data set's order.

    Raises:
        FerBenchError: a part has no image.
    """
    parts = [np.flatnonzero(usage == code).astype(np.int64) for code in range(len(USAGES))]
    for name, rows in zip(USAGES, parts, strict=True):
        if not len(rows):
            raise FerBenchError(
                f"split 'kaggle': no image belongs to {name}; accepted: images in each of "
                f"{', '.join(USAGES)}; take more images or the split 'paper'"
            )
    return Split("kaggle", *parts)


def stratified_sample(
    dataset: Dataset, limit: int, seed: int = 42, cache_dir: Path | None = None
) -> Dataset:
    """A random sample in which each class keeps its share.

    Args:
        dataset: what to sample from.
        limit: number of images; the whole data set is returned where it has no more.
        seed: 0 to 2**32 - 1, ``random_state`` of sklearn's ``train_test_split``.
        cache_dir: the cache folder, where the sample is remembered; None for no memory.

    Returns:
        The sample under the same name, in the order that sklearn gives it.

    Raises:
        FerBenchError: as ``stratified_rows``.
    """
    rows = stratified_rows(dataset, limit, seed, cache_dir)
    return dataset if limit >= len(dataset) else dataset.take(rows)


def stratified_rows(
    dataset: Dataset, limit: int, seed: int = 42, cache_dir: Path | None = None
) -> NDArray[np.int64]:
    """The rows of a ``stratified_sample``, for what else is known of its images.

    Args:
        dataset: what to sample from.
        limit: number of images; all rows are returned where it has no more.
        seed: 0 to 2**32 - 1, ``random_state`` of sklearn's ``train_test_split``.
        cache_dir: the cache folder, where the sample is remembered; None for no memory.

    Returns:
        int64, in the order that sklearn gives them.

    Raises:
        FerBenchError: the sample would lack a class, sklearn cannot leave out so few images,
            or the limit or the seed is out of range.
    """
    _check_seed(seed)
    if limit < 1:
        raise FerBenchError(
            f"limit {limit} is too small; accepted: a number of images from 1; correct it"
        )
    n = len(dataset)
    if limit >= n:
        return np.arange(n, dtype=np.int64)
    present, counts = np.unique(dataset.labels, return_counts=True)
    smallest = int(np.argmin(counts))
    n_smallest = int(counts[smallest])
    most = n - len(present)
    enough = math.ceil(ALWAYS_ENOUGH * n / n_smallest)
    accepted = f"accepted: {n} or more, which takes them all"
    if enough <= most:
        accepted = f"accepted: {enough} to {most} (fewer may do), or {n} for all"
    if limit > most:
        raise FerBenchError(
            f"limit {limit} leaves out {n - limit} of {n} images, less than one for each of the "
            f"{len(present)} classes; {accepted}"
        )
    if limit < len(present) or n_smallest < 2:
        raise FerBenchError(
            f"limit {limit} is too small for a stratified sample of {dataset.name!r}: it has "
            f"{len(present)} classes, the smallest with {n_smallest} of {n} images; {accepted}"
        )
    rows, _ = stratified_draw(dataset.labels, limit, n - limit, seed, cache_dir)
    for label in present:
        if not (dataset.labels[rows] == label).any():
            raise FerBenchError(
                f"limit {limit} is too small for a stratified sample of {dataset.name!r}: no image "
                f"of class {dataset.classes[label]!r} is in it; {accepted}"
            )
    return rows


def _lacking(split: Split, labels: NDArray[np.uint8]) -> tuple[str, int] | None:
    """A part and a class of the whole that it does not hold."""
    present = np.unique(labels)
    for part in PARTS:
        missing = np.setdiff1d(present, labels[getattr(split, part)])
        if len(missing):
            return part, int(missing[0])
    return None


def _too_few(label: int, count: int, classes: Sequence[str] | None) -> FerBenchError:
    name = repr(classes[label]) if classes else str(label)
    return FerBenchError(
        f"split 'paper': class {name} has {count} images, too few for one in each of "
        f"{', '.join(PARTS)}; accepted: {ALWAYS_ENOUGH} of each class are always enough; "
        "take more images"
    )


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise FerBenchError(f"split seed {seed} is out of range; accepted: 0 to {2**32 - 1}")
