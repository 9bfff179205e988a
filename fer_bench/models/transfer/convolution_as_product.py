"""Convolutions that are matrix products, computed as such."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class ConvolutionAsProduct(keras.layers.Wrapper):  # type: ignore[misc]
    """What a ``Conv2D`` computes, as one matrix product.

    It takes and gives the same tensors as the convolution, channels last, and holds no variable
    but the convolution's own: whichever of the two is trained, both are.

    Args:
        layer: the convolution; ``is_product`` must hold for it and the layer's inputs.
    """

    def call(self, inputs: Any) -> Any:
        """The convolution's output, shape (n, height, width, filters)."""
        convolution = self.layer
        kernel = convolution.kernel
        *window, filters = kernel.shape
        # Two axes on either side: with more, a product of stacks of matrices would be taken.
        patches = ops.reshape(inputs, (-1, math.prod(window)))
        outputs = ops.matmul(patches, ops.reshape(kernel, (-1, filters)))
        if convolution.use_bias:
            outputs = outputs + convolution.bias
        outputs = ops.reshape(outputs, (-1, *self.compute_output_shape(inputs.shape)[1:]))
        return convolution.activation(outputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The convolution's output shape."""
        shape: tuple[int | None, ...] = self.layer.compute_output_shape(input_shape)
        return shape


def is_product(layer: Any, input_shape: tuple[int | None, ...]) -> bool:
    """Whether a layer on inputs of this shape is a convolution that is one matrix product.

    That is a ``Conv2D`` whose kernel covers a single pixel at each position, or the whole input at
    a single position.

    Args:
        layer: any layer or operation.
        input_shape: with the batch axis; a size that is not known speaks against it.
    """
    if type(layer) is not keras.layers.Conv2D or layer.data_format != "channels_last":
        return False
    if layer.groups > 1 or layer.activity_regularizer is not None or None in input_shape[1:]:
        return False
    takes_pixels = set(layer.kernel_size) == {1} and set(layer.strides) == {1}
    takes_all = layer.kernel_size == tuple(input_shape[1:3]) and layer.padding == "valid"
    return takes_pixels or takes_all
