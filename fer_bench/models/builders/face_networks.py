"""Face networks, from deepface if it is installed, else from an exported structure.

In both cases Keras builds the network from its configuration and draws the weights in the same
order, so a seed gives the same random weights with and without deepface.
"""

from __future__ import annotations

import contextlib
import gc
import random
import re
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import keras

from fer_bench.models.builders import deepface_structures, structure_files
from fer_bench.models.built_in import PAPER
from fer_bench.models.registry import get
from fer_bench.models.weights.matching import snake_case
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _network(function: str) -> keras.Model:
    """Build a network up to its embedding, with random weights.

    Raises:
        FerBenchError: deepface is broken, or it is missing and there is no valid structure file.
    """
    build = deepface_structures.BUILDERS[function]
    name = function if function in PAPER else f"deepface-{function}"
    missing = structure_files.missing_packages()
    if missing:
        return from_file(name, structure_files.find(name, missing))
    with _without_drawing():
        config = keras.saving.serialize_keras_object(build())
    # Networks contain reference cycles: without this, VGG-Face would be in memory twice.
    gc.collect()
    return _built(config)


# Builders, named as in deepface; input (n, side, side, 3), output (n, length of the embedding).
vggface = partial(_network, "vggface")  # side 224, length 4,096
openface = partial(_network, "openface")  # side 96, length 128
facenet = partial(_network, "facenet")  # side 160, length 128
facenet512 = partial(_network, "facenet512")  # side 160, length 512
arcface = partial(_network, "arcface")  # side 112, length 512
deepid = partial(_network, "deepid")  # side 47, length 160
ghostfacenet = partial(_network, "ghostfacenet")  # side 112, length 512


def from_file(name: str, path: Path) -> keras.Model:
    """Build the network of an exported structure, with weights drawn from Keras' current seed.

    Args:
        name: name of the backbone that the file must contain.
        path: path of the ``.keras`` file; the weights in it are not read.

    Raises:
        FerBenchError: the file is invalid, or contains another network.
    """
    config = structure_files.read(path)
    entry = get(name)
    # Checked before the build: another network may be too large to build.
    _expect(path, "name", config["config"].get("name"), name)
    try:
        model = _built(config)
    # The exception depends on the file: a missing key, an invalid shape, a graph with a cycle.
    except Exception as error:
        raise structure_files.invalid(
            path, f"cannot be built by Keras {keras.__version__}: {cause_of(error)}"
        ) from error
    size = entry.input_size
    _expect(path, "input shape", model.input_shape, (None, size, size, 3))
    _expect(path, "number of parameters", model.count_params(), entry.parameters)
    return model


def _built(config: dict[str, Any]) -> keras.Model:
    plain = {**_with_fresh_names(config), "compile_config": None}
    return keras.saving.deserialize_keras_object(plain, safe_mode=True)


def _with_fresh_names(config: dict[str, Any]) -> Any:
    """Return the configuration with new names for the automatically named layers.

    Otherwise a layer that was named ``flatten`` when the configuration was written would clash with
    the next layer that Keras names so in this process.
    """
    fresh: dict[Any, str] = {}
    for layer in config["config"]["layers"]:
        kind = snake_case(layer["class_name"])
        if re.fullmatch(rf"{kind}(_\d+)?", layer["name"]):
            number = keras.backend.get_uid(kind) - 1
            fresh[layer["name"]] = f"{kind}_{number}" if number else kind
    return _renamed(config, fresh)


def _renamed(value: Any, fresh: dict[Any, str]) -> Any:
    """Rename layers under ``name`` and in tensor references ``[name, node, tensor]``."""
    if isinstance(value, dict):
        return {
            key: fresh.get(part, part)
            if key == "name" and isinstance(part, str)
            else _renamed(part, fresh)
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], str):
            return [fresh.get(value[0], value[0]), *value[1:]]
        return [_renamed(part, fresh) for part in value]
    return value


def _expect(path: Path, what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise structure_files.invalid(
            path, f"contains another network: its {what} is {found!r}", repr(expected)
        )


@contextlib.contextmanager
def _without_drawing() -> Iterator[None]:
    """Initialise weights with zeros within the context and preserve Keras' seed.

    Keras takes the seeds of initialisers from Python's random generator.
    """
    state = random.getstate()
    try:
        with mock.patch.object(
            keras.initializers.VarianceScaling,
            "__call__",
            lambda _, shape, dtype=None: keras.ops.zeros(shape, dtype),
        ):
            yield
    finally:
        random.setstate(state)
