"""What a structure's configuration may name.

Keras makes objects from a configuration by the names of their classes. Some of Keras' own run code
or read files that the configuration names, and older versions of Keras import any module. So what
is asked for is compared with a list of what the networks are made of before Keras sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN = "fer_bench>"

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
    "fer_bench.backbones.layers": frozenset(
        {"L2Normalization", "LocalResponseNormalization", "Square", "SquareRoot"}
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
        own = module == "fer_bench.backbones.layers"
        names = (f"{_OWN}{name}",) if own else (None, name)
        accepted = ACCEPTED.get(module, frozenset()) if isinstance(module, str) else frozenset()
        if not isinstance(name, str) or name not in accepted or registered not in names:
            raise ValueError(
                f"it asks for {name!r} of {module!r}, registered as {registered!r}; accepted are "
                "the layers of Keras and fer_bench that the face networks are made of"
            )


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
