"""Scores of trained cells on another data set than their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics import sampling_interval
from fer_bench.metrics.classification import classification_metrics, metric_intervals
from fer_bench.results.metric_estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.results.cross_test import Confusion
    from fer_bench.results.records import CellResult


@dataclass(frozen=True)
class CrossScore:
    """Scores on the images of one confusion matrix.

    Attributes:
        images: number of images.
        accuracy: share of images classified correctly, with its 95 % CI over the images.
        macro_f1: mean F1 of the classes that have images or predictions, likewise.
        baseline: accuracy of always predicting the class with the most images.
    """

    images: int
    accuracy: Estimate
    macro_f1: Estimate
    baseline: float


@lru_cache(maxsize=512)
def cross_score(confusion: Confusion) -> CrossScore | None:
    """Return the scores of a confusion matrix; None if it counts no image."""
    counts = np.array(confusion)
    images = int(counts.sum())
    if not images:
        return None
    labels, predicted = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), len(counts))
    found = classification_metrics(counts)
    intervals = metric_intervals(labels, predicted, len(counts)).overall
    return CrossScore(
        images=images,
        accuracy=Estimate.of(float(found.accuracy), sampling_interval(labels == predicted)),
        macro_f1=Estimate.of(float(found.macro_f1), intervals["macro_f1"]),
        baseline=float(counts.sum(axis=1).max() / images),
    )


def other_sets(cells: Iterable[CellResult]) -> tuple[tuple[str, str], ...]:
    """Return name and digest of each other data set that any of the cells was tested on."""
    tests = (cell.cross_test for cell in cells)
    return tuple(dict.fromkeys((one.dataset, one.digest) for one in tests if one is not None))


def mean_accuracy(cells: Iterable[CellResult], other: tuple[str, str]) -> float | None:
    """Return the mean accuracy of cells on one of ``other_sets``; None if none was tested on it."""
    tests = [cell.cross_test for cell in cells if cell.cross_test is not None]
    shares = [one.accuracy for one in tests if (one.dataset, one.digest) == other]
    return float(np.mean(shares)) if shares else None
