"""Metrics of one set of predictions: accuracy, loss, confusion, recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def accuracy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the top-1 accuracy.

    Args:
        logits: logits or probabilities, shape (n, classes); the first class wins a tie.
        labels: integers from 0 to classes - 1, shape (n,).

    Raises:
        ValueError: the shapes do not fit, there are no images, a logit is not finite, or a label
            is out of range.
    """
    values, codes = _predictions(logits, labels)
    return float(np.mean(np.argmax(values, axis=1) == codes))


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean categorical cross-entropy in nats: the mean of -log softmax of the label.

    It is computed in float64 and without clipping, as ``fit`` and ``evaluate`` of a Keras model
    compute it from logits.

    Arguments and errors are those of ``accuracy``.
    """
    values, codes = _predictions(logits, labels)
    values -= values.max(axis=1, keepdims=True)
    log_totals = np.log(np.exp(values).sum(axis=1))
    return float(np.mean(log_totals - values[np.arange(len(codes)), codes]))


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """Return the class probabilities of logits of shape (n, classes), float64, same shape."""
    values = np.asarray(logits, np.float64)
    odds = np.exp(values - values.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return shares


def confusion(labels: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Return the confusion matrix.

    Args:
        labels: integers from 0 to ``n_classes`` - 1, shape (n,).
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
        raise ValueError(
            f"labels and predicted must have the same length, got {len(rows)} and {len(columns)}"
        )
    counts = np.bincount(rows * n_classes + columns, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def recall(counts: ArrayLike) -> tuple[float | None, ...]:
    """Return the recall of each class.

    Args:
        counts: confusion matrix as of ``confusion``, shape (classes, classes).

    Returns:
        One value for each class, None for a class without images.

    Raises:
        ValueError: the counts are not square, not integers, or negative.
    """
    table = _counts(counts)
    return tuple(
        int(row[index]) / int(row.sum()) if row.sum() else None for index, row in enumerate(table)
    )


def majority_class_accuracy(counts: ArrayLike) -> float:
    """Return the accuracy of the majority-class baseline.

    Args:
        counts: confusion matrix as of ``confusion``, shape (classes, classes).

    Raises:
        ValueError: the counts are not square, not integers, negative, or all 0.
    """
    sizes = _counts(counts).sum(axis=1)
    if not sizes.sum():
        raise ValueError("confusion has no images; accepted: one or more")
    return float(sizes.max() / sizes.sum())


def _counts(counts: ArrayLike) -> NDArray[np.int64]:
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"confusion has shape {table.shape}; accepted: (classes, classes)")
    if table.dtype.kind not in "iu" or (table.size and table.min() < 0):
        raise ValueError(
            "confusion has entries that are not counts; accepted: integers of 0 or more"
        )
    return table.astype(np.int64)


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
    logits: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values = np.asarray(logits)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"logits have shape {values.shape}; accepted: (n, classes)")
    if values.dtype.kind not in "iuf":
        raise ValueError(f"logits are of type {values.dtype}; accepted: numbers")
    values = values.astype(np.float64)
    codes = _codes("labels", labels, values.shape[1])
    if len(codes) != len(values):
        raise ValueError(
            f"logits and labels must have the same length, got {len(values)} and {len(codes)}"
        )
    if not len(codes):
        raise ValueError("no predictions; accepted: one image or more")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise ValueError(
            f"logits[{bad[0]}] are {values[bad[0]].tolist()}; accepted: finite numbers"
        )
    return values, codes
