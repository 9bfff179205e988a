"""Which layers are frozen, and where the frozen part of a graph ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.protocol.settings import BatchNormalization, Trainable


def freeze(
    backbone: keras.Model,
    trainable: Trainable,
    name: str,
    batch_normalization: BatchNormalization = "paper",
) -> None:
    """Freezes all but the last ``trainable`` entries of the backbone's Keras layer list.

    Args:
        backbone: its layers are set to be trained or not.
        trainable: how many, or ``"all"``.
        name: what the user calls the backbone.
        batch_normalization: with ``"frozen"`` it is frozen among these last layers too. Keras runs
            frozen batch normalisation in inference mode, in training as well.

    Raises:
        FerBenchError: there are fewer layers than that.
    """
    layers = backbone.layers
    if trainable == "all":
        trainable = len(layers)
    if trainable > len(layers):
        raise FerBenchError(
            f"trainable layers {trainable}: {name} has {len(layers)} layers; "
            f"accepted by --trainable-layers: 0 to {len(layers)}, or 'all'"
        )
    first_trained = len(layers) - trainable
    for position, layer in enumerate(layers):
        layer.trainable = position >= first_trained
        if batch_normalization == "frozen":
            # A network within the network is one entry of the list.
            for part in layer._flatten_layers():
                if isinstance(part, keras.layers.BatchNormalization):
                    part.trainable = False


def cut(network: keras.Model) -> list[Any]:
    """The tensors at which the network's frozen part ends, in the order of the graph.

    An operation belongs to the frozen part when it and all before it give the same output for
    the same image in every epoch: it is frozen or has nothing to train, and draws no random
    numbers. Dropout stays active in training even when frozen, so the cut lies before it.

    Args:
        network: a flat functional graph.

    Returns:
        Symbolic tensors; just the network's input where no operation is frozen.
    """
    constant: set[int] = set()
    boundary: dict[int, Any] = {}
    # The nodes, not the layers: a layer that came through a Sequential has nodes of other graphs.
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in network._nodes_by_depth[depth]:
            known = [tensor for tensor in node.input_tensors if id(tensor) in constant]
            if len(known) == len(node.input_tensors) and _is_constant(node.operation):
                constant.update(id(tensor) for tensor in node.output_tensors)
            else:
                boundary.update({id(tensor): tensor for tensor in known})
    return list(boundary.values())


def _is_constant(operation: Any) -> bool:
    if isinstance(operation, keras.layers.InputLayer) or not isinstance(operation, keras.Layer):
        return True
    draws_random_numbers = len(operation.variables) > len(operation.weights)
    is_trained = operation.trainable and operation.weights
    return not is_trained and not draws_random_numbers
