"""Matching of the tensors in a weight file to the variables of a network."""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models.weights.weight_types import WeightFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

    from fer_bench.models.weights.weight_types import StoredLayer, StoredTensor, StoredWeights


@dataclass(frozen=True)
class Pair:
    """A variable of the network and the tensor stored for it.

    Attributes:
        label: ``<layer>/<variable>``, the same in every process.
        variable: a Keras variable; None for a tensor of the excluded last layer.
        tensor: stored tensor of the same shape.
        path: path of the file, for messages.
    """

    label: str
    variable: Any
    tensor: StoredTensor
    path: Path

    def read(self) -> NDArray[np.float32]:
        """Read the stored values as little-endian float32.

        Raises:
            FerBenchError: the values cannot be read, are not numeric, or not all finite.
        """
        dtype = self.tensor.dtype
        if dtype.kind not in "fiu":
            raise WeightFileError(
                self.path, f"is invalid: tensor {self.label!r} has dtype {dtype}", "numbers"
            )
        values = np.asarray(self.tensor.read(), dtype="<f4", order="C")
        if not np.isfinite(values).all():
            count = int(values.size - np.isfinite(values).sum())
            raise WeightFileError(
                self.path,
                f"is invalid: tensor {self.label!r} has {count} NaN or infinite values",
                "finite values",
            )
        return values


@dataclass(frozen=True)
class _NetworkLayer:
    """A layer of the network that has weights."""

    name: str | None  # None if Keras named it: such names have a counter of the process
    label: str  # the name, or <class>[k]
    key: str  # in .weights.h5 files, <class>_<number>
    variables: tuple[Any, ...]


def _network_layers(model: keras.Model) -> list[_NetworkLayer]:
    layers = []
    of_class: Counter[str] = Counter()
    unnamed: Counter[str] = Counter()
    for layer in model.layers:
        kind = snake_case(type(layer).__name__)
        key = f"{kind}_{of_class[kind]}" if of_class[kind] else kind
        of_class[kind] += 1
        variables = tuple(layer.trainable_weights + layer.non_trainable_weights)
        if not variables:
            continue
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name):
            layers.append(_NetworkLayer(None, f"{kind}[{unnamed[kind]}]", key, variables))
            unnamed[kind] += 1
        else:
            layers.append(_NetworkLayer(layer.name, layer.name, key, variables))
    return layers


def snake_case(name: str) -> str:
    """Convert a class name as in Keras' layer names: ``Conv2D`` becomes ``conv2d``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<!^)(?=[A-Z][a-z])", "_", name).lower()


def matched(
    stored: StoredWeights,
    model: keras.Model,
    title: str,
    last_layer: tuple[tuple[int, ...], ...] = (),
    excluded_layers: tuple[str, ...] = (),
) -> list[Pair]:
    """Match each variable of the network to a stored tensor.

    Explicitly named layers are matched by name, the others by their order. No values are read.

    Args:
        stored: an open weight file.
        model: the network.
        title: name of the network, for messages.
        last_layer: shapes of the tensors of one additional layer that the file may contain.
        excluded_layers: names of further layers that the file may contain; they are ignored.

    Returns:
        Pairs sorted by label.

    Raises:
        FerBenchError: a tensor is missing or unexpected, or its name or shape does not match.
    """
    mismatch = functools.partial(_mismatch, stored.path, title)
    left = {key: layer for key, layer in stored.layers.items() if key not in excluded_layers}
    pairs = []
    layers = _network_layers(model)
    # Explicitly named layers first: the remaining entries then match the others in order.
    for layer in sorted(layers, key=lambda layer: layer.name is None):
        if stored.keyed_by_class:
            key: str | None = layer.key
        else:
            key = layer.name or next(iter(left), None)
        found = left.pop(key, None) if key is not None else None
        if found is None:
            raise mismatch(f"layer {layer.label!r} is missing")
        pairs += _layer_pairs(stored.path, layer, found, mismatch)
    for name, found in left.items():
        if tuple(tensor.shape for tensor in found.tensors) != last_layer or len(left) > 1:
            raise mismatch(f"unexpected layer {name!r}")
        pairs += [
            Pair(f"{name}/{number}", None, tensor, stored.path)
            for number, tensor in enumerate(found.tensors)
        ]
    return sorted(pairs, key=lambda pair: pair.label)


def _mismatch(path: Path, title: str, cause: str, accepted: str = "") -> WeightFileError:
    return WeightFileError(
        path, f"does not match {title}: {cause}", accepted, f"use a weight file of {title}"
    )


def _layer_pairs(
    path: Path,
    layer: _NetworkLayer,
    found: StoredLayer,
    mismatch: Callable[..., WeightFileError],
) -> list[Pair]:
    """Match the variables of one layer."""
    if layer.name is not None and found.name not in (None, layer.name):
        raise mismatch(f"layer {found.name!r} in place of {layer.name!r}")
    names = [_variable_name(variable.path) for variable in layer.variables]
    if len(found.tensors) != len(names):
        raise mismatch(
            f"layer {layer.label!r} has {len(found.tensors)} tensors",
            f"{len(names)}: {', '.join(names)}",
        )
    tensors = found.tensors
    if found.variables is not None:
        stored_names = [_variable_name(variable) for variable in found.variables]
        if sorted(stored_names) != sorted(names):
            raise mismatch(
                f"layer {layer.label!r} has the tensors {', '.join(stored_names)}",
                ", ".join(names),
            )
        # Variables of a nested network may have the same name: these are matched by order.
        if len(set(names)) == len(names):
            tensors = tuple(tensors[stored_names.index(name)] for name in names)
    pairs = []
    for name, variable, tensor in zip(names, layer.variables, tensors, strict=True):
        label = f"{layer.label}/{name}"
        if tuple(tensor.shape) != tuple(variable.shape):
            raise mismatch(
                f"tensor {label!r} has shape {tuple(tensor.shape)}", str(tuple(variable.shape))
            )
        pairs.append(Pair(label, variable, tensor, path))
    return pairs


def _variable_name(path: str) -> str:
    """Return the Keras 3 name of a variable, without the layer.

    Keras 2 wrote ``conv_dw_1/depthwise_kernel:0``, Keras 1 ``conv1_W:0`` and ``conv1_b:0``.
    """
    own = path.rpartition("/")[2].partition(":")[0]
    of_keras1 = re.fullmatch(r"(?:.*_)?(W|b)(?:_\d+)?", own)
    if of_keras1:
        return "kernel" if of_keras1[1] == "W" else "bias"
    return "kernel" if own == "depthwise_kernel" else own


def values_digest(pairs: list[Pair]) -> str:
    """Return the SHA-256 of the network's tensors, as defined by ``WeightsRecord.values_digest``.

    Raises:
        FerBenchError: a tensor cannot be read, or its values are not all finite.
    """
    digest = hashlib.sha256()
    for pair in pairs:
        values = pair.read()
        if pair.variable is not None:
            shape = ",".join(map(str, values.shape))
            digest.update(f"{pair.label}\0{shape}\0".encode())
            digest.update(values.data)
    return digest.hexdigest()


def assign(pairs: list[Pair], model: keras.Model) -> None:
    """Set each variable of the network to its stored values.

    Raises:
        FerBenchError: a tensor cannot be read.
    """
    for pair in pairs:
        if pair.variable is not None:
            pair.variable.assign(pair.read())
    for layer in model.layers:
        # Normalization caches values that it derives from its weights.
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
