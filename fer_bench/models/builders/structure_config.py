"""Allow-list of classes in a structure's configuration, and renaming of its layers.

Keras creates objects from a configuration by class name. Some of Keras' own classes run code or
read files named in the configuration, and older versions of Keras import arbitrary modules. So a
configuration is checked against the classes that the networks need before Keras reads it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fer_bench.models.weights.matching import snake_case
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN = "fer_bench>"

_OWN_MODULES = ("fer_bench.models.builders.layers", "fer_bench.backbones.layers")
"""Modules of this package's layers: the current one, and that in structures of older versions."""

ACCEPTED: dict[str, frozenset[str]] = {
    "keras": frozenset({"DTypePolicy", "Functional", "InputLayer"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.initializers": frozenset(
        {"Constant", "GlorotNormal", "GlorotUniform", "Ones", "VarianceScaling", "Zeros"}
    ),
    "keras.layers": frozenset(
        {
            "Activation",
            "Add",
            "AveragePooling2D",
            "BatchNormalization",
            "Concatenate",
            "Conv2D",
            "Dense",
            "DepthwiseConv2D",
            "Dropout",
            "Flatten",
            "GlobalAveragePooling2D",
            "InputLayer",
            "MaxPooling2D",
            "Multiply",
            "PReLU",
            "Rescaling",
            "Reshape",
            "ZeroPadding2D",
        }
    ),
    **dict.fromkeys(
        _OWN_MODULES,
        frozenset({"L2Normalization", "LocalResponseNormalization", "Square", "SquareRoot"}),
    ),
}
"""Accepted classes by module; none runs code or reads files named in its configuration."""

_TENSOR = "__keras_tensor__"
"""Class name of Keras' references to input tensors: plain data without a module."""


def class_names(config: Any) -> set[str]:
    """Return the names of all classes in a configuration."""
    return {str(part["class_name"]) for part in objects(config)}


def unaccepted_class(config: dict[str, Any]) -> str | None:
    """Return a description of the first class that is not in ``ACCEPTED``, or None.

    Args:
        config: content of ``config.json`` in a ``.keras`` file.

    Raises:
        RecursionError: the configuration is nested too deeply.
    """
    for part in objects(config):
        name, module = part["class_name"], part.get("module")
        registered = part.get("registered_name")
        if name == _TENSOR and module is None and registered is None:
            continue
        own = module in _OWN_MODULES
        names = (f"{_OWN}{name}",) if own else (None, name)
        accepted = ACCEPTED.get(module, frozenset()) if isinstance(module, str) else frozenset()
        if not isinstance(name, str) or name not in accepted or registered not in names:
            return f"{shown(name)} of {shown(module)}, registered as {shown(registered)}"
    return None


def with_fresh_names(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with new names for the automatically named layers.

    Otherwise a layer that was named ``flatten`` when the configuration was written would clash with
    the next layer that Keras names so in this process.

    Args:
        config: configuration of a functional model.

    Raises:
        KeyError, TypeError: it is not one.
    """
    import keras

    fresh: dict[Any, str] = {}
    for layer in config["config"]["layers"]:
        kind = snake_case(layer["class_name"])
        if re.fullmatch(rf"{kind}(_\d+)?", layer["name"]):
            number = keras.backend.get_uid(kind) - 1
            fresh[layer["name"]] = f"{kind}_{number}" if number else kind
    renamed: dict[str, Any] = _renamed(config, fresh)
    return renamed


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


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all parts of a configuration that name a class, outermost first."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for part in value.values():
            yield from objects(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from objects(part)
