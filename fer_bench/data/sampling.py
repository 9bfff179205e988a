"""Stratified random draws and samples of a data set, cached on disk.

Reading a cached draw takes less time than importing scikit-learn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import cached, checked
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset

    Draw = tuple[NDArray[np.int64], NDArray[np.int64]]

FOLDER = "draws"
"""Subdirectory of the cache directory for draws."""

ALWAYS_ENOUGH = 14
"""Images per class with which every part of the split ``"paper"`` is sure to contain every class.

sklearn gives a part with the share s at least floor(s m) and at most floor(s m) + 1 of a class's m
images. Two classes of 14 have 28 images: the test part takes at most 0.2 + 0.5/28 of them, hence at
most 4 of 14. The validation part takes at least (2.8 - 0.5) / (22.4 + 0.5) > 0.1 of the rest, hence
at least 1 of 10. More images only help, and a single class is in every part.
"""


def stratified_rows(
    dataset: Dataset, limit: int, seed: int = 42, cache_dir: Path | None = None
) -> NDArray[np.int64]:
    """Return the rows of a stratified random sample.

    Args:
        dataset: data set to sample from.
        limit: number of images; all rows are returned if the data set has no more than that.
        seed: 0 to 2**32 - 1, ``random_state`` of sklearn's ``train_test_split``.
        cache_dir: cache directory, in which the sample is cached; None disables caching.

    Returns:
        int64, in the order in which sklearn returns them.

    Raises:
        FerBenchError: the sample would lack a class, sklearn cannot leave out so few images, or the
            limit or the seed is out of range.
    """
    check_seed(seed)
    if limit < 1:
        raise FerBenchError(f"limit {limit} is too small", "1 or more images")
    n = len(dataset)
    if limit >= n:
        return np.arange(n, dtype=np.int64)
    present, counts = np.unique(dataset.labels, return_counts=True)
    smallest = int(np.argmin(counts))
    n_smallest = int(counts[smallest])
    most = n - len(present)
    enough = math.ceil(ALWAYS_ENOUGH * n / n_smallest)
    accepted = f"{n} or more, for all images"
    if enough <= most:
        accepted = f"{enough} to {most} (fewer may do), or {n} for all images"
    if limit > most:
        raise FerBenchError(
            f"limit {limit} leaves out {n - limit} of {n} images, fewer than the {len(present)} "
            "classes",
            accepted,
        )
    too_small = f"limit {limit} is too small for a stratified sample of {dataset.name!r}"
    if limit < len(present) or n_smallest < 2:
        raise FerBenchError(
            f"{too_small}, which has {len(present)} classes, the smallest with {n_smallest} of "
            f"{n} images",
            accepted,
        )
    rows, _ = stratified_draw(dataset.labels, limit, n - limit, seed, cache_dir)
    for label in present:
        if not (dataset.labels[rows] == label).any():
            raise FerBenchError(
                f"{too_small}: the sample has no image of class {dataset.classes[label]!r}",
                accepted,
            )
    return rows


def stratified_draw(
    labels: NDArray[np.uint8], n_first: int, n_second: int, seed: int, cache_dir: Path | None
) -> Draw:
    """Draw two disjoint sets of rows, both stratified by label.

    A draw is stored in ``cache_dir / "draws"`` and reused as long as labels, sizes, seed and the
    installed scikit-learn are the same. A missing or damaged entry is recomputed. If the cache is
    not writable, nothing is stored.

    Args:
        labels: uint8, shape (n,).
        n_first: number of rows in the first set.
        n_second: number of rows in the second set.
        seed: ``random_state`` of ``train_test_split``.
        cache_dir: cache directory; None disables caching.

    Returns:
        Both sets in the order in which ``train_test_split`` returns them, int64, shapes (n_first,)
        and (n_second,).

    Raises:
        ValueError: ``train_test_split`` rejects the labels or sizes.
    """
    return cached(
        None if cache_dir is None else cache_dir / FOLDER,
        ("fer_bench draw 2", labels.dtype.str, labels.tobytes(), n_first, n_second, seed),
        lambda _: _draw(labels, n_first, n_second, seed),
        lambda rows: {"first": rows[0], "second": rows[1]},
        lambda arrays: _decode(arrays, (n_first, n_second), len(labels)),
        software=("scikit-learn",),  # another version may draw other rows
    )


def _decode(arrays: Mapping[str, NDArray[Any]], sizes: tuple[int, int], n: int) -> Draw:
    first, second = (
        checked(arrays[name], np.int64, (size,), n)
        for name, size in zip(("first", "second"), sizes, strict=True)
    )
    if len(np.unique(np.concatenate((first, second)))) < sum(sizes):
        raise ValueError("rows that occur twice")
    return first, second


def _draw(labels: NDArray[np.uint8], n_first: int, n_second: int, seed: int) -> Draw:
    from sklearn.model_selection import train_test_split

    first, second = train_test_split(
        np.arange(len(labels)),
        train_size=n_first,
        test_size=n_second,
        stratify=labels,
        random_state=seed,
    )
    return first, second


def check_seed(seed: int) -> None:
    """Check that scikit-learn accepts the seed of a draw.

    Raises:
        FerBenchError: the seed is out of range.
    """
    if not 0 <= seed < 2**32:
        raise FerBenchError(f"split seed {seed} is out of range", f"0 to {2**32 - 1}")
