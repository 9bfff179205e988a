"""Test of a trained cell on the other data set of its run, computed or from the store.

``<store>/cross-tests/<key>/`` is a sealed directory with ``predicted.npz``, the predicted class of
each image.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fer_bench import metrics
from fer_bench.results.cross_test import CrossTest, UntrainedClass
from fer_bench.runtime.locks import locked
from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import (
    Damaged,
    discard_damaged,
    is_intact,
    sealed,
    store_errors,
    verified_paths,
)
from fer_bench.training import fingerprint
from fer_bench.training.store.arrays import check_layout, read_arrays, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.cross_test import OtherData
    from fer_bench.results.cross_test import Confusion
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.run_context import RunContext
    from fer_bench.training.trained_cell import TrainedCell

KIND = "cross-tests"
LOCK = "cross-test"
"""Kind of the locks of what ``KIND`` names."""

_PREDICTED = "predicted.npz"
_AT_ONCE = 512
"""Number of images between two reports of progress."""


def add_cross_test(trained: TrainedCell, context: RunContext, progress: Progress) -> None:
    """Add the test on the run's other data set, if it has one, to the result of a trained cell.

    Its network is only built if its predictions are not stored.

    Raises:
        FerBenchError: the network cannot be built.
        StoreError: the store cannot be read or written.
    """
    other = context.other
    if other is None:
        return
    predicted, new = _stored(trained, other, context, progress), ~other.duplicated
    found = CrossTest(
        dataset=other.dataset.name,
        digest=other.digest,
        is_test_part=other.is_test_part,
        confusion=_confusion(other, predicted, np.ones_like(new)),
        deduplicated=_confusion(other, predicted, new),
        untrained=tuple(UntrainedClass(name, images) for name, images in other.untrained),
        resized_from=other.resized_from,
        class_map=other.class_map,
    )
    trained.result = replace(trained.result, cross_test=found)


def is_tested(store: Path, cell: str, other: OtherData) -> bool:
    """Return True if the store has the predictions of the cell with fingerprint ``cell``."""
    return is_intact(_directory(store, fingerprint.cross_test_key(cell, other.dataset)), _PREDICTED)


def _stored(
    trained: TrainedCell, other: OtherData, context: RunContext, progress: Progress
) -> NDArray[np.uint8]:
    """Return the predicted class of each image, from the store if it has them."""
    store, dataset, result = context.store, other.dataset, trained.result
    key = fingerprint.cross_test_key(result.fingerprint, dataset)
    directory = _directory(store, key)
    with store_errors(store), locked(store, LOCK, key, progress):
        if context.fresh:
            remove(directory)
        predicted = _read(directory, len(dataset), len(dataset.classes))
        if predicted is None:
            predicted = _predicted(trained, other, progress)
            facts = {
                "cell": result.id,
                "dataset": result.dataset,
                "tested on": dataset.name,
                "images": len(dataset),
                "versions": fingerprint.results_versions(),
            }
            with sealed(directory, facts) as new:
                write_arrays(new / _PREDICTED, [predicted])
        return predicted


def _directory(store: Path, key: str) -> Path:
    return store / KIND / key


def _read(directory: Path, images: int, classes: int) -> NDArray[np.uint8] | None:
    """Return stored predictions, or None; damaged ones are removed."""
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
    return arrays[0]


def _predicted(trained: TrainedCell, other: OtherData, progress: Progress) -> NDArray[np.uint8]:
    images, parts = other.dataset.images, []
    for start in range(0, len(images), _AT_ONCE):
        progress(f"testing on {other.dataset.name}", start, len(images))
        parts.append(trained.predict(images[start : start + _AT_ONCE]).argmax(axis=1))
    progress(f"testing on {other.dataset.name}", len(images), len(images))
    return np.concatenate(parts).astype(np.uint8)


def _confusion(
    other: OtherData, predicted: NDArray[np.uint8], images: NDArray[np.bool_]
) -> Confusion:
    labels = other.dataset.labels[images]
    counts = metrics.confusion(labels, predicted[images], len(other.dataset.classes))
    return tuple(tuple(int(count) for count in row) for row in counts)
