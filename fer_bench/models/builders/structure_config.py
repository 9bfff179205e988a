"""What a structure's configuration may ask for, and how its layers are called.

Keras makes objects from a configuration by the names of their classes. Some of Keras' own run code
or read files that the configuration names, and older versions of Keras import any module. So what
is asked for is compared with a list of what the networks are made of before Keras sees it.
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
"""Modules of this package's layers: now, and in structures that earlier versions exported."""

ACCEPTED: dict[str, frozenset[str]] = {
    "keras": frozenset({"DTypePolicy", "Functional", "InputLayer"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.initializers": frozenset({"GlorotUniform", "Ones", "Zeros"}),
    "keras.layers": frozenset(
        {
            "Activation",
            "AveragePooling2D",
            "BatchNormalization",
            "Concatenate",
            "Conv2D",
            "Dense",
            "Dropout",
            "Flatten",
            "InputLayer",
            "MaxPooling2D",
            "Rescaling",
            "ZeroPadding2D",
        }
    ),
    **dict.fromkeys(
        _OWN_MODULES,
        frozenset({"L2Normalization", "LocalResponseNormalization", "Square", "SquareRoot"}),
    ),
}
"""Classes by module. None of them runs code or reads a file that its configuration names."""

_TENSOR = "__keras_tensor__"
"""How Keras writes down which tensor goes into a layer: plain data, of no module."""


def kinds(config: Any) -> set[str]:
    """Names of all classes that a configuration asks for."""
    return {str(asked["class_name"]) for asked in _asked(config)}


def refuse_foreign(config: dict[str, Any]) -> None:
    """Raises where a configuration asks for anything but the known layers.

    Args:
        config: as in a ``.keras`` file's ``config.json``.

    Raises:
        ValueError: it does; the text names what it asks for and what is accepted.
        RecursionError: it is nested too deeply.
    """
    for asked in _asked(config):
        name, module = asked["class_name"], asked.get("module")
        registered = asked.get("registered_name")
        if name == _TENSOR and module is None and registered is None:
            continue
        own = module in _OWN_MODULES
        names = (f"{_OWN}{name}",) if own else (None, name)
        accepted = ACCEPTED.get(module, frozenset()) if isinstance(module, str) else frozenset()
        if not isinstance(name, str) or name not in accepted or registered not in names:
            raise ValueError(
                f"it asks for {shown(name)} of {shown(module)}, registered as "
                f"{shown(registered)}; accepted: the layers of Keras and "
                "fer_bench that the face networks are made of"
            )


def with_fresh_names(config: dict[str, Any]) -> dict[str, Any]:
    """The same configuration, with new names for the layers that were never given one.

    A layer called ``flatten`` by the Keras that wrote the configuration would clash with the one
    that this Keras calls so next.

    Args:
        config: of a functional model.

    Raises:
        KeyError, TypeError: it is none.
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
    """Names stand under ``name``, and first in the list that tells a tensor: name, node, number."""
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


def _asked(value: Any) -> Iterator[dict[str, Any]]:
    """Every part of a configuration that names a class, the outermost first."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for part in value.values():
            yield from _asked(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _asked(part)
