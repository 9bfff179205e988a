"""Network structures as portable ``.keras`` files: write, find and read.

A structure that only deepface and TensorFlow can build is exported once, and then built from the
file on machines without them. Only the layers are used: the weights in such a file are zeros.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import shutil
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.models.network_files.keras_archive import OWN_LAYERS, checked_config, objects
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import INSTALL, FerBenchError, bytes_shown, shown
from fer_bench.runtime.files import cause_of, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras

STRUCTURES_VARIABLE = "FER_BENCH_STRUCTURES"
"""Environment variable with the path of a directory of structure files."""

SUBDIRECTORY = "structures"
"""Subdirectory of the cache directory for structure files."""

MAX_CONFIG_BYTES = 1 << 20
"""Maximum size of a ``config.json``; the largest of this package has 150 KB."""

_ACCEPTED = {
    "keras": {"DTypePolicy", "Functional", "InputLayer"},
    "keras.src.models.functional": {"Functional"},
    "keras.initializers": {
        *("Constant", "GlorotNormal", "GlorotUniform", "Ones", "VarianceScaling", "Zeros")
    },
    "keras.layers": {
        *("InputLayer", "Activation", "PReLU", "Dropout", "BatchNormalization", "Rescaling"),
        *("Conv2D", "DepthwiseConv2D", "Dense", "Add", "Multiply", "Concatenate"),
        *("AveragePooling2D", "GlobalAveragePooling2D", "MaxPooling2D"),
        *("Flatten", "Reshape", "ZeroPadding2D"),
    },
    "fer_bench.models.builders.layers": OWN_LAYERS,
    "fer_bench.backbones.layers": OWN_LAYERS,  # in structures of older versions
}
"""Classes that the face networks consist of, by module."""

_TENSOR = ("__keras_tensor__", None, None)
"""Keras' references to input tensors: plain data without a module."""


def cache_directory() -> Path:
    """Return the default directory of structure files; it may not exist."""
    return cache_root() / SUBDIRECTORY


def file_name(name: str) -> str:
    """Return the file name of the structure of the backbone ``name``."""
    return f"{name}.keras"


def missing_packages() -> tuple[str, ...]:
    """Return those of deepface and TensorFlow that are not installed, without importing them."""
    return tuple(
        name for name in ("deepface", "tensorflow") if importlib.util.find_spec(name) is None
    )


def digest(name: str) -> str | None:
    """Return the SHA-256 of a backbone's structure file, or None if deepface builds the network.

    The digest covers the configuration of the network, not the bytes of the file.

    Args:
        name: name of a backbone that comes from deepface.

    Raises:
        FerBenchError: a structure file is required, but missing or invalid.
    """
    missing = missing_packages()
    if not missing:
        return None
    config = json.dumps(read(find(name, missing)), sort_keys=True)
    return hashlib.sha256(config.encode()).hexdigest()


def find(name: str, missing: Sequence[str]) -> Path:
    """Find the structure file of a backbone in ``FER_BENCH_STRUCTURES``, then in the cache.

    Args:
        name: name of the backbone.
        missing: packages that are not installed, for the message.

    Raises:
        FerBenchError: the file is not found, or ``FER_BENCH_STRUCTURES`` is not a directory.
    """
    variable = os.environ.get(STRUCTURES_VARIABLE)
    chosen = Path(variable).expanduser() if variable else None
    if chosen is not None and not chosen.is_dir():
        raise FerBenchError(
            f"{STRUCTURES_VARIABLE} {str(chosen)!r} is not a directory",
            hint=f"name a directory that 'fer-bench export-backbone {name} --output' wrote to",
        )
    for directory in (chosen, cache_directory()):
        if directory is not None and (directory / file_name(name)).exists():
            return directory / file_name(name)
    raise FerBenchError(
        f"backbone {name!r} cannot be built: {' and '.join(missing)} not installed, and its "
        f"structure {file_name(name)!r} is neither in {STRUCTURES_VARIABLE} "
        f"({str(chosen) if chosen else 'not set'}) nor in {str(cache_directory())!r}",
        hint=f"install them with {INSTALL} (or [gpu]), or run 'fer-bench export-backbone {name}' "
        f"on a machine that has them and name its output directory with {STRUCTURES_VARIABLE}",
    )


def invalid(path: Path, cause: str, accepted: str = "") -> FerBenchError:
    """Return the error for an invalid structure file.

    Args:
        path: the file.
        cause: predicate of the sentence that begins with "structure file".
        accepted: what would be valid.
    """
    name = path.name.removesuffix(".keras")
    return FerBenchError(
        f"structure file {cause}",
        accepted,
        f"write it again with 'fer-bench export-backbone {name}' on a machine with deepface and "
        "TensorFlow",
        path=path,
    )


def read(path: Path) -> dict[str, Any]:
    """Read the configuration from a structure file and check that its layers are accepted.

    Only ``config.json`` is read, and nothing is built.

    Raises:
        FerBenchError: the file cannot be read, is too large, or contains a class that is not
            accepted.
    """
    return checked_config(path, MAX_CONFIG_BYTES, partial(invalid, path), _check_classes)


def _check_classes(config: Any, invalid: Callable[..., FerBenchError]) -> None:
    kind = config.get("class_name") if isinstance(config, dict) else config
    if kind != "Functional":
        raise invalid(f"contains {shown(kind)}", "a functional keras.Model")
    for part in objects(config):
        found = tuple(part.get(key) for key in ("class_name", "module", "registered_name"))
        name, module, registered = found
        accepted = _ACCEPTED.get(str(module), frozenset())
        names = (f"fer_bench>{name}",) if accepted is OWN_LAYERS else (None, name)
        if found != _TENSOR and (str(name) not in accepted or registered not in names):
            raise invalid(
                f"contains {shown(name)} of {shown(module)}, registered as {shown(registered)}",
                "the layers of Keras and fer_bench that the face networks consist of",
            )


def write(model: keras.Model, path: Path) -> None:
    """Write a network's structure atomically, in the format of ``keras.saving.load_model``.

    The weights are set to zero and the file is compressed, so that VGG-Face takes less than 1 MB
    instead of 540 MB.

    Args:
        model: the network; its weights are overwritten.
        path: path ending in ``.keras``; its directory is created.

    Raises:
        FerBenchError: the network contains a Lambda layer, or the file cannot be written.
    """
    import keras

    config = keras.saving.serialize_keras_object(model)
    if any(part["class_name"] == "Lambda" for part in objects(config)):
        raise FerBenchError(
            f"network {model.name!r} contains a Lambda layer, whose code cannot be saved safely",
            "Keras' own and registered layers",
            "replace it by a subclass of keras.layers.Layer",
        )
    for variable in model.weights:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    write_atomically(path, _compressed(model, path))


def _compressed(model: keras.Model, path: Path) -> bytes:
    """Save the network with Keras and return the archive with its members deflated."""
    content = io.BytesIO()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".", suffix=".part") as directory:
            plain = Path(directory) / path.name
            model.save(plain)
            with (
                zipfile.ZipFile(plain) as source,
                zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target,
            ):
                for part in source.infolist():
                    with source.open(part) as reader, target.open(part.filename, "w") as writer:
                        shutil.copyfileobj(reader, writer)
    except OSError as error:
        raise FerBenchError(
            f"cannot write {str(path)!r}: {cause_of(error)}",
            f"a writable directory with {bytes_shown(4 * model.count_params())} free",
        ) from error
    return content.getvalue()
