"""Intervals over test images widened by the variation over seeds."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.metrics import Interval, over_seeds
from fer_bench.metrics.classification import classification_metrics
from fer_bench.results.metric_estimates import OF_CLASSES, OVERALL, among_two

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.results.metric_estimates import Estimate, MetricEstimates
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import DatasetSummary

_LEAST = {"kappa": -1.0, "mcc": -1.0}
"""Smallest values of metrics that may be negative."""


def add_seed_spread(
    interval: Interval, by_seed: Iterable[float], least: float = 0.0, most: float = 1.0
) -> Interval:
    """Return the 95 % CI of a metric's mean over images and seeds.

    Each half width is the root of a**2 + b**2: a is that of the interval over the images, b that of
    Student's t over the seeds, as in ``fer_bench.metrics.compare``.

    Args:
        interval: 95 % CI over the images, the networks held fixed.
        by_seed: the metric of each seed; one seed adds nothing.
        least: smallest value of the metric.
        most: its largest value.
    """
    spread = over_seeds(by_seed)
    if spread.interval is None:
        return interval
    mean, half = spread.mean, spread.interval.high - spread.mean
    return Interval(
        max(least, mean - math.hypot(mean - interval.low, half)),
        min(most, mean + math.hypot(interval.high - mean, half)),
    )


def metrics_with_seed_spread(
    metrics: MetricEstimates, qualities: tuple[Quality, ...], dataset: DatasetSummary
) -> MetricEstimates:
    """Return metrics, as of ``estimate_metrics``, with intervals over images and seeds.

    They are equal for one seed.
    """
    by_seed = classification_metrics(np.array([one.confusion for one in qualities]))._asdict()
    if (among := among_two(qualities, dataset.labels)) is not None:
        by_seed["top_2"] = among.mean(axis=1)
    classes = []
    for code, one in enumerate(metrics.classes):
        widened: dict[str, Any] = {
            name: _widen(one, name, by_seed[name][:, code]) for name in OF_CLASSES
        }
        classes.append(dataclasses.replace(one, **widened))
    overall = {name: _widen(metrics, name, by_seed[name]) for name in OVERALL if name in by_seed}
    return dataclasses.replace(metrics, classes=tuple(classes), **overall)


def _widen(metrics: object, name: str, by_seed: Iterable[float]) -> Estimate:
    found: Estimate = getattr(metrics, name)
    if found.low is None or found.high is None:
        return found
    interval = Interval(found.low, found.high)
    return dataclasses.replace(
        found, **vars(add_seed_spread(interval, by_seed, _LEAST.get(name, 0.0)))
    )
