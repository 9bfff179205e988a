"""Nearly identical pictures, looked for once: the search takes longer than all else of an audit."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.audit.likeness import NearPair, near_twins
from fer_bench.audit.near import LEAST_CORRELATION, MOST_BITS
from fer_bench.datasets.remembered import remembered
from fer_bench.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.datasets import Dataset
    from fer_bench.progress import Progress

_NAMES = ("numbers", "rows", "mirrored", "correlation")
_SOFTWARE = ("ImageHash", "pillow", "scipy")
"""What decides which pictures are near. Its versions are found without importing it."""


def remembered_near_twins(
    dataset: Dataset, cache_dir: Path | None, progress: Progress = silent
) -> tuple[NDArray[np.int64], tuple[NearPair, ...]]:
    """As ``near_twins``, kept in ``cache_dir / "twins"`` for the next time.

    Args:
        dataset: the images; their labels do not matter.
        cache_dir: the cache folder, or None to remember nothing.
        progress: told how far the search is, where there is one.
    """

    def search() -> dict[str, NDArray[np.generic]]:
        numbers, pairs = near_twins(dataset, progress)
        return {
            "numbers": numbers,
            "rows": np.array([(one.first, one.second) for one in pairs], np.int64).reshape(-1, 2),
            "mirrored": np.array([one.mirrored for one in pairs], np.bool_),
            "correlation": np.array([one.correlation for one in pairs], np.float64),
        }

    versions = [_version(name) for name in _SOFTWARE]
    folder = None if cache_dir is None or None in versions else cache_dir / "twins"
    facts = ("fer_bench twins 1", dataset.row_digest, MOST_BITS, LEAST_CORRELATION, *versions)
    kept = remembered(folder, facts, _NAMES, search)
    pairs = zip(
        kept["rows"].tolist(), kept["mirrored"].tolist(), kept["correlation"].tolist(), strict=True
    )
    return kept["numbers"], tuple(
        NearPair(first, second, mirrored, correlation)
        for (first, second), mirrored, correlation in pairs
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
