"""Cache of the near-duplicate search, the slowest part of an audit."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import cached_arrays
from fer_bench.data.audit.candidates import LEAST_COARSE, MOST_BITS
from fer_bench.data.audit.duplicates import SIMILARITIES, Duplicates, NearPair, find_duplicates
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.runtime.progress import Progress

FOLDER = "twins"
"""Subdirectory of the cache directory for search results."""

_PAIRS = ("pair_rows", "pair_mirrored", "pair_correlation")
_SOFTWARE = ("ImageHash", "pillow", "scipy")
"""Distributions that determine the near-duplicates. Their versions are known without an import."""


def cached_duplicates(
    dataset: Dataset, cache_dir: Path | None, progress: Progress = silent
) -> Duplicates:
    """Return the result of ``find_duplicates``, cached in ``cache_dir / "twins"``.

    Args:
        dataset: the images; their labels do not matter.
        cache_dir: cache directory; None disables caching.
        progress: callback for the progress of the search, if there is one.
    """

    def search() -> dict[str, NDArray[Any]]:
        twins = find_duplicates(dataset, progress)
        rows = [(one.first, one.second) for one in twins.pairs]
        made: dict[str, NDArray[Any]] = {
            "pair_rows": np.array(rows, np.int64).reshape(-1, 2),
            "pair_mirrored": np.array([one.mirrored for one in twins.pairs], np.bool_),
            "pair_correlation": np.array([one.correlation for one in twins.pairs], np.float64),
        }
        made.update(twins.numbers.items())
        return made

    versions = [_version(name) for name in _SOFTWARE]
    folder = None if cache_dir is None or None in versions else cache_dir / FOLDER
    rules = (MOST_BITS, LEAST_COARSE, LEAST_CORRELATION, REACH, SIDE)
    facts = ("fer_bench twins 3", dataset.row_digest, *rules, *versions)
    n = len(dataset)
    names = (*SIMILARITIES, *_PAIRS)
    kept = cached_arrays(folder, facts, names, search, lambda kept: _is_search(kept, n))
    pairs = zip(*(kept[name].tolist() for name in _PAIRS), strict=True)
    return Duplicates(
        {likeness: kept[likeness] for likeness in SIMILARITIES},
        tuple(
            NearPair(first, second, mirrored, correlation)
            for (first, second), mirrored, correlation in pairs
        ),
    )


def _is_search(kept: Mapping[str, NDArray[Any]], n: int) -> bool:
    """Check if arrays can be a search result for ``n`` images."""
    rows, mirrored, correlations = (kept[name] for name in _PAIRS)
    if rows.dtype != np.int64 or rows.ndim != 2 or rows.shape[1] != 2:
        return False
    numbers = [kept[likeness] for likeness in SIMILARITIES]
    return (
        (mirrored.dtype, mirrored.shape) == (np.dtype(np.bool_), (len(rows),))
        and (correlations.dtype, correlations.shape) == (np.dtype(np.float64), (len(rows),))
        and all((one.dtype, one.shape) == (np.dtype(np.int64), (n,)) for one in numbers)
        and all(np.all((one >= 0) & (one < n)) for one in (rows, *numbers))
    )


@functools.cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
