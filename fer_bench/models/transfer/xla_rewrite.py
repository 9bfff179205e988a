"""Rewrite of a network's graph for fast training, with or without XLA.

On the CPU, XLA runs convolutions several times slower than the backends' own kernels, and matrix
products faster. XLA recognises a convolution that is a matrix product. TensorFlow without XLA does
not, so it needs the rewrite if another, real convolution rules out compiling.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from fer_bench.models.keras_backend import runs_on_cpu


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


@keras.saving.register_keras_serializable("fer_bench")
class CompilableDropout(keras.layers.Wrapper):  # type: ignore[misc]
    """Dropout that drops the same elements under TensorFlow with and without XLA.

    Both draw the same random bits, but TensorFlow converts the lower 23 of each 32 bits to a float
    and XLA the upper ones, so that a compiled ``Dropout`` drops other elements. Here the lower bits
    are drawn as integers, which is the same in both. The result equals ``Dropout`` without XLA; the
    seed is that of the wrapped layer.

    Args:
        layer: a float32 dropout without ``noise_shape``. The wrapper is only needed for TensorFlow:
            other backends draw the same numbers compiled and uncompiled.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs; in training, drop elements and scale the others. Keeps the shape."""
        rate = self.layer.rate
        if not training or not 0 < rate < 1:
            return self.layer(inputs, training=training)
        drawn = keras.random.randint(ops.shape(inputs), 0, 2**23, seed=self.layer.seed_generator)
        is_kept = ops.cast(drawn, "float32") / 2**23 >= rate
        return ops.where(is_kept, inputs * (1 / (1 - rate)), ops.zeros_like(inputs))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the inputs."""
        return input_shape


def make_compilable(model: keras.Model) -> keras.Model:
    """Replace convolutions by matrix products and dropout by an equivalent, sharing variables.

    The new dropout draws the same numbers with XLA as without, so compiling changes only the speed.

    Args:
        model: a flat functional graph; it is not modified.

    Returns:
        A model with the same inputs, outputs and order of weights; ``model`` itself if there is
        nothing to replace.
    """
    replaced: dict[int, Any] = {}
    kept: set[int] = set()
    for nodes in model._nodes_by_depth.values():
        for node in nodes:
            layer = node.operation
            kind = None if node.is_input else _replacement(layer, node.input_tensors[0].shape)
            if kind is None:
                kept.add(id(layer))
            elif id(layer) not in replaced:
                replaced[id(layer)] = kind(layer, name=layer.name, dtype=layer.dtype_policy)
    if replaced.keys() <= kept:
        return model

    def clone(layer: Any) -> Any:
        # A layer that is called several times is replaced only if every call allows it.
        return layer if id(layer) in kept else replaced[id(layer)]

    return keras.models.clone_model(model, clone_function=clone)


def _replacement(layer: Any, input_shape: tuple[int | None, ...]) -> Any:
    """Return the class of the wrapper for a layer, or None if the layer is kept."""
    if is_product(layer, input_shape):
        return ConvolutionAsProduct
    if (
        type(layer) is keras.layers.Dropout
        and layer.noise_shape is None
        and layer.compute_dtype == "float32"
        # On a GPU, Keras compiles unmodified networks too, and Dropout itself agrees with them.
        and keras.config.backend() == "tensorflow"
        and runs_on_cpu()
    ):
        return CompilableDropout
    return None


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
