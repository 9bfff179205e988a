"""Stratified samples of a data set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.cached_splits import check_seed, stratified_draw
from fer_bench.data.split import ALWAYS_ENOUGH
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset


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
        raise FerBenchError(
            f"limit {limit} is too small",
            "1 or more images",
        )
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
