"""Keras networks built from the configuration in a ``.keras`` file, and their weights."""

from __future__ import annotations

import io
import logging
import math
import random
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import keras
import numpy as np

from fer_bench.models.builders.layers import REPLACEMENTS
from fer_bench.models.functional_model import adapted_weights, as_graph, flattened
from fer_bench.models.network_files.keras_archive import MOST_BYTES
from fer_bench.models.weights.hdf5_reader import KERAS_WEIGHTS
from fer_bench.models.weights.verification import identity
from fer_bench.runtime.errors import FerBenchError, bytes_shown, shown
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.models.network_files.input_settings import Classifier
    from fer_bench.models.network_files.saved_network import SavedStructure

_OWN_LAYERS = {f"fer_bench>{layer.__name__}": layer for layer in REPLACEMENTS}

log = logging.getLogger("fer_bench.models")


def built(
    path: Path,
    config: dict[str, Any],
    side: int,
    classifier: Classifier | None,
    *,
    with_weights: bool,
) -> keras.Model:
    """Build a network without its classifier, nested models replaced by their layers.

    Args:
        path: the file.
        config: its configuration, from ``read_config``.
        side: side length of the input in pixels.
        classifier: ``"keep"``, ``"exclude"``, or None to exclude a classifier that is evident by
            its softmax.
        with_weights: True for the weights of the file, False for those of its initialisers and the
            statistics of adapted ``Normalization`` layers in the file.

    Raises:
        FerBenchError: Keras cannot build the network or read the weights.
    """
    name, step = path.name, "build it"
    try:
        plain = {key: value for key, value in config.items() if key != "compile_config"}
        network = keras.saving.deserialize_keras_object(
            plain, custom_objects=_OWN_LAYERS, safe_mode=True
        )
        drawn = None if with_weights else _drawn_values(network)
        if drawn is None or len(drawn) < len(network.variables):
            step = "read its weights"
            _check_weights(path)
            network.load_weights(path)
            for variable, values in drawn or ():
                variable.assign(values)
        _, *size, channels = network.inputs[0].shape
        step = "take it apart"
        graph = flattened(as_graph(network, name, (None, *size, channels)))
        graph, excluded = _without_classifier(graph, classifier)
    except FerBenchError:
        raise
    # Layers raise any exception for a configuration or weights that do not fit.
    except Exception as error:
        raise FerBenchError(
            f"Keras {keras.__version__} cannot {step}: {cause_of(error)}",
            hint="save the network with this version of Keras",
            path=path,
        ) from error
    if excluded:
        log.info("%s: its classifier is left out: %s", name, excluded)
    if size != [side, side] or channels is None:
        graph = _of_size(graph, path, (side, side, channels or 3))
    return graph


def _drawn_values(network: keras.Model) -> list[tuple[Any, np.ndarray]]:
    """Return variables and copies of their values, without statistics adapted to data."""
    adapted = adapted_weights(network)
    return [
        (variable, np.array(keras.ops.convert_to_numpy(variable)))
        for variable in network.variables
        if id(variable) not in adapted
    ]


def load(path: Path, structure: SavedStructure, model: keras.Model | None) -> tuple[str, int, int]:
    """Read the weights of a file and assign them to the network that its structure builds.

    Args:
        path: the file.
        structure: its structure.
        model: the network, as ``structure`` builds it; None to verify the weights only.

    Returns:
        SHA-256 of the file, number of its tensors and of their values, without the classifier.

    Raises:
        FerBenchError: the weights cannot be read or are not finite numbers.
    """
    sha256, generator = identity(path), random.getstate()
    pretrained = structure(with_weights=True)
    # Keras draws the weights before it reads them; the head is drawn next.
    random.setstate(generator)
    for weight in pretrained.weights:
        values = keras.ops.convert_to_numpy(weight)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise FerBenchError(
                f"weights {shown(weight.path)} have NaN or infinite values",
                "finite values",
                "train the network again",
                path=path,
            )
    if identity(path) != sha256:
        raise FerBenchError(
            "saved network changed while it was read", hint="run it again", path=path
        )
    if model is not None:
        model.set_weights(pretrained.get_weights())
        for layer in model.layers:
            # Normalization caches values that it derives from its weights.
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
    return sha256, len(pretrained.weights), pretrained.count_params()


def _check_weights(path: Path) -> None:
    """Check that no weights are stored in other files, and the size of what they declare."""
    size = 0
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read(KERAS_WEIGHTS))
    with h5py.File(content, "r") as file:
        links: list[tuple[bytes, int]] = []
        file.id.links.visit(lambda name, info: links.append((name, info.type)), info=True)
        for name, kind in links:
            if kind == h5py.h5l.TYPE_HARD:
                part = file[name]
                if not isinstance(part, h5py.Dataset):
                    continue
                # Keras allocates the declared size, also of chunks that are not stored.
                size += math.prod(part.shape or ()) * part.dtype.itemsize
                if not (part.external or part.is_virtual):
                    continue
            raise FerBenchError(
                f"weights {shown(name.decode(errors='replace'))} are a link or in another file",
                hint="save the network again",
                path=path,
            )
    if size > MOST_BYTES:
        raise FerBenchError(
            f"weights have a declared size of {bytes_shown(size)}",
            f"{bytes_shown(MOST_BYTES)} or less",
            "save the network again",
            path=path,
        )


def _of_size(graph: keras.Model, path: Path, shape: tuple[int, int, int]) -> keras.Model:
    """Return a network of any input size for images of one size, sharing its layers."""
    try:
        return keras.models.clone_model(
            graph, input_tensors=keras.Input(shape), clone_function=lambda layer: layer
        )
    except ValueError as error:
        raise FerBenchError(
            f"network does not accept images of {shape[0]} x {shape[1]} pixels: {cause_of(error)}",
            hint=f"state its size with {{\"input_size\": N}} in '{path.name}.json'",
            path=path,
        ) from error


def _without_classifier(
    graph: keras.Model, classifier: Classifier | None
) -> tuple[keras.Model, str]:
    """Return a network without the classifier at its end, and a description of what is left out.

    A classifier is a ``Dense``, or a ``Conv2D`` with a single position, from which only
    activations, reshaping and dropout lead to the output. Without a setting, it is excluded if one
    of these, or the layer itself, is a softmax.
    """
    if classifier == "keep":
        return graph, ""
    (tensor,), is_wanted = graph.outputs, classifier == "exclude"
    while True:
        layer, number, _ = tensor._keras_history
        node = layer._inbound_nodes[number]
        if len(node.input_tensors) != 1:
            return graph, ""
        is_wanted = is_wanted or _is_softmax(layer)
        if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
            break
        if not isinstance(layer, _BEHIND_CLASSIFIERS) and not _is_softmax(layer):
            return graph, ""
        tensor = node.input_tensors[0]
    units = getattr(layer, "units", None) or layer.filters
    has_positions = any(length != 1 for length in node.outputs[0].shape[1:-1])
    if (
        not is_wanted
        or has_positions
        or isinstance(node.input_tensors[0]._keras_history[0], keras.layers.InputLayer)
    ):
        return graph, ""
    return (
        keras.Model(graph.inputs, node.input_tensors[0]),
        f"{shown(layer.name)} ({type(layer).__name__}, {units} outputs)",
    )


_BEHIND_CLASSIFIERS = (
    keras.layers.Activation,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.Reshape,
)


def _is_softmax(layer: Any) -> bool:
    activation = getattr(layer, "activation", None)
    return type(layer).__name__ == "Softmax" or activation is keras.activations.softmax
