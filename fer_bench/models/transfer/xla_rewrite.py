"""Rewrite of a network's graph for fast training, with or without XLA.

On the CPU, XLA runs convolutions several times slower than the backends' own kernels, and matrix
products faster. XLA recognises a convolution that is a matrix product. TensorFlow without XLA does
not, so it needs the rewrite if another, real convolution rules out compiling.
"""

from __future__ import annotations

from typing import Any

import keras

from fer_bench.models.keras_backend import runs_on_cpu
from fer_bench.models.transfer.convolution_as_product import ConvolutionAsProduct, is_product
from fer_bench.models.transfer.dropout import CompilableDropout


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
