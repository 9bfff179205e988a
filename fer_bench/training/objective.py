"""Optimiser, learning-rate schedule and loss of a protocol, as Keras' objects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.protocol.settings import Protocol

_OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
}

UNWEIGHTED = "cross_entropy"
"""Name of the metric that is reported as loss if another loss is minimised."""


def new_optimizer(protocol: Protocol, counts: Sequence[int]) -> keras.optimizers.Optimizer:
    """Return the protocol's optimiser for this number of training images of each class."""
    rate: Any = protocol.learning_rate
    if protocol.schedule == "cosine":
        steps = protocol.epochs * math.ceil(sum(counts) / protocol.batch_size)
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    decay = protocol.weight_decay or None
    return _OPTIMIZERS[protocol.optimizer](rate, weight_decay=decay)


def new_loss(protocol: Protocol, counts: Sequence[int]) -> keras.losses.Loss:
    """Return the loss of logits that training minimises."""
    smoothing = protocol.label_smoothing
    if protocol.class_weight == "balanced":
        return _ClassWeightedLoss(balanced_weights(counts), smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)


def new_metrics(protocol: Protocol) -> list[Any]:
    """Return the metrics during an epoch in addition to the loss."""
    if protocol.class_weight == "none" and not protocol.label_smoothing:
        return ["accuracy"]
    return ["accuracy", keras.metrics.CategoricalCrossentropy(UNWEIGHTED, from_logits=True)]


def balanced_weights(counts: Sequence[int]) -> list[float]:
    """Return n / (classes * count) for each class, and 0 for one without images.

    Only classes with images count, as in scikit-learn's ``compute_class_weight``.
    """
    classes = sum(count > 0 for count in counts)
    return [sum(counts) / (classes * count) if count else 0.0 for count in counts]


class _ClassWeightedLoss(keras.losses.CategoricalCrossentropy):  # type: ignore[misc]
    """Cross-entropy, each image multiplied by its class's weight; the mean is over the images."""

    def __init__(self, weights: Sequence[float], smoothing: float) -> None:
        super().__init__(from_logits=True, label_smoothing=smoothing)
        self._weights = weights

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, shape (n,)."""
        losses = super().call(y_true, y_pred)
        weights = keras.ops.convert_to_tensor(self._weights, losses.dtype)
        return losses * keras.ops.sum(keras.ops.cast(y_true, losses.dtype) * weights, axis=-1)
