"""Comparison of the best network of a run with others, by any metric on the test images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from fer_bench.analysis.group_comparisons import (
    LEVEL,
    compare_on_subset,
    compared_seeds,
    find_pair,
)
from fer_bench.analysis.number_text import ci_text, interval_text
from fer_bench.metrics.paired_metrics import compare_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

Metric = Literal["accuracy", "macro_f1", "uar", "deduplicated"]

_FIELDS = {"macro_f1": "macro_f1", "uar": "balanced_accuracy"}
"""Names of the metrics of confusion matrices in ``fer_bench.metrics.classification``."""


class Contrast(NamedTuple):
    """First network minus another one, in a metric.

    Attributes:
        difference: difference of the means over the seeds, a fraction.
        differ: True if it is significant after correction.
        text: its uncertainty as display text.
    """

    difference: float
    differ: bool
    text: str


def contrast_with(
    first: Group, others: Sequence[Group], analysis: Analysis, metric: Metric
) -> dict[str, Contrast]:
    """Compare a network with each of the others, by group; not if predictions are unknown.

    Accuracies are compared by the pairs of the report if these contain all, else, and on the
    deduplicated images, by ``compare_on_subset``. For macro F1 and UAR, a difference is
    significant if its interval by ``compare_metrics`` excludes 0, at a level corrected for the
    number of comparisons by Bonferroni's method.
    """
    known = [other for other in others if other.correct is not None]
    if first.correct is None or not known:
        return {}
    if metric in _FIELDS:
        return {
            other.id: _of_confusions(first, other, _FIELDS[metric], len(known)) for other in known
        }
    return {
        pair.second.id: Contrast(pair.comparison.difference, pair.differ, interval_text(pair))
        for pair in _pairs(first, known, analysis, metric)
    }


def _pairs(
    first: Group, others: Sequence[Group], analysis: Analysis, metric: Metric
) -> Sequence[Pair]:
    subsets = analysis.subsets
    if metric == "deduplicated" and subsets is not None:
        return compare_on_subset(first, others, subsets.deduplicated)
    pairs = [find_pair(analysis.pairs, first, other) for other in others]
    found = [pair for pair in pairs if pair is not None]
    if len(found) == len(others):
        return found
    return compare_on_subset(first, others, np.ones(first.dataset.test, bool))


def _of_confusions(first: Group, other: Group, name: str, comparisons: int) -> Contrast:
    *places, paired = compared_seeds(first, other)
    ours, theirs = (
        np.stack([group.predictions[place].predicted for place in seeds])
        for group, seeds in zip((first, other), places, strict=True)
    )
    data, level = first.dataset, 1 - LEVEL / comparisons
    found = compare_metrics(
        data.labels, ours, theirs, len(data.counts), level, paired_seeds=paired
    )[name]
    interval = found.interval
    corrected = f" corrected for {comparisons} comparisons" if comparisons > 1 else ""
    differ = not interval.low <= 0 <= interval.high
    return Contrast(found.difference, differ, f"{ci_text(interval)}{corrected}")
