"""Stratified draws by scikit-learn, remembered on disk: to import it takes longer than to read."""

from __future__ import annotations

import contextlib
import hashlib
import io
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.datasets.npz_layout import read_arrays
from fer_bench.errors import FerBenchError
from fer_bench.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Draw = tuple[NDArray[np.int64], NDArray[np.int64]]


def stratified_draw(
    labels: NDArray[np.uint8], n_first: int, n_second: int, seed: int, cache_dir: Path | None
) -> Draw:
    """Draws two sets of rows, in each of which every label keeps its share.

    A draw is kept in ``cache_dir / "draws"`` and read from there the next time, as long as labels,
    sizes, seed and the installed scikit-learn are the same. A missing or damaged entry is made
    anew. Where the cache cannot be written to, nothing is kept.

    Args:
        labels: uint8, shape (n,).
        n_first: number of rows in the first set.
        n_second: number of rows in the second set.
        seed: ``random_state`` of ``train_test_split``.
        cache_dir: the cache folder, or None to remember nothing.

    Returns:
        Both sets in the order that ``train_test_split`` gives them, int64, shapes (n_first,) and
        (n_second,), no row twice.

    Raises:
        ValueError: ``train_test_split`` cannot draw so.
    """
    if cache_dir is None:
        return _draw(labels, n_first, n_second, seed)
    try:
        # Another version may draw other rows. Its number is found without importing it.
        drawer = version("scikit-learn")
    except PackageNotFoundError:
        return _draw(labels, n_first, n_second, seed)
    words = ("fer_bench draw 1", labels.dtype.str, len(labels), n_first, n_second, seed, drawer)
    key = hashlib.sha256(repr(words).encode() + labels.tobytes()).hexdigest()
    entry = cache_dir / "draws" / f"{key}.npz"
    drawn = _read(entry, key)
    if drawn is None:
        drawn = _draw(labels, n_first, n_second, seed)
        file = io.BytesIO()
        np.savez(file, first=drawn[0], second=drawn[1], proof=_proof(key, drawn))
        with contextlib.suppress(FerBenchError):
            write_atomically(entry, file.getvalue())
    return drawn


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


def _read(entry: Path, key: str) -> Draw | None:
    """What an entry holds, or None where it is missing, damaged or that of another draw."""
    try:
        arrays = read_arrays(entry, ("first", "second", "proof"))
    except FerBenchError:
        return None
    drawn = arrays["first"], arrays["second"]
    return drawn if str(arrays["proof"]) == _proof(key, drawn) else None


def _proof(key: str, drawn: Draw) -> str:
    proof = hashlib.sha256(key.encode())
    for rows in drawn:
        proof.update(f"{rows.dtype.str} {rows.shape} ".encode())
        proof.update(rows.tobytes())
    return proof.hexdigest()
