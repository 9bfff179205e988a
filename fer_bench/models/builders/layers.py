"""Layers that stand in for deepface's ``Lambda`` layers.

A ``Lambda`` holds Python bytecode: a model with one cannot be loaded safely, nor be used on another
backend where its function calls TensorFlow. These are plain Keras layers on ``keras.ops``.

A model with one of them loads only where fer_bench has been imported. ``of_keras_alone`` makes the
same model of Keras' own operations.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class LocalResponseNormalization(keras.layers.Layer):  # type: ignore[misc]
    """Divides each channel by the energy of its neighbours.

    ``y[c] = x[c] / (bias + alpha * sum(x[c-r] .. x[c+r], squared)) ** 0.75`` with radius r
    (Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012,
    section 3.3). The exponent is fixed at the 0.75 of that paper. The channels are the last axis.

    Args:
        depth_radius: how many channels on either side count.
        bias: at least 1 in practice, it keeps the denominator from 0.
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
        """Computes the layer's output from a tensor of any shape."""
        # A product with a band matrix sums the neighbours several times faster, backwards too, than
        # adding shifted slices, and two square roots are cheaper than a power.
        channel = np.arange(inputs.shape[-1])
        band = np.abs(channel[:, None] - channel[None, :]) <= self.depth_radius
        energy = ops.matmul(ops.square(inputs), ops.cast(band, inputs.dtype))
        root = ops.rsqrt(self.bias + self.alpha * energy)
        return inputs * root * ops.sqrt(root)

    def get_config(self) -> dict[str, Any]:
        """The settings that a saved layer is made from again."""
        own = {"depth_radius": self.depth_radius, "bias": self.bias, "alpha": self.alpha}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("fer_bench")
class Square(keras.layers.Layer):  # type: ignore[misc]
    """The square of each element."""

    def call(self, inputs: Any) -> Any:
        """Computes the layer's output from a tensor of any shape."""
        return ops.square(inputs)


@keras.saving.register_keras_serializable("fer_bench")
class SquareRoot(keras.layers.Layer):  # type: ignore[misc]
    """The square root of each element, 0 for a negative one.

    The derivative at 0 is taken as 0 instead of infinity. The layer ends an L2 pooling (square,
    average, square root), and rectified maps hold whole windows of zeros: there the chain rule
    would multiply infinity by the square's derivative of 0 and make every gradient NaN. 0 is a
    subgradient of the L2 norm at the origin.
    """

    def call(self, inputs: Any) -> Any:
        """Computes the layer's output from a tensor of any shape."""
        # The inner choice keeps the infinite derivative out of the graph: 0 times infinity is NaN,
        # so choosing outside alone would not. NaN is not <= 0 and so stays NaN.
        at_most_zero = inputs <= 0
        root = ops.sqrt(ops.where(at_most_zero, ops.ones_like(inputs), inputs))
        return ops.where(at_most_zero, ops.zeros_like(inputs), root)


@keras.saving.register_keras_serializable("fer_bench")
class L2Normalization(keras.layers.Layer):  # type: ignore[misc]
    """Divides each vector (last axis) by its Euclidean length.

    ``y = x / sqrt(max(sum(x**2), epsilon))``, so a zero vector stays zero.

    Args:
        epsilon: least squared length that is divided by.
    """

    def __init__(self, epsilon: float = 1e-12, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon = epsilon

    def call(self, inputs: Any) -> Any:
        """Computes the layer's output from a tensor of any shape."""
        energy = ops.sum(ops.square(inputs), axis=-1, keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(energy, self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """The settings that a saved layer is made from again."""
        return {**super().get_config(), "epsilon": self.epsilon}


STAND_INS = (LocalResponseNormalization, Square, SquareRoot, L2Normalization)


def of_keras_alone(model: keras.Model) -> keras.Model:
    """The same network on the same variables, without the layers of this module.

    Args:
        model: a flat functional graph; it is left as it is.

    Returns:
        A model with the operations of these layers in their place, all other layers shared;
        ``model`` itself if it has none of them.
    """
    if not any(isinstance(layer, STAND_INS) for layer in model.layers):
        return model

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        if isinstance(layer, STAND_INS):
            return layer.call(*inputs)
        return layer(*inputs, **options)

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
