"""Classification metrics of confusion matrices, and their bootstrap intervals over images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.metrics.intervals import Interval, check_level, check_resamples, distinct_columns
from fer_bench.metrics.scores import confusion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_COUNTS = 400_000
"""Number of multinomial counts drawn at once, and in all if that makes ``_FEWEST`` resamples."""

_FEWEST = 399
"""Least number of resamples, at which the noise of a limit is 3 % of the interval's width."""


class Metrics(NamedTuple):
    """Classification metrics of one or more confusion matrices, as of scikit-learn.

    All are float64 of the matrices' leading shape; those of each class have the classes as the
    last axis. Undefined values are NaN.

    Attributes:
        accuracy: share of images classified correctly.
        balanced_accuracy: mean recall of the classes that have images, also called UAR.
        macro_f1: mean F1 of the classes that have images or predictions.
        weighted_f1: mean F1, weighted by the number of images of each class.
        kappa: Cohen's kappa; NaN if labels and predictions are all of one class.
        mcc: Matthews correlation coefficient of several classes (Gorodkin, 2004); 0 if labels or
            predictions are all of one class.
        precision: share of a class among the images predicted as that class; NaN without
            predictions.
        recall: share of the images of a class that are predicted as that class; NaN without images.
        f1: harmonic mean of precision and recall, 0 if no image of the class is predicted
            correctly; NaN without images and predictions.
    """

    accuracy: NDArray[np.float64]
    balanced_accuracy: NDArray[np.float64]
    macro_f1: NDArray[np.float64]
    weighted_f1: NDArray[np.float64]
    kappa: NDArray[np.float64]
    mcc: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


class MetricIntervals(NamedTuple):
    """Intervals of ``Metrics``, by name; None if a metric is undefined in every resample.

    Attributes:
        overall: intervals of the metrics that are one number for all classes.
        by_class: intervals of precision, recall and F1, in the order of the classes.
    """

    overall: dict[str, Interval | None]
    by_class: dict[str, tuple[Interval | None, ...]]


def classification_metrics(matrices: ArrayLike) -> Metrics:
    """Return the metrics of confusion matrices.

    Args:
        matrices: counts ``[..., label, predicted]`` of at least one image each.

    Raises:
        ValueError: the last two axes are not square, or a matrix has no images.
    """
    counts = np.asarray(matrices, np.float64)
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2]:
        raise ValueError(f"confusion must have shape (..., classes, classes), got {counts.shape}")
    images = counts.sum(axis=(-2, -1))
    if not images.all():
        raise ValueError("confusion must hold at least one image, got none")
    labelled, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    correct = np.diagonal(counts, axis1=-2, axis2=-1)
    recall, f1 = _share(correct, labelled), _share(2 * correct, labelled + predicted)
    hits, agreement = correct.sum(axis=-1), (labelled * predicted).sum(axis=-1)
    covariance = hits * images - agreement
    variances = (images**2 - (labelled**2).sum(axis=-1)) * (images**2 - (predicted**2).sum(axis=-1))
    # As in scikit-learn, a constant prediction has a correlation of 0.
    mcc = np.where(variances > 0, _share(covariance, np.sqrt(variances)), 0.0)
    return Metrics(
        accuracy=hits / images,
        balanced_accuracy=np.nanmean(recall, axis=-1),
        macro_f1=np.nanmean(f1, axis=-1),
        weighted_f1=np.nansum(f1 * labelled, axis=-1) / images,
        kappa=_share(covariance, images**2 - agreement),
        mcc=mcc,
        precision=_share(correct, predicted),
        recall=recall,
        f1=f1,
    )


def metric_intervals(
    labels: ArrayLike,
    predicted: ArrayLike,
    classes: int,
    *,
    level: float = 0.95,
    resamples: int = 999,
    seed: int = 0,
) -> MetricIntervals:
    """Return percentile bootstrap intervals of all metrics, over images.

    Several seeds are held fixed: a metric is the mean over the seeds, and each resample contains
    the same images for all of them. The number of images that have a certain label and certain
    predictions is multinomial, so these counts are drawn instead of single images.

    Args:
        labels: integers from 0 to ``classes`` - 1, shape (n,).
        predicted: predicted classes, shape (n,) or (seeds, n).
        classes: number of classes.
        level: confidence level, above 0 and below 1.
        resamples: number of resamples, 1 or more. If the images have very many different
            predictions, as with several seeds, fewer are drawn, but not fewer than 399.
        seed: seed of the random draws.

    Raises:
        ValueError: shapes or values do not fit, there are no images, or ``level`` or
            ``resamples`` is out of range.
    """
    check_level(level)
    check_resamples(resamples)
    rows = np.atleast_2d(np.asarray(predicted))
    for row in rows:
        confusion(labels, row, classes)
    patterns, images = distinct_columns(np.vstack([np.asarray(labels), rows]).astype(np.int64))
    label, *by_seed = patterns
    generator = np.random.default_rng(seed)
    step = max(1, _COUNTS // len(images))
    resamples = min(resamples, max(_FEWEST, step))
    blocks = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = generator.multinomial(images.sum(), images / images.sum(), size)
        found = [classification_metrics(confusions(drawn, label, one, classes)) for one in by_seed]
        blocks.append([np.mean(metric, axis=0) for metric in zip(*found, strict=True)])
    overall: dict[str, Interval | None] = {}
    by_class: dict[str, tuple[Interval | None, ...]] = {}
    for name, draws in zip(Metrics._fields, zip(*blocks, strict=True), strict=True):
        values = np.concatenate(draws)
        intervals = _intervals(values.reshape(resamples, -1), level)
        if values.ndim == 1:
            (overall[name],) = intervals
        else:
            by_class[name] = tuple(intervals)
    return MetricIntervals(overall, by_class)


def confusions(
    counts: NDArray[np.int64],
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: int,
) -> NDArray[np.int64]:
    """Return a confusion matrix for each row of counts.

    Args:
        counts: number of images with each pattern in each resample, shape (resamples, patterns).
        labels: label of each pattern, shape (patterns,).
        predicted: its predicted class, shape (patterns,).
        classes: number of classes.

    Returns:
        Shape (resamples, classes, classes).
    """
    places = labels * classes + predicted
    order = np.argsort(places, kind="stable")
    used, starts = np.unique(places[order], return_index=True)
    matrices = np.zeros((len(counts), classes * classes), np.int64)
    matrices[:, used] = np.add.reduceat(counts[:, order], starts, axis=1)
    return matrices.reshape(-1, classes, classes)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return part / whole, NaN if the whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole != 0)


def _intervals(values: NDArray[np.float64], level: float) -> list[Interval | None]:
    """Return percentiles of each column of (resamples, metrics), over its defined values."""
    # NaN is sorted to the end.
    ordered, defined = np.sort(values, axis=0), (~np.isnan(values)).sum(axis=0)
    limits = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        place = share * (np.maximum(defined, 1) - 1)
        lower = np.floor(place).astype(np.int64)
        upper = np.minimum(lower + 1, np.maximum(defined, 1) - 1)
        columns = np.arange(values.shape[1])
        start, end = ordered[lower, columns], ordered[upper, columns]
        limits.append(start + (place - lower) * (end - start))
    return [
        Interval(float(low), float(high)) if count else None
        for low, high, count in zip(*limits, defined, strict=True)
    ]
