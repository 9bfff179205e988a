"""Cache of the near-duplicate search, the slowest part of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import cached, checked, installed_versions
from fer_bench.data.audit.candidates import LEAST_SIMILARITY, MOST_CANDIDATES
from fer_bench.data.audit.duplicates import SIMILARITIES, Duplicates, NearPair, find_duplicates
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.runtime.progress import Progress

FOLDER = "duplicates"
"""Subdirectory of the cache directory for search results."""


def cached_duplicates(
    dataset: Dataset, cache_dir: Path | None, progress: Progress = silent
) -> Duplicates:
    """Return the result of ``find_duplicates``, cached in ``cache_dir / "duplicates"``.

    Args:
        dataset: the images; their labels do not matter.
        cache_dir: cache directory; None disables caching.
        progress: callback for the progress of the search, if there is one.
    """
    software = installed_versions("pillow", "scipy")
    thresholds = (LEAST_SIMILARITY, MOST_CANDIDATES, LEAST_CORRELATION, REACH, SIDE)
    return cached(
        None if cache_dir is None or software is None else cache_dir / FOLDER,
        ("fer_bench duplicates 5", dataset.row_digest, *thresholds, *(software or ())),
        lambda _: find_duplicates(dataset, progress),
        _encode,
        lambda arrays: _decode(arrays, len(dataset)),
    )


def _encode(duplicates: Duplicates) -> dict[str, NDArray[Any]]:
    pairs = duplicates.pairs
    return {
        "rows": np.array([(one.first, one.second) for one in pairs], np.int64).reshape(-1, 2),
        "mirrored": np.array([one.mirrored for one in pairs], np.bool_),
        "correlations": np.array([one.correlation for one in pairs], np.float64),
        **{f"{level} groups": numbers for level, numbers in duplicates.numbers.items()},
    }


def _decode(arrays: Mapping[str, NDArray[Any]], n: int) -> Duplicates:
    """Return the search result for ``n`` images."""
    n_pairs = len(arrays["rows"])
    rows = checked(arrays["rows"], np.int64, (n_pairs, 2))
    mirrored = checked(arrays["mirrored"], np.bool_, (n_pairs,))
    correlations = checked(arrays["correlations"], np.float64, (n_pairs,))
    groups = {level: checked(arrays[f"{level} groups"], np.int64, (n,)) for level in SIMILARITIES}
    if not all(np.all((one >= 0) & (one < n)) for one in (rows, *groups.values())):
        raise ValueError("rows out of range")
    pairs = zip(rows.tolist(), mirrored.tolist(), correlations.tolist(), strict=True)
    return Duplicates(
        groups,
        tuple(
            NearPair(first, second, is_mirrored, correlation)
            for (first, second), is_mirrored, correlation in pairs
        ),
    )
