"""Layers that Keras lacks, most of them replacements for deepface's ``Lambda`` layers.

A ``Lambda`` contains Python bytecode: a model with one cannot be loaded safely, nor run on another
backend if its function calls TensorFlow. The layers here use only ``keras.ops``.

A saved model with one of them loads only after fer_bench has been imported.
``with_keras_operations`` converts it to an equivalent model of Keras' own operations.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class LocalResponseNormalization(keras.layers.Layer):  # type: ignore[misc]
    """Local response normalisation across channels.

    ``y[c] = x[c] / (bias + alpha * sum(x[c-r] .. x[c+r], squared)) ** 0.75`` with radius r
    (Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012,
    section 3.3). The exponent is fixed at the 0.75 of that paper. The channels are the last axis.

    Args:
        depth_radius: number of neighbouring channels on each side.
        bias: offset that keeps the denominator away from 0; at least 1 in practice.
        alpha: weight of the squares.
    """

    def __init__(
        self, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1e-4, **options: Any
    ) -> None:
        super().__init__(**options)
        self.depth_radius = depth_radius
        self.bias = bias
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """Compute the output for a tensor of any shape."""
        # In the forward and the backward pass, a product with a band matrix is several times
        # faster than a sum of shifted slices, and two square roots are cheaper than a power.
        channel = np.arange(inputs.shape[-1])
        band = np.abs(channel[:, None] - channel[None, :]) <= self.depth_radius
        energy = ops.matmul(ops.square(inputs), ops.cast(band, inputs.dtype))
        root = ops.rsqrt(self.bias + self.alpha * energy)
        return inputs * root * ops.sqrt(root)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration for serialisation."""
        own = {"depth_radius": self.depth_radius, "bias": self.bias, "alpha": self.alpha}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("fer_bench")
class Square(keras.layers.Layer):  # type: ignore[misc]
    """Element-wise square."""

    def call(self, inputs: Any) -> Any:
        """Compute the output for a tensor of any shape."""
        return ops.square(inputs)


@keras.saving.register_keras_serializable("fer_bench")
class SquareRoot(keras.layers.Layer):  # type: ignore[misc]
    """Element-wise square root, 0 for negative elements.

    The derivative at 0 is defined as 0 instead of infinity. The layer ends an L2 pooling (square,
    average, square root), and feature maps after a ReLU contain windows of zeros only: there the
    chain rule would multiply infinity by the square's derivative of 0 and make every gradient NaN.
    0 is a subgradient of the L2 norm at the origin.
    """

    def call(self, inputs: Any) -> Any:
        """Compute the output for a tensor of any shape."""
        # The inner ``where`` keeps the infinite derivative out of the graph; the outer one alone
        # would not, as 0 times infinity is NaN. NaN is not <= 0 and so stays NaN.
        at_most_zero = inputs <= 0
        root = ops.sqrt(ops.where(at_most_zero, ops.ones_like(inputs), inputs))
        return ops.where(at_most_zero, ops.zeros_like(inputs), root)


@keras.saving.register_keras_serializable("fer_bench")
class L2Normalization(keras.layers.Layer):  # type: ignore[misc]
    """Normalisation of each vector along the last axis to unit L2 norm.

    ``y = x / sqrt(max(sum(x**2), epsilon))``, so a zero vector stays zero.

    Args:
        epsilon: lower limit of the squared norm.
    """

    def __init__(self, epsilon: float = 1e-12, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon = epsilon

    def call(self, inputs: Any) -> Any:
        """Compute the output for a tensor of any shape."""
        energy = ops.sum(ops.square(inputs), axis=-1, keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(energy, self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """Return the configuration for serialisation."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("fer_bench")
class ZeroExtendedSum(keras.layers.Layer):  # type: ignore[misc]
    """Sum of two feature maps, each extended at its end by zeros to the size of the larger one."""

    def call(self, inputs: Any) -> Any:
        """Compute the sum of two tensors of shape (n, rows, columns, channels)."""
        sizes = [tuple(tensor.shape[1:]) for tensor in inputs]
        largest = tuple(map(max, *sizes))
        first, second = (
            ops.pad(
                tensor,
                [(0, 0), *((0, most - own) for most, own in zip(largest, size, strict=True))],
            )
            if size != largest
            else tensor
            for tensor, size in zip(inputs, sizes, strict=True)
        )
        return first + second


REPLACEMENTS = (LocalResponseNormalization, Square, SquareRoot, L2Normalization, ZeroExtendedSum)


def with_keras_operations(model: keras.Model) -> keras.Model:
    """Replace the layers of this module by Keras operations, sharing the variables.

    Args:
        model: a flat functional graph; it is not modified.

    Returns:
        An equivalent model that shares all other layers; ``model`` itself if there is nothing to
        replace.
    """
    if not any(isinstance(layer, REPLACEMENTS) for layer in model.layers):
        return model

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        if isinstance(layer, REPLACEMENTS):
            return layer.call(*inputs)
        return layer(*inputs, **options)

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
