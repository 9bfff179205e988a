"""Convolutions computed as matrix products."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class ConvolutionAsProduct(keras.layers.Wrapper):  # type: ignore[misc]
    """Wrapper that computes a ``Conv2D`` as one matrix product.

    Inputs and outputs are those of the convolution, channels last. The wrapper has no variables of
    its own: training it trains the convolution, and vice versa.

    Args:
        layer: the convolution; ``is_product`` must be True for it and the shape of its inputs.
    """

    def call(self, inputs: Any) -> Any:
        """Compute the convolution's output, shape (n, height, width, filters)."""
        convolution = self.layer
        kernel = convolution.kernel
        *window, filters = kernel.shape
        # Both operands are 2-D: with more axes, matmul would be a batched product.
        patches = ops.reshape(inputs, (-1, math.prod(window)))
        outputs = ops.matmul(patches, ops.reshape(kernel, (-1, filters)))
        if convolution.use_bias:
            outputs = outputs + convolution.bias
        outputs = ops.reshape(outputs, (-1, *self.compute_output_shape(inputs.shape)[1:]))
        return convolution.activation(outputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the convolution's output shape."""
        shape: tuple[int | None, ...] = self.layer.compute_output_shape(input_shape)
        return shape


def is_product(layer: Any, input_shape: tuple[int | None, ...]) -> bool:
    """Check if a layer is a convolution that can be computed as one matrix product.

    This is a ``Conv2D`` with a 1x1 kernel and stride 1, or one whose kernel covers the complete
    input at a single position.

    Args:
        layer: any layer or operation.
        input_shape: shape of its input including the batch axis; False if another axis is None.
    """
    if type(layer) is not keras.layers.Conv2D or layer.data_format != "channels_last":
        return False
    if layer.groups > 1 or layer.activity_regularizer is not None or None in input_shape[1:]:
        return False
    takes_pixels = set(layer.kernel_size) == {1} and set(layer.strides) == {1}
    takes_all = layer.kernel_size == tuple(input_shape[1:3]) and layer.padding == "valid"
    return takes_pixels or takes_all
