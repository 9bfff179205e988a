"""How well predictions meet their labels: pure functions on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

EPSILON = 1e-7
"""Keras' default ``epsilon``, by which it keeps probabilities away from 0 and 1."""


def accuracy(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Share of the images whose most probable class is their label.

    Args:
        probabilities: shape (n, classes), not negative; the first of equal ones wins.
        labels: whole numbers from 0 to classes - 1, shape (n,).

    Returns:
        A share, 0 to 1.

    Raises:
        ValueError: the shapes do not fit, nothing is given, a probability is negative or not
            finite, or a label names no class.
    """
    values, codes = _predictions(probabilities, labels)
    return float(np.mean(np.argmax(values, axis=1) == codes))


def cross_entropy(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean categorical cross-entropy in nats, as Keras defines it on probabilities.

    Each image's probabilities are divided by their sum and clipped to 1e-7 .. 1 - 1e-7; the loss
    is the mean of -log p of the label. All in float64. ``fit`` and ``evaluate`` of a Keras model
    that ends in a softmax work on its logits and do not clip: there an image whose label has a
    probability below 1e-7 counts with more than 16.1.

    Args:
        probabilities: shape (n, classes), not negative.
        labels: whole numbers from 0 to classes - 1, shape (n,).

    Returns:
        The loss, from 1e-7 to 16.1.

    Raises:
        ValueError: as ``accuracy``, or an image's probabilities sum to 0.
    """
    values, codes = _predictions(probabilities, labels)
    totals = values.sum(axis=1)
    bad = np.flatnonzero(~(np.isfinite(totals) & (totals > 0)))
    if bad.size:
        raise ValueError(
            f"probabilities[{bad[0]}] sum to {totals[bad[0]]}; accepted: a finite sum above 0"
        )
    chosen = values[np.arange(len(codes)), codes] / totals
    return float(np.mean(-np.log(np.clip(chosen, EPSILON, 1 - EPSILON))))


def confusion(labels: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Counts how often each class was taken for each.

    Args:
        labels: whole numbers from 0 to ``n_classes`` - 1, shape (n,).
        predicted: the same for the predicted classes, shape (n,).
        n_classes: number of classes, 1 or more.

    Returns:
        int64, shape (n_classes, n_classes): ``[label, predicted]``.

    Raises:
        ValueError: the shapes differ, or a label or predicted class is out of range.
    """
    if n_classes < 1:
        raise ValueError(f"n_classes is {n_classes}; accepted: 1 or more")
    rows = _codes("labels", labels, n_classes)
    columns = _codes("predicted", predicted, n_classes)
    if len(rows) != len(columns):
        raise ValueError(f"{len(rows)} labels but {len(columns)} predicted; accepted: as many")
    counts = np.bincount(rows * n_classes + columns, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def recall(counts: ArrayLike) -> tuple[float | None, ...]:
    """Share recognised of each class.

    Args:
        counts: what ``confusion`` returns, shape (classes, classes).

    Returns:
        One share for each class, None for a class without images.

    Raises:
        ValueError: the counts are not square, not whole, or negative.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"confusion has shape {table.shape}; accepted: (classes, classes)")
    if table.dtype.kind not in "iu" or (table.size and table.min() < 0):
        raise ValueError("confusion holds other than counts; accepted: whole numbers from 0")
    return tuple(
        int(row[index]) / int(row.sum()) if row.sum() else None for index, row in enumerate(table)
    )


def _codes(name: str, codes: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    values = np.asarray(codes)
    if values.ndim != 1:
        raise ValueError(f"{name} have shape {values.shape}; accepted: one dimension")
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"{name} are of type {values.dtype}; accepted: whole numbers")
    bad = np.flatnonzero((values < 0) | (values >= n_classes))
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] is {values[bad[0]]}; accepted: 0 to {n_classes - 1}")
    return values.astype(np.int64)


def _predictions(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values = np.asarray(probabilities)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"probabilities have shape {values.shape}; accepted: (n, classes)")
    if values.dtype.kind not in "iuf":
        raise ValueError(f"probabilities are of type {values.dtype}; accepted: numbers")
    values = values.astype(np.float64)
    codes = _codes("labels", labels, values.shape[1])
    if len(codes) != len(values):
        raise ValueError(f"{len(values)} probabilities but {len(codes)} labels; accepted: as many")
    if not len(codes):
        raise ValueError("no predictions; accepted: one image or more")
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)).all(axis=1))
    if bad.size:
        raise ValueError(
            f"probabilities[{bad[0]}] are {values[bad[0]].tolist()}; accepted: finite numbers "
            "from 0"
        )
    return values, codes
