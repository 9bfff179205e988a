"""Test of a trained cell on the other data set of its run, computed or from the store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fer_bench import metrics
from fer_bench.results.cross_test import CrossTest, UntrainedClass
from fer_bench.runtime.locks import locked
from fer_bench.runtime.sealed_directories import store_errors
from fer_bench.training import fingerprint
from fer_bench.training.store.cross_tests import LOCK, CrossTestStore

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.cross_test import OtherData
    from fer_bench.results.cross_test import Confusion
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.run_context import RunContext
    from fer_bench.training.trained_cell import TrainedCell

_AT_ONCE = 512
"""Number of images between two reports of progress."""


def add_cross_test(trained: TrainedCell, context: RunContext, progress: Progress) -> None:
    """Add the test on the run's other data set, if it has one, to the result of a trained cell.

    Args:
        trained: the cell, whose network is only built if its predictions are not stored.
        context: the run.
        progress: callback for the number of images done.

    Raises:
        FerBenchError: the network cannot be built.
        StoreError: the store cannot be read or written.
    """
    if context.other is not None:
        found = _cross_test(trained, context.other, context, progress)
        trained.result = replace(trained.result, cross_test=found)


def _cross_test(
    trained: TrainedCell, other: OtherData, context: RunContext, progress: Progress
) -> CrossTest:
    store, dataset, result = context.store, other.dataset, trained.result
    known = CrossTestStore(store)
    key = fingerprint.cross_test_key(result.fingerprint, dataset)
    with store_errors(store), locked(store, LOCK, key, progress):
        if context.fresh:
            known.discard(key)
        predicted = known.find(key, len(dataset), len(dataset.classes))
        if predicted is None:
            predicted = _predicted(trained, other, progress)
            facts = {
                "cell": result.id,
                "dataset": result.dataset,
                "tested on": dataset.name,
                "images": len(dataset),
                "versions": fingerprint.results_versions(),
            }
            known.save(key, predicted, facts)
    new = ~other.duplicated
    return CrossTest(
        dataset=dataset.name,
        digest=other.digest,
        is_test_part=other.is_test_part,
        confusion=_confusion(other, predicted, np.ones_like(new)),
        deduplicated=_confusion(other, predicted, new),
        untrained=tuple(UntrainedClass(name, images) for name, images in other.untrained),
        resized_from=other.resized_from,
        class_map=other.class_map,
    )


def is_tested(store: Path, cell: str, other: OtherData) -> bool:
    """Return True if the store has the predictions of the cell with fingerprint ``cell``."""
    return CrossTestStore(store).holds(fingerprint.cross_test_key(cell, other.dataset))


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
