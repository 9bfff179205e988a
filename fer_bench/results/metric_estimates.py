"""Standard classification metrics of trained cells on the test images, with intervals.

They follow from confusion matrix and predictions, so they are computed when they are needed. In
results files they are stored for other programs.
"""

from __future__ import annotations

import dataclasses
import statistics
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.metrics import (
    Interval,
    expected_calibration_error,
    sampling_interval,
    wilson_interval,
)
from fer_bench.metrics.classification import classification_metrics, metric_intervals
from fer_bench.results.type_checks import Mismatch, convert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, DatasetSummary

_EXACT = 1e-12
"""Width up to which the resamples of a metric are considered equal."""

_TOLERANCE = 1e-6
"""Tolerance for values that another program may have rounded to single precision."""


@dataclass(frozen=True)
class Estimate:
    """Metric with its 95 % CI over the test images, the networks held fixed.

    Attributes:
        value: mean over the seeds; None if it is undefined or unknown.
        low: lower limit; None if there is no interval.
        high: upper limit; None likewise.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, value: float | None, interval: Interval | None = None) -> Estimate:
        """Return an estimate; an undefined value (NaN) is None, and has no interval."""
        if value is None or np.isnan(value):
            return cls(None)
        if interval is None:
            return cls(float(value))
        return cls(float(value), interval.low, interval.high)


@dataclass(frozen=True)
class ClassEstimates:
    """Metrics of one class.

    Attributes:
        name: name of the class.
        images: number of its test images, also called support.
        precision: share of the class among the images predicted as that class.
        recall: share of the images of the class that are predicted as that class.
        f1: harmonic mean of precision and recall.
    """

    name: str
    images: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True)
class MetricEstimates:
    """Metrics on the test images, as ``fer_bench.metrics.classification`` defines them.

    Attributes:
        accuracy: share of images classified correctly.
        balanced_accuracy: mean recall of the classes, also called UAR.
        macro_f1: mean F1 of the classes.
        weighted_f1: mean F1, weighted by the number of images of each class.
        top_2: share of images whose class is among the two most probable ones; unknown for results
            without second classes.
        kappa: Cohen's kappa.
        mcc: Matthews correlation coefficient.
        ece: expected calibration error, without an interval: the percentile bootstrap of a mean of
            absolute differences is biased upwards.
        classes: metrics of each class, in the order of the classes.
    """

    accuracy: Estimate
    balanced_accuracy: Estimate
    macro_f1: Estimate
    weighted_f1: Estimate
    top_2: Estimate
    kappa: Estimate
    mcc: Estimate
    ece: Estimate
    classes: tuple[ClassEstimates, ...]


OVERALL = tuple(item.name for item in dataclasses.fields(MetricEstimates))[:-1]
"""Names of the metrics that are one number for all classes, in the order of tables."""

OF_CLASSES = ("precision", "recall", "f1")
"""Names of the metrics of each class."""


def estimate_metrics(
    qualities: tuple[Quality, ...], dataset: DatasetSummary
) -> MetricEstimates | None:
    """Return the metrics of a network on the test images, as means over its seeds.

    Intervals of accuracy and top-2 accuracy are those of ``sampling_interval``, and of recall and
    precision, for one seed, Wilson's. The others are percentiles of a bootstrap over images; a
    metric that is equal in all resamples has none.

    Args:
        qualities: quality of each seed, at least one.
        dataset: data set that they were tested on.

    Returns:
        None without a test part. Results of several seeds without predictions have no intervals.
    """
    if not dataset.has_test:
        return None
    # Equal qualities may differ in their second classes, which a cache must not mix up.
    found = _estimates_without_top_2(qualities, dataset)
    return dataclasses.replace(found, top_2=_top_2(qualities, dataset))


@lru_cache(maxsize=512)
def _estimates_without_top_2(
    qualities: tuple[Quality, ...], dataset: DatasetSummary
) -> MetricEstimates:
    counts = np.array([one.confusion for one in qualities])
    values = {
        name: value.mean(axis=0) for name, value in classification_metrics(counts)._asdict().items()
    }
    places = _places(qualities, dataset)
    if places is None:
        intervals, by_class = {}, {}
    else:
        labels, predicted = places
        correct = predicted == labels
        found = metric_intervals(labels, predicted, len(dataset.counts))
        intervals = {name: _proper(one) for name, one in found.overall.items()}
        intervals["accuracy"] = sampling_interval(correct)
        by_class = {name: [*map(_proper, each)] for name, each in found.by_class.items()}
        if len(qualities) == 1:
            hits, totals = np.diagonal(counts[0]), {"recall": 1, "precision": 0}
            for name, axis in totals.items():
                by_class[name] = [*map(_of_images, hits, counts[0].sum(axis=axis))]
    images = counts[0].sum(axis=1)
    return MetricEstimates(
        **{
            name: Estimate.of(values[name], intervals.get(name))
            for name in OVERALL
            if name in values
        },
        top_2=Estimate(None),
        ece=_calibration_error(qualities, dataset),
        classes=tuple(
            ClassEstimates(
                name,
                int(images[code]),
                **{
                    metric: Estimate.of(
                        values[metric][code], by_class[metric][code] if by_class else None
                    )
                    for metric in OF_CLASSES
                },
            )
            for code, (name, _) in enumerate(dataset.counts)
        ),
    )


def check_metrics_record(
    record: dict[str, Any], cell: CellResult, dataset: DatasetSummary, where: str
) -> None:
    """Check the metrics of a cell in a results file.

    Raises:
        Mismatch: a value has another type, or does not follow from the confusion matrix.
    """
    metrics = convert(record, MetricEstimates, where)
    if cell.quality is None or not dataset.has_test:
        raise Mismatch(f"{where}: {cell.id!r} has no test results", "metrics of tested cells")
    if [one.name for one in metrics.classes] != [name for name, _ in dataset.counts]:
        raise Mismatch(f"{where}.classes are of other classes", "those of the data set, in order")
    known = classification_metrics(cell.quality.confusion)._asdict()
    for name in OVERALL:
        if name in known:
            _check_value(getattr(metrics, name), known[name], f"{where}.{name}")
    for code, one in enumerate(metrics.classes):
        for name in OF_CLASSES:
            _check_value(getattr(one, name), known[name][code], f"{where}.classes[{code}].{name}")


def agree(found: float | None, known: float | None) -> bool:
    """Return True if two shares are equal, apart from rounding to single precision."""
    if found is None or known is None:
        return found is known
    return abs(found - known) <= _TOLERANCE


def correct(qualities: Sequence[Quality], labels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Return a mask of the test images that each of several trained networks recognises.

    Args:
        qualities: qualities of the networks.
        labels: labels of the test images, uint8, shape (n,).

    Returns:
        Shape (networks, n); None if there are no networks, or if predictions or labels are unknown,
        as in files of schema 1.
    """
    known = [one.predictions for one in qualities if one.predictions is not None]
    if not known or len(known) < len(qualities) or not len(labels):
        return None
    return np.stack([one.predicted == labels for one in known])


def among_two(qualities: Sequence[Quality], labels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Return a mask of the test images whose label is among a network's two most probable classes.

    Args:
        qualities: as for ``correct``.
        labels: as for ``correct``.

    Returns:
        As ``correct``; None also if second classes are unknown, as in older files.
    """
    right = correct(qualities, labels)
    known = [one.predictions.second for one in qualities if one.predictions is not None]
    if right is None or not all(len(second) for second in known):
        return None
    among: NDArray[np.bool_] = right | (np.stack(known) == labels)
    return among


def _check_value(found: Estimate, known: NDArray[np.float64], where: str) -> None:
    expected = Estimate.of(float(known)).value
    if not agree(found.value, expected):
        raise Mismatch(
            f"{where}.value is {found.value!r}", f"{expected!r}, which follows from confusion"
        )


def _places(
    qualities: Sequence[Quality], dataset: DatasetSummary
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return labels, shape (n,), and predictions, shape (seeds, n); None if they are unknown.

    For one seed they follow from the confusion matrix, except for the order of the images.
    """
    if len(qualities) == 1:
        counts = np.array(qualities[0].confusion)
        labels, predicted = np.divmod(
            np.repeat(np.arange(counts.size), counts.ravel()), len(counts)
        )
        return labels, predicted[None]
    known = [one.predictions.predicted for one in qualities if one.predictions is not None]
    if len(known) < len(qualities) or not len(dataset.labels):
        return None
    return dataset.labels.astype(np.int64), np.stack(known).astype(np.int64)


def _top_2(qualities: Sequence[Quality], dataset: DatasetSummary) -> Estimate:
    among = among_two(qualities, dataset.labels)
    return Estimate(None) if among is None else _share(among.tobytes(), len(among))


@lru_cache(maxsize=512)
def _share(mask: bytes, networks: int) -> Estimate:
    """Return the share of images in a mask of shape (networks, images)."""
    among = np.frombuffer(mask, bool).reshape(networks, -1)
    return Estimate.of(float(among.mean()), sampling_interval(among))


def _calibration_error(qualities: Sequence[Quality], dataset: DatasetSummary) -> Estimate:
    right = correct(qualities, dataset.labels)
    if right is None:
        return Estimate(None)
    known = [one.predictions.confidence for one in qualities if one.predictions is not None]
    return Estimate(statistics.mean(map(expected_calibration_error, known, right)))


def _of_images(hits: int, images: int) -> Interval | None:
    """Return the interval of a share of images; None without images."""
    return wilson_interval(int(hits), int(images)) if images else None


def _proper(interval: Interval | None) -> Interval | None:
    """Return an interval, or None if all resamples agree, which says nothing about the noise."""
    return None if interval is None or interval.high - interval.low <= _EXACT else interval
