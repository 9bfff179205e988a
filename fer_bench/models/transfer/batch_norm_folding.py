"""Folding of frozen batch normalisation into the preceding convolutions.

Frozen batch normalisation scales and shifts each channel by constants. Multiplied into the kernel
and bias of the convolution, these constants need no further pass over its output, and a backend can
then fuse the convolution with the ReLU after it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fold_batch_normalization(model: keras.Model) -> keras.Model:
    """Fold batch normalisation into convolutions, keeping the output in inference mode.

    A ``BatchNormalization`` is folded into the ``Conv2D`` or ``DepthwiseConv2D`` before it if that
    has no activation and its output has no other consumer. All other ones are kept.

    Args:
        model: a flat functional graph; it is not modified.

    Returns:
        A model with the same inputs and outputs. Folded convolutions hold copies of the current
        weights, all other layers are shared; ``model`` itself if nothing can be folded.
    """
    folded = _foldable(model)
    if not folded:
        return model
    normalizations = {id(normalization) for normalization in folded.values()}
    copies: list[tuple[Any, Any]] = []

    def clone(layer: Any) -> Any:
        if id(layer) not in folded:
            return layer
        copies.append((layer, _copy_with_bias(layer)))
        return copies[-1][1]

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if id(layer) in normalizations else layer(*inputs, **options)

    result = keras.models.clone_model(model, clone_function=clone, call_function=call)
    for layer, copy in copies:
        copy.set_weights(_folded_weights(layer, folded[id(layer)]))
    return result


def _foldable(model: keras.Model) -> dict[int, Any]:
    """Return the normalisation to fold into each convolution, by the convolution's id."""
    calls = [node for nodes in model._nodes_by_depth.values() for node in nodes]
    uses = Counter(id(node.operation) for node in calls)
    consumers: dict[int, list[Any]] = {id(tensor): [None] for tensor in model.outputs}
    for node in calls:
        for tensor in node.input_tensors:
            consumers.setdefault(id(tensor), []).append(node.operation)
    found = {}
    for node in calls:
        layer = node.operation
        if not _is_linear_convolution(layer):
            continue
        used_by = consumers[id(node.output_tensors[0])]
        if len(used_by) == 1 and _normalizes_channels(used_by[0], node.output_tensors[0]):
            found[id(layer)] = used_by[0]
    # A layer that is called twice would have to be folded at one call and kept at the other.
    return {
        convolution: normalization
        for convolution, normalization in found.items()
        if uses[convolution] == uses[id(normalization)] == 1
    }


def _is_linear_convolution(layer: Any) -> bool:
    return (
        type(layer) in (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
        and layer.data_format == "channels_last"
        and layer.activation is keras.activations.linear
    )


def _normalizes_channels(layer: Any, tensor: Any) -> bool:
    last = len(tensor.shape) - 1
    return type(layer) is keras.layers.BatchNormalization and layer.axis in (-1, last)


def _copy_with_bias(layer: Any) -> Any:
    config = {**layer.get_config(), "use_bias": True}
    # The weights are set afterwards: drawing them would cost time and advance the generator.
    for key in ("kernel_initializer", "depthwise_initializer"):
        if key in config:
            config[key] = "zeros"
    return type(layer).from_config(config)


def _folded_weights(layer: Any, normalization: Any) -> list[NDArray[np.float64]]:
    """Return kernel and bias with which the convolution alone is equivalent to both layers."""
    factor = 1 / np.sqrt(_values(normalization.moving_variance) + normalization.epsilon)
    if normalization.gamma is not None:
        factor *= _values(normalization.gamma)
    shift = -_values(normalization.moving_mean)
    if layer.use_bias:
        shift += _values(layer.bias)
    bias = shift * factor
    if normalization.beta is not None:
        bias += _values(normalization.beta)
    kernel = _values(layer.kernel)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        # The last two axes, input channel and multiplier, are in the order of the output channels.
        return [kernel * factor.reshape(kernel.shape[-2:]), bias]
    return [kernel * factor, bias]


def _values(variable: Any) -> NDArray[np.float64]:
    return np.asarray(variable, dtype=np.float64)
