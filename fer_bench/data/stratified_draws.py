"""Stratified draws with scikit-learn, cached on disk.

Reading a cached draw takes less time than importing scikit-learn.
"""

from __future__ import annotations

import functools
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import cached_arrays
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Draw = tuple[NDArray[np.int64], NDArray[np.int64]]


FOLDER = "draws"
"""Subdirectory of the cache directory for draws."""

version = functools.cache(metadata.version)
"""Version of an installed distribution, cached because it is constant within a process."""


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
    names = ("first", "second")

    def draw() -> dict[str, NDArray[np.int64]]:
        return dict(zip(names, _draw(labels, n_first, n_second, seed), strict=True))

    facts = ("fer_bench draw 2", labels.dtype.str, labels.tobytes(), n_first, n_second, seed)
    try:
        # Another version may draw other rows. The version is known without an import.
        drawer = version("scikit-learn")
    except PackageNotFoundError:
        drawn = draw()
    else:
        folder = None if cache_dir is None else cache_dir / FOLDER
        sizes = (n_first, n_second)
        drawn = cached_arrays(
            folder,
            (*facts, drawer),
            names,
            draw,
            lambda kept: _is_draw([kept[name] for name in names], sizes, len(labels)),
        )
    return drawn["first"], drawn["second"]


def _is_draw(rows: Sequence[NDArray[Any]], sizes: Sequence[int], n: int) -> bool:
    """Check if arrays are disjoint sets of rows below ``n``, of the given sizes."""
    if [(one.dtype, one.shape) for one in rows] != [
        (np.dtype(np.int64), (size,)) for size in sizes
    ]:
        return False
    drawn = np.sort(np.concatenate(rows))
    return bool(np.all(np.diff(drawn, prepend=-1) > 0) and (not len(drawn) or drawn[-1] < n))


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
