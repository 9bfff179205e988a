"""Stratified draws with scikit-learn, cached on disk.

Reading a cached draw takes less time than importing scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import cached, checked, installed_versions
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Draw = tuple[NDArray[np.int64], NDArray[np.int64]]


FOLDER = "draws"
"""Subdirectory of the cache directory for draws."""

_NAMES = ("first", "second")


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
        and (n_second,), no row twice.

    Raises:
        ValueError: ``train_test_split`` rejects the labels or sizes.
    """
    # Another version may draw other rows.
    software = installed_versions("scikit-learn")
    facts = ("fer_bench draw 2", labels.dtype.str, labels.tobytes(), n_first, n_second, seed)
    return cached(
        None if cache_dir is None or software is None else cache_dir / FOLDER,
        (*facts, *(software or ())),
        lambda _: _draw(labels, n_first, n_second, seed),
        lambda rows: dict(zip(_NAMES, rows, strict=True)),
        lambda arrays: _decode(arrays, (n_first, n_second), len(labels)),
    )


def _decode(arrays: Mapping[str, NDArray[Any]], sizes: tuple[int, int], n: int) -> Draw:
    """Return two disjoint sets of rows below ``n``, of the given sizes."""
    first, second = (
        checked(arrays[name], np.int64, (size,)) for name, size in zip(_NAMES, sizes, strict=True)
    )
    drawn = np.sort(np.concatenate((first, second)))
    if np.any(np.diff(drawn, prepend=-1) <= 0) or np.any(drawn >= n):
        raise ValueError("rows that occur twice or are out of range")
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
        raise FerBenchError(
            f"split seed {seed} is out of range",
            f"0 to {2**32 - 1}",
        )
