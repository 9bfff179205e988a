"""Configuration of a Keras network, read from its ``.keras`` archive without Keras.

Keras creates objects from a configuration by class name. Some of its own classes run code or read
files named in the configuration, and older versions import arbitrary modules. So a configuration is
checked before Keras reads it, in bounded memory.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from fer_bench.models.weights.hdf5_reader import KERAS_WEIGHTS
from fer_bench.runtime.errors import FerBenchError, bytes_shown, shown
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Invalid = Callable[..., FerBenchError]

CONFIG = "config.json"

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compression methods that zipfile decompresses with a limit of the size."""

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions of zipfile and json on truncated, corrupt, encrypted or hand-made files."""

MOST_BYTES = 1 << 32
"""Largest accepted size of all members of an archive, decompressed."""

_MOST_CONFIG_BYTES = 1 << 24

_REFUSED = frozenset(
    {
        "FlaxLayer",
        "IndexLookup",
        "IntegerLookup",
        "JaxLayer",
        "Lambda",
        "StringLookup",
        "TextVectorization",
        "TFSMLayer",
        "TorchModuleWrapper",
        "__lambda__",
        "__typespec__",
        "function",
    }
)
"""Classes of Keras that run code or read files named in their configuration."""

_OWN = "fer_bench>"
OWN_LAYERS = frozenset(
    {"L2Normalization", "LocalResponseNormalization", "Square", "SquareRoot", "ZeroExtendedSum"}
)
"""Layers of this package that a network may contain: those of ``builders.layers``."""

_SCALING = frozenset({"Rescaling", "Normalization"})
_ARITHMETIC = frozenset({"Add", "Divide", "Multiply", "Subtract", "TrueDivide"})
"""Operations of ``keras.ops``, as ``preprocess_input`` and operators leave behind."""

_BEFORE_SCALING = frozenset({"InputLayer", "Resizing", "CenterCrop", "GetItem", "Cast", "Identity"})


def read_config(path: Path) -> dict[str, Any]:
    """Return the configuration of a functional or sequential network saved with its weights.

    Raises:
        FerBenchError: the file cannot be read, is not such an archive, is too large, or contains
            classes that Keras would have to run code for.
    """
    return checked_config(
        path,
        _MOST_CONFIG_BYTES,
        partial(_invalid, path),
        _check_classes,
        needed=(CONFIG, KERAS_WEIGHTS),
    )


def checked_config(
    path: Path,
    most: int,
    invalid: Invalid,
    check: Callable[[Any, Invalid], None],
    needed: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the configuration of a network.

    Args:
        path: the ``.keras`` file.
        most: largest accepted size of the configuration, decompressed, in bytes.
        invalid: returns the error for a cause and, optionally, what is accepted.
        check: raises the error for a configuration with other classes than the accepted ones.
        needed: members that the archive must have.

    Raises:
        FerBenchError: as ``read_config``.
    """
    try:
        with open_regular(path) as opened, zipfile.ZipFile(opened) as archive:
            members = {member.filename: member for member in archive.infolist()}
            _check_members(members, invalid)
            if not members.keys() >= set(needed):
                raise invalid("has no network and weights", f"an archive with {', '.join(needed)}")
            with archive.open(CONFIG) as file:
                text = file.read(most + 1)
            if len(text) > most:
                raise invalid(f"has a {CONFIG} that is too large", f"{most:,} bytes or less")
        config = json.loads(text)
        check(config, invalid)
        _check_layers(config, invalid)
    except RecursionError:
        raise invalid("is nested too deeply") from None
    except _UNREADABLE as error:
        raise invalid(f"is not a readable .keras file: {cause_of(error)}") from error
    return dict(config)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all parts of a configuration that name a class, outermost first."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from objects(part)


def config_digest(config: dict[str, Any]) -> str:
    """Return the SHA-256 of a network's configuration, without that of its training."""
    text = json.dumps(config["config"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def input_shape(path: Path, config: dict[str, Any]) -> tuple[int | None, ...]:
    """Return the shape of the network's input, including the batch axis.

    Raises:
        FerBenchError: there are several inputs, or none with a declared shape.
    """
    own = config["config"]
    try:
        layers = own["layers"]
        if config["class_name"] == "Sequential":
            first = layers[0]["config"]
            shape = first.get("batch_shape") or own.get("build_input_shape")
        else:
            inputs = own["input_layers"]
            # A single input is [name, 0, 0]; several are a list of these, or a dictionary.
            if isinstance(inputs, list) and len(inputs) == 1:
                inputs = inputs[0]
            if not (isinstance(inputs, list) and isinstance(inputs[0], str)):
                raise _invalid(path, f"has {len(inputs)} inputs", "one input: images")
            (first,) = (layer["config"] for layer in layers if layer["name"] == inputs[0])
            shape = first["batch_shape"]
        return tuple(None if length is None else int(length) for length in shape)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise _invalid(path, "does not state the shape of its input", "a built network") from error


def scaling_layer(config: dict[str, Any]) -> str | None:
    """Return the name of the layer that scales the pixels, None if the first layers do not."""
    for part in _layers(config):
        kind = part["class_name"]
        is_operation = "keras.src.ops" in str(part.get("module"))
        if kind in _SCALING or (is_operation and kind in _ARITHMETIC):
            return str(part.get("name") or part["config"].get("name") or kind)
        if kind not in _BEFORE_SCALING and not kind.startswith("Random"):
            return None
    return None


def is_classifier_by_loss(config: dict[str, Any]) -> bool:
    """Return True if the network was trained with a cross-entropy, as classifiers are."""
    return "crossentropy" in json.dumps(config.get("compile_config") or {}).lower()


def has_adapted_statistics(config: dict[str, Any]) -> bool:
    """Return True if a ``Normalization`` has its statistics in the weights."""
    return any(
        part["class_name"] == "Normalization" and part["config"].get("mean") is None
        for part in objects(config["config"])
        if isinstance(part.get("config"), dict)
    )


def _layers(config: Any) -> Any:
    """Yield the layers of a network and of those nested in it, in order."""
    for part in config["config"].get("layers", ()):
        if isinstance(part.get("config"), dict) and "layers" in part["config"]:
            yield from _layers(part)
        else:
            yield part


def _check_members(members: dict[str, zipfile.ZipInfo], invalid: Invalid) -> None:
    for name, member in members.items():
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in name:
            raise invalid(f"contains the path {shown(name)}", "paths inside the archive")
        if member.compress_type not in _METHODS:
            raise invalid(f"has a {shown(name)} that is neither stored nor deflated")
    size = sum(member.file_size for member in members.values())
    if size > MOST_BYTES:
        raise invalid(f"has {bytes_shown(size)} of content", bytes_shown(MOST_BYTES))


def _check_classes(config: Any, invalid: Invalid) -> None:
    if not isinstance(config, dict) or config.get("class_name") not in ("Functional", "Sequential"):
        kind = config.get("class_name") if isinstance(config, dict) else config
        raise invalid(f"contains {shown(kind)}", "a functional keras.Model or a keras.Sequential")
    for part in objects({**config, "compile_config": None}):
        name, module = part["class_name"], part.get("module")
        registered = part.get("registered_name")
        is_keras = module is None or (
            isinstance(module, str) and (module == "keras" or module.startswith("keras."))
        )
        is_own = isinstance(name, str) and name in OWN_LAYERS and registered == f"{_OWN}{name}"
        if (
            not isinstance(name, str)
            or name in _REFUSED
            or not (is_own or (is_keras and registered in (None, name)))
        ):
            raise invalid(
                f"contains {shown(name)} of {shown(module)}, registered as {shown(registered)}, "
                "whose code is not run",
                "Keras' own layers, without Lambda",
            )


def _check_layers(network: dict[str, Any], invalid: Invalid) -> None:
    """Check that the layers of a network and of those nested in it are objects."""
    layers = network["config"].get("layers", []) if isinstance(network["config"], dict) else None
    if not isinstance(layers, list):
        raise invalid("has no list of layers")
    for layer in layers:
        if not (
            isinstance(layer, dict)
            and isinstance(layer.get("class_name"), str)
            and isinstance(layer.get("config"), dict)
        ):
            raise invalid(
                f"contains the layer {shown(layer)}", "layers with a class_name and a config"
            )
        _check_layers(layer, invalid)


def _invalid(path: Path, cause: str, accepted: str = "") -> FerBenchError:
    return FerBenchError(
        f"saved network {cause}",
        accepted,
        "save the network with model.save(PATH), or register it with fer_bench.register_backbone",
        path=path,
    )
