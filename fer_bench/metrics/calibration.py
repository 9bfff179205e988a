"""Calibration of predictions: agreement of confidence and accuracy, and temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.scores import cross_entropy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST, MOST = 0.01, 100.0
"""Limits of a temperature: a network that makes no mistake would get 0, a useless one infinity."""


@dataclass(frozen=True)
class Bin:
    """Predictions whose confidence lies in one range.

    Attributes:
        low: lower limit of the range, exclusive.
        high: upper limit of the range, inclusive.
        images: number of images.
        accuracy: accuracy on these images; None without images.
        confidence: mean confidence on these images; None without images.
    """

    low: float
    high: float
    images: int
    accuracy: float | None
    confidence: float | None


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> tuple[Bin, ...]:
    """Return accuracy and mean confidence in bins of equal width.

    Args:
        confidence: probability of the predicted class, above 0 and up to 1, shape (n,).
        correct: True if the predicted class is the label, bool, shape (n,).
        bins: number of bins, 1 or more.

    Returns:
        The bins ((m - 1) / bins, m / bins] for m from 1 to ``bins``, including empty ones.

    Raises:
        ValueError: the shapes or types do not fit, there are no predictions, or a confidence or
            ``bins`` is out of range.
    """
    values, hits = _judged(confidence, correct)
    if bins < 1:
        raise ValueError(f"bins is {bins}; accepted: 1 or more")
    edges = np.arange(bins + 1) / bins
    places = np.searchsorted(edges, values, side="left") - 1
    images = np.bincount(places, minlength=bins)
    right = np.bincount(places, hits, minlength=bins)
    sure = np.bincount(places, values, minlength=bins)
    return tuple(
        Bin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            images=int(count),
            accuracy=float(right[index] / count) if count else None,
            confidence=float(sure[index] / count) if count else None,
        )
        for index, count in enumerate(images)
    )


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Return the expected calibration error (ECE).

    ECE = sum over the bins B of |B| / n * |accuracy(B) - confidence(B)|, with the bins of
    ``reliability`` (Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*,
    ICML 2017, formula 3).

    Arguments and errors are those of ``reliability``.

    Returns:
        The error, 0 (calibrated) to 1.
    """
    filled = reliability(confidence, correct, bins)
    gaps = sum(
        part.images * abs(part.accuracy - part.confidence)
        for part in filled
        if part.accuracy is not None and part.confidence is not None
    )
    return gaps / sum(part.images for part in filled)


def _judged(
    confidence: ArrayLike, correct: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values, hits = np.asarray(confidence), np.asarray(correct)
    for name, array in (("confidence", values), ("correct", hits)):
        if array.ndim != 1:
            raise ValueError(f"{name} has shape {array.shape}; accepted: one dimension")
    if len(values) != len(hits):
        raise ValueError(
            f"confidence and correct must have the same length, got {len(values)} and {len(hits)}"
        )
    if not len(values):
        raise ValueError("no predictions; accepted: one image or more")
    if values.dtype.kind != "f":
        raise ValueError(f"confidence is of type {values.dtype}; accepted: floats")
    if hits.dtype.kind != "b":
        raise ValueError(f"correct is of type {hits.dtype}; accepted: bool")
    bad = np.flatnonzero(~((values > 0) & (values <= 1)))
    if bad.size:
        raise ValueError(f"confidence[{bad[0]}] is {values[bad[0]]}; accepted: above 0 and up to 1")
    return values.astype(np.float64), hits


def log_probabilities(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return logits of float32 probabilities, of the same shape: their logarithms, finite for 0."""
    smallest = np.finfo(np.float32).smallest_subnormal
    found: NDArray[np.float64] = np.log(np.maximum(probabilities, smallest), dtype=np.float64)
    return found


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the temperature T with the smallest cross-entropy of ``softmax(logits / T)``.

    Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*, ICML 2017, section
    4.2. The loss is a convex function of 1 / T, so there is one minimum.

    Args:
        logits: shape (n, classes), of images that the network was not trained on.
        labels: integers from 0 to classes - 1, shape (n,).

    Returns:
        The temperature, from ``LEAST`` to ``MOST``; predictions do not change by it.

    Raises:
        ValueError: as ``fer_bench.metrics.accuracy``.
    """
    from scipy.optimize import minimize_scalar

    values = np.asarray(logits, np.float64)
    found = minimize_scalar(
        lambda logarithm: cross_entropy(values / np.exp(logarithm), labels),
        bounds=(np.log(LEAST), np.log(MOST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
