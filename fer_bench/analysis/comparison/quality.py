"""Changes in quality metrics between base and head."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.analysis.comparison import compared_metrics as metrics
from fer_bench.analysis.comparison.comparison_result import LEVEL, metric_row
from fer_bench.analysis.subsets import subsets_by_duplicates
from fer_bench.metrics import (
    Interval,
    compare,
    expected_calibration_error,
    newcombe_interval,
    over_seeds,
)
from fer_bench.metrics.classification import classification_metrics
from fer_bench.metrics.convergence import mean_convergence_rate, mean_overfitting_rate
from fer_bench.metrics.paired_metrics import compare_metrics
from fer_bench.results.metric_estimates import among_two, correct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from fer_bench.analysis.comparison.comparison_result import Change
    from fer_bench.analysis.comparison.run_set import CellGroup
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.metrics.paired_metrics import MetricChange
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import DatasetSummary


_LEAST_SEEDS = 3
"""Number of seeds from which the noise is estimated: two differences are easily alike by chance."""

_BY_IMAGES = (metrics.ACCURACY, metrics.CLEAN_ACCURACY, metrics.RECALL, metrics.TOP_2)
"""Shares of test images, which are compared image by image."""

_OF_CONFUSION = (
    metrics.BALANCED_ACCURACY,
    metrics.MACRO_F1,
    metrics.WEIGHTED_F1,
    metrics.KAPPA,
    metrics.MCC,
)
"""Metrics of the confusion matrix, which are compared by a paired bootstrap over the images."""


class _Reading(NamedTuple):
    """Metric, how to read it, and its number of images if it can be compared as a share.

    That of a class has its name and its code. A metric that is not read is the share of ``hits``.
    """

    metric: metrics.Metric
    read: Callable[[Quality, DatasetSummary], float | None] | None = None
    images: int | None = None
    of: str = ""
    label: int | None = None

    def of_each(self, qualities: Sequence[Quality], data: DatasetSummary) -> list[float]:
        """Return the metric of each network, or an empty list if any network lacks it."""
        values = [self._value(quality, data) for quality in qualities]
        known = [value for value in values if value is not None]
        return known if len(known) == len(values) else []

    def _value(self, quality: Quality, data: DatasetSummary) -> float | None:
        if self.read is not None:
            return self.read(quality, data)
        found = self.hits([quality], data)
        return float(found.mean()) if found is not None and found.size else None

    def hits(self, qualities: Sequence[Quality], data: DatasetSummary) -> NDArray[np.bool_] | None:
        """Return the images that each network recognises, shape (networks, n), if known."""
        recognised = among_two if self.metric is metrics.TOP_2 else correct
        found = recognised(qualities, data.labels)
        if found is None or self.metric not in _BY_IMAGES:
            return None
        if self.label is not None:
            return found[:, data.labels == self.label]
        if self.metric is not metrics.CLEAN_ACCURACY:
            return found
        known = subsets_by_duplicates(data)
        return None if known is None else found[:, known.deduplicated]


_Found = tuple[float, Interval, str]
"""Change, its interval and the method."""


def quality_changes(
    cell: str, base: CellGroup, head: CellGroup, same_parts: bool | None, thresholds: Thresholds
) -> list[Change]:
    """Compare every quality metric of one backbone and init.

    Only the seeds in common are compared, or all seeds if there are none. Accuracy, on all test
    images and on the deduplicated ones, and recall are compared image by image if base and head
    both store their predictions (McNemar's exact test for one seed, otherwise
    ``fer_bench.metrics.compare``), and so is top-2 accuracy if they store the second classes. The
    other metrics of the confusion matrix are then compared by ``compare_metrics``. Without
    predictions and with one seed each, accuracy is compared as two independent shares, and so are
    accuracies on the validation images (``newcombe_interval``). The other metrics are compared by
    the variation of their differences over three seeds or more; fewer do not show their noise.
    Base or head has a metric if each of its compared networks has it.

    ``base`` and ``head`` contain trained cells, of the same images. ``same_parts`` is True if both
    are tested on the same ones, None if unknown.
    """
    bases, heads = base.qualities, head.qualities
    common = sorted(set(bases) & set(heads))
    pairing = _Pairing(
        [bases[seed] for seed in common or sorted(bases)],
        [heads[seed] for seed in common or sorted(heads)],
        bool(common),
        same_parts,
        base.dataset,
        head.dataset,
    )
    changes = (_change(cell, reading, pairing, thresholds) for reading in _readings(base.dataset))
    return [change for change in changes if change is not None]


def quality_gone(cell: str, base: CellGroup, why: str, thresholds: Thresholds) -> Iterator[Change]:
    """Yield the lost metrics of a backbone and init that the head did not train.

    Accuracy (without a test part, that on the validation images) stands for all metrics; others are
    listed only if they have a threshold. ``why`` is the reason why the head has none.
    """
    qualities = [quality for _, quality in sorted(base.qualities.items())]
    for reading in _readings(base.dataset):
        if values := reading.of_each(qualities, base.dataset):
            metric, of = reading.metric, reading.of
            change = metric_row(cell, metric, of, statistics.fmean(values), None, why, thresholds)
            if (
                metric in (metrics.ACCURACY, metrics.VALIDATION_ACCURACY)
                or change.threshold is not None
            ):
                yield change


@dataclass(frozen=True)
class _Pairing:
    """Qualities to compare, one per seed; if ``paired``, the n-th ones have the same seed."""

    base: list[Quality]
    head: list[Quality]
    paired: bool
    same_parts: bool | None
    base_data: DatasetSummary
    head_data: DatasetSummary

    @property
    def same(self) -> bool:
        return self.paired and self.base == self.head

    @cached_property
    def metric_changes(self) -> dict[str, MetricChange]:
        """Changes of the metrics of the confusion matrix; empty without predictions."""
        labels = self.base_data.labels
        base, head = (
            [one.predictions.predicted for one in side if one.predictions is not None]
            for side in (self.base, self.head)
        )
        known = len(base) == len(self.base) and len(head) == len(self.head) and len(labels) > 0
        if self.same_parts is not True or not known:
            return {}
        classes = len(self.base_data.counts)
        return compare_metrics(
            labels, np.stack(head), np.stack(base), classes, LEVEL, paired_seeds=self.paired
        )


def _readings(data: DatasetSummary) -> Iterator[_Reading]:
    yield _Reading(metrics.ACCURACY, lambda one, _: one.test_accuracy, data.test)
    yield _Reading(metrics.CLEAN_ACCURACY)
    yield _Reading(metrics.LOSS, lambda one, _: one.test_loss)
    for label, (name, _) in enumerate(data.counts):
        yield _Reading(metrics.RECALL, partial(_recall, label=label), of=name, label=label)
    for metric in _OF_CONFUSION:
        yield _Reading(metric, partial(_of_confusion, name=metric.name))
    yield _Reading(metrics.TOP_2)
    yield _Reading(metrics.ECE, _calibration_error)
    accuracy, loss = (
        partial(_after_epoch, name=f"validation_{measure}") for measure in ("accuracy", "loss")
    )
    if not data.has_test:
        yield _Reading(metrics.VALIDATION_ACCURACY, partial(accuracy, epoch=-1), data.validation)
        yield _Reading(metrics.VALIDATION_LOSS, partial(loss, epoch=-1))
    yield _Reading(metrics.INITIAL_ACCURACY, partial(accuracy, epoch=1), data.validation)
    yield _Reading(metrics.INITIAL_LOSS, partial(loss, epoch=1))
    yield _Reading(metrics.MCR, _mcr)
    yield _Reading(metrics.MOFR, _mofr)


def _recall(quality: Quality, _: DatasetSummary, label: int) -> float | None:
    return quality.recall[label]


def _of_confusion(quality: Quality, data: DatasetSummary, name: str) -> float | None:
    if not data.has_test:
        return None
    found = float(getattr(classification_metrics(quality.confusion), name))
    return found if math.isfinite(found) else None


def _calibration_error(quality: Quality, data: DatasetSummary) -> float | None:
    right = correct([quality], data.labels)
    if right is None or quality.predictions is None:
        return None
    return expected_calibration_error(quality.predictions.confidence, right[0])


def _after_epoch(quality: Quality, _: DatasetSummary, name: str, epoch: int) -> float | None:
    """Return the value of a series of the history; None if it ended before that epoch."""
    values: Sequence[float] = getattr(quality.history, name)
    return float(values[epoch]) if epoch < len(values) else None


def _mcr(quality: Quality, _: DatasetSummary) -> float | None:
    history = quality.history
    if not history.epochs:
        return None
    return mean_convergence_rate(history.running_accuracy, untrained=history.train_accuracy[0])


def _mofr(quality: Quality, _: DatasetSummary) -> float | None:
    history = quality.history
    if not history.epochs:
        return None
    return mean_overfitting_rate(
        history.running_accuracy,
        history.validation_accuracy[1:],
        untrained=(history.train_accuracy[0], history.validation_accuracy[0]),
    )


def _change(
    cell: str, reading: _Reading, pairing: _Pairing, thresholds: Thresholds
) -> Change | None:
    """Return the change of a metric, or None if neither base nor head has it."""
    metric, of = reading.metric, reading.of
    bases = reading.of_each(pairing.base, pairing.base_data)
    heads = reading.of_each(pairing.head, pairing.head_data)
    if not bases and not heads:
        return None
    base, head = (statistics.fmean(values) if values else None for values in (bases, heads))
    lacking = _why_none(metric, "head" if bases else "base")
    row = metric_row(cell, metric, of, base, head, lacking, thresholds)
    if base is None or head is None:
        return row
    if pairing.same_parts is False:
        return replace(row, why="trained and tested on other images of the data set")
    if (
        metric is metrics.CLEAN_ACCURACY
        and pairing.base_data.test_twins != pairing.head_data.test_twins
    ):
        return replace(row, why="other test images are known to have duplicates in training")
    # Equal predictions may differ in their second classes.
    if pairing.same and (metric is not metrics.TOP_2 or bases == heads):
        return replace(row, verdict="same", change=0.0, why="the same result")
    if pairing.paired and bases == heads and metric not in _BY_IMAGES:
        return replace(row, verdict="same", change=0.0, why="the same value")
    found = (
        _by_images(reading, pairing)
        or _by_resampling(reading, pairing)
        or _over_seeds(pairing, bases, heads)
    )
    if found is None and reading.images is not None and len(bases) == len(heads) == 1:
        hits = round(head * reading.images), round(base * reading.images)
        interval = newcombe_interval(hits, (reading.images,) * 2, LEVEL)
        how = f"two shares of {reading.images:,} images, unpaired"
        found = head - base, interval, how
    if found is None:
        why = (
            f"fewer than {_LEAST_SEEDS} seeds in common, too few to measure its noise; run base "
            f"and head with the same --seeds={_LEAST_SEEDS} or more"
        )
        return replace(row, change=head - base, why=why)
    return row.judged(*found)


def _why_none(metric: metrics.Metric, name: str) -> str:
    """Return why base or head lacks a metric that the other has."""
    if metric is metrics.CLEAN_ACCURACY:
        return f"the {name} has no deduplicated test images, or not all predictions"
    if metric in (metrics.TOP_2, metrics.ECE):
        return f"the {name} has not all predictions"
    return f"the {name} has no test images of this class"


def _by_images(reading: _Reading, pairing: _Pairing) -> _Found | None:
    """Compare accuracy or recall image by image, if both store predictions for the same images."""
    base, head = (reading.hits(side, pairing.base_data) for side in (pairing.base, pairing.head))
    if pairing.same_parts is not True or base is None or head is None:
        return None
    images = base.shape[1]
    found = compare(head, base, LEVEL, paired_seeds=pairing.paired)
    interval, how = found.interval, f"{found.method}, {images:,} images"
    if found.only_first is not None and found.only_second is not None:
        won, lost = found.only_first, found.only_second
        how += f", {lost:,} lost and {won:,} won"
        if (interval.low <= 0 <= interval.high) == (found.p_value < 1 - LEVEL):
            # The test decides: with few images the bootstrap interval is a little too narrow.
            interval = _mcnemar_interval(won, lost, images)
    return found.difference, interval, how


def _by_resampling(reading: _Reading, pairing: _Pairing) -> _Found | None:
    """Compare a metric of the confusion matrix, if both store predictions for the same images."""
    if reading.metric not in _OF_CONFUSION:
        return None
    found = pairing.metric_changes.get(reading.metric.name)
    if found is None:
        return None
    over = "" if max(len(pairing.base), len(pairing.head)) == 1 else ", t over seeds"
    how = f"paired bootstrap over {pairing.base_data.test:,} images{over}"
    return found.difference, found.interval, how


def _mcnemar_interval(won: int, lost: int, images: int) -> Interval:
    """Return the interval of the difference that matches McNemar's exact test.

    It excludes 0 if and only if the test rejects 0. Given the ``won + lost`` images that only base
    or only head recognises, ``won`` is binomial; the limits are those of the exact interval of its
    share p (Clopper and Pearson, *The Use of Confidence or Fiducial Limits*, 1934), transformed to
    (2 p - 1) (won + lost) / images.
    """
    # scipy.special, since importing scipy.stats takes most of a second.
    from scipy.special import betaincinv

    tail, both = (1 - LEVEL) / 2, won + lost
    low = float(betaincinv(won, lost + 1, tail)) if won else 0.0
    high = float(betaincinv(won + 1, lost, 1 - tail)) if lost else 1.0
    return Interval((2 * low - 1) * both / images, (2 * high - 1) * both / images)


def _over_seeds(pairing: _Pairing, bases: list[float], heads: list[float]) -> _Found | None:
    if not pairing.paired or len(bases) != len(heads) or len(bases) < _LEAST_SEEDS:
        return None
    spread = over_seeds((head - base for base, head in zip(bases, heads, strict=True)), LEVEL)
    if spread.interval is None:
        return None
    return spread.mean, spread.interval, f"Student's t over {spread.count} paired seeds"
