"""Face networks, from deepface if it is installed, else from an exported structure.

In both cases Keras builds the network from its configuration and draws the weights in the same
order, so a seed gives the same random weights with and without deepface.
"""

from __future__ import annotations

import contextlib
import gc
import random
from typing import TYPE_CHECKING, Any
from unittest import mock

import keras

from fer_bench.models.builders import deepface_structures, structure_files
from fer_bench.models.builders.structure_config import with_fresh_names
from fer_bench.models.registry import get
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def vggface() -> keras.Model:
    """Build VGG-Face up to its 4,096 features, random weights, input (n, 224, 224, 3).

    Raises:
        FerBenchError: deepface is broken, or it is missing and there is no valid structure file.
    """
    return _network("vggface", deepface_structures.vggface)


def openface() -> keras.Model:
    """Build the complete OpenFace network, random weights, input (n, 96, 96, 3).

    Raises:
        FerBenchError: deepface is broken, or it is missing and there is no valid structure file.
    """
    return _network("openface", deepface_structures.openface)


def facenet() -> keras.Model:
    """Build Facenet up to its 128-dimensional embedding, random weights, input (n, 160, 160, 3).

    Raises:
        FerBenchError: as ``openface``.
    """
    return _network("deepface-facenet", deepface_structures.facenet)


def facenet512() -> keras.Model:
    """Build Facenet up to its 512-dimensional embedding, random weights, input (n, 160, 160, 3).

    Raises:
        FerBenchError: as ``openface``.
    """
    return _network("deepface-facenet512", deepface_structures.facenet512)


def arcface() -> keras.Model:
    """Build ArcFace up to its 512-dimensional embedding, random weights, input (n, 112, 112, 3).

    Raises:
        FerBenchError: as ``openface``.
    """
    return _network("deepface-arcface", deepface_structures.arcface)


def deepid() -> keras.Model:
    """Build DeepID up to its 160 features, random weights, input (n, 47, 47, 3).

    Raises:
        FerBenchError: as ``openface``.
    """
    return _network("deepface-deepid", deepface_structures.deepid)


def ghostfacenet() -> keras.Model:
    """Build GhostFaceNet up to its 512-dimensional embedding, random weights, input 112 pixels.

    Raises:
        FerBenchError: as ``openface``.
    """
    return _network("deepface-ghostfacenet", deepface_structures.ghostfacenet)


def _network(name: str, build: Callable[[], keras.Model]) -> keras.Model:
    missing = structure_files.missing_packages()
    if missing:
        return from_file(name, structure_files.find(name, missing))
    with _without_drawing():
        config = keras.saving.serialize_keras_object(build())
    # Networks contain reference cycles: without this, VGG-Face would be in memory twice.
    gc.collect()
    return _built(config)


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
    _expect(path, "name", _name(config), name)
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
    return keras.saving.deserialize_keras_object(with_fresh_names(config), safe_mode=True)


def _name(config: dict[str, Any]) -> Any:
    inner = config.get("config")
    if config.get("class_name") != "Functional" or not isinstance(inner, dict):
        return None
    return inner.get("name")


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
