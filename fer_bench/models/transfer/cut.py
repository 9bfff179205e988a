"""Freezing of layers and location of the cut between the frozen and the trainable part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from fer_bench.protocol.settings import BatchNormalization
    from fer_bench.protocol.trainable_layers import Trainable


def freeze(
    backbone: keras.Model,
    trainable: Trainable,
    name: str,
    batch_normalization: BatchNormalization = "paper",
) -> None:
    """Freeze all but the last ``trainable`` entries of the backbone's Keras layer list.

    Args:
        backbone: the network; ``trainable`` of its layers is modified.
        trainable: number of trainable layers, or ``"all"``.
        name: name of the backbone, for messages.
        batch_normalization: with ``"frozen"``, batch normalisation is also frozen in the last
            layers. Keras runs frozen batch normalisation in inference mode, even in training.

    Raises:
        FerBenchError: the backbone has fewer layers.
    """
    layers = backbone.layers
    if trainable == "all":
        trainable = len(layers)
    if trainable > len(layers):
        raise FerBenchError(
            f"{trainable} trainable layers, but {name} has only {len(layers)} layers",
            f"0 to {len(layers)}, or 'all'",
            "change --trainable-layers",
        )
    first_trained = len(layers) - trainable
    for position, layer in enumerate(layers):
        layer.trainable = position >= first_trained
        if batch_normalization == "frozen":
            # A nested model is a single entry of the list.
            for part in layer._flatten_layers():
                if isinstance(part, keras.layers.BatchNormalization):
                    part.trainable = False


def cut(network: keras.Model) -> list[Any]:
    """Find the tensors at the boundary of the network's frozen part, in graph order.

    An operation belongs to the frozen part if it and all its predecessors give the same output for
    the same image in every epoch: it is frozen or has no trainable weights, and draws no random
    numbers. Dropout stays active in training even if it is frozen, so the cut is before it.

    Args:
        network: a flat functional graph.

    Returns:
        Symbolic tensors; only the network's input if no operation is frozen.
    """
    constant: set[int] = set()
    boundary: dict[int, Any] = {}
    # Nodes, not layers: a layer taken from a Sequential also has nodes of other graphs.
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in network._nodes_by_depth[depth]:
            known = [tensor for tensor in node.input_tensors if id(tensor) in constant]
            if len(known) == len(node.input_tensors) and _is_constant(node.operation):
                constant.update(id(tensor) for tensor in node.output_tensors)
            else:
                boundary.update({id(tensor): tensor for tensor in known})
    return list(boundary.values())


def check_boundary(boundary: list[Any], name: str) -> None:
    """Check that each tensor at the boundary has one row of a fixed shape for each image.

    Args:
        boundary: from ``cut``.
        name: name of the backbone, for messages.

    Raises:
        FerBenchError: a tensor mixes images, is the same for all of them, or has an unknown shape.
    """
    for tensor in boundary:
        if tensor.shape[:1] != (None,) or None in tensor.shape[1:]:
            operation = tensor._keras_history.operation.name
            raise FerBenchError(
                f"backbone {name!r} cannot be cut after {shown(operation)}, whose output has shape "
                f"{tuple(tensor.shape)}",
                "outputs of shape (None, ...): one row of a fixed shape for each image",
                "change --trainable-layers or the network",
            )


def _is_constant(operation: Any) -> bool:
    if isinstance(operation, keras.layers.InputLayer) or not isinstance(operation, keras.Layer):
        return True
    draws_random_numbers = len(operation.variables) > len(operation.weights)
    is_trained = operation.trainable and operation.weights
    return not is_trained and not draws_random_numbers
