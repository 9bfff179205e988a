"""A network's graph in the form that is trained fastest, by XLA or without it.

XLA on the CPU runs convolutions several times slower than the backends' own kernels, and matrix
products faster. A convolution that is a matrix product is one to XLA too, but not to TensorFlow
without XLA, which needs it where another, real convolution decides against compiling.
"""

from __future__ import annotations

from typing import Any

import keras

from fer_bench.models.keras_backend import runs_on_cpu
from fer_bench.models.transfer.convolution_as_product import ConvolutionAsProduct, is_product
from fer_bench.models.transfer.dropout import CompilableDropout


def make_compilable(model: keras.Model) -> keras.Model:
    """The same network on the same variables, its matrix products computed as such.

    Dropout gives the same with XLA as without: compiling changes speed only.

    Args:
        model: a flat functional graph; it is left as it is.

    Returns:
        A model with inputs, outputs and order of weights like ``model``'s; ``model`` itself where
        there is nothing to exchange.
    """
    exchanged: dict[int, Any] = {}
    kept: set[int] = set()
    for nodes in model._nodes_by_depth.values():
        for node in nodes:
            layer = node.operation
            kind = None if node.is_input else _exchange(layer, node.input_tensors[0].shape)
            if kind is None:
                kept.add(id(layer))
            elif id(layer) not in exchanged:
                exchanged[id(layer)] = kind(layer, name=layer.name, dtype=layer.dtype_policy)
    if exchanged.keys() <= kept:
        return model

    def clone(layer: Any) -> Any:
        # A layer that is used twice has to be a product both times.
        return layer if id(layer) in kept else exchanged[id(layer)]

    return keras.models.clone_model(model, clone_function=clone)


def _exchange(layer: Any, input_shape: tuple[int | None, ...]) -> Any:
    """The class to wrap the layer in, None where it stays."""
    if is_product(layer, input_shape):
        return ConvolutionAsProduct
    if (
        type(layer) is keras.layers.Dropout
        and layer.noise_shape is None
        and layer.compute_dtype == "float32"
        # On a GPU Keras compiles plain networks too: there Dropout itself is what agrees with them.
        and keras.config.backend() == "tensorflow"
        and runs_on_cpu()
    ):
        return CompilableDropout
    return None
