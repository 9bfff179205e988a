"""Temperature scaling: one number that calibrates the confidences of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.scores import cross_entropy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST, MOST = 0.01, 100.0
"""Limits of a temperature: a network that makes no mistake would get 0, a useless one infinity."""


def log_probabilities(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return logits of float32 probabilities: their logarithms in float64, those of 0 finite."""
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
