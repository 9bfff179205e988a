"""Predictions of finished cells for other data sets, by key.

``<store>/cross-tests/<key>/`` is a sealed directory with ``predicted.npz``, the predicted class of
each image.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import Damaged, discard_damaged, sealed, verified_paths
from fer_bench.training.store.arrays import check_layout, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

KIND = "cross-tests"
LOCK = "cross-test"
"""Kind of the locks, which the caller of each method but ``holds`` has."""

_PREDICTED = "predicted.npz"


class CrossTestStore:
    """Predictions in a store.

    Args:
        store: the store's directory; created when the first predictions are written.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def directory(self, key: str) -> Path:
        """Return the directory of the predictions with key ``key``, which need not exist."""
        return self._store / KIND / key

    def holds(self, key: str) -> bool:
        """Return True if intact predictions are stored. Changes nothing."""
        try:
            verified_paths(self.directory(key), _PREDICTED)
        except (Damaged, OSError):
            return False
        return True

    def find(self, key: str, images: int, classes: int) -> NDArray[np.uint8] | None:
        """Return the predicted classes, uint8, shape (images,), or None.

        Damaged ones are removed.

        Raises:
            OSError: they cannot be read.
        """
        directory = self.directory(key)
        if not os.path.lexists(directory):
            return None
        try:
            (path,) = verified_paths(directory, _PREDICTED)
            arrays = read_arrays(path)
            check_layout(_PREDICTED, arrays, [((images,), np.dtype(np.uint8))])
            if arrays[0].max(initial=0) >= classes:
                raise Damaged(f"{_PREDICTED} has other classes")
        except Damaged as damage:
            discard_damaged(directory, damage, "the images are classified again")
            return None
        predicted: NDArray[np.uint8] = arrays[0]
        return predicted

    def save(self, key: str, predicted: NDArray[np.uint8], facts: Mapping[str, Any]) -> None:
        """Save the predicted classes, in place of older ones.

        Args:
            key: their key.
            predicted: uint8, shape (images,).
            facts: JSON description, for users who inspect the store.

        Raises:
            OSError: they cannot be written.
        """
        with sealed(self.directory(key), facts) as directory:
            write_arrays(directory / _PREDICTED, [predicted])

    def discard(self, key: str) -> None:
        """Remove the predictions with key ``key``, if there are any."""
        remove(self.directory(key))
