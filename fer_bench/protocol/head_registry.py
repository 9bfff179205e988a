"""Registry of the heads that are fitted in one step, by name."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

from fer_bench.protocol.fitted_heads import FITTED, HeadKind
from fer_bench.protocol.sweep import AXES
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.function_equality import same_definition
from fer_bench.runtime.plugins import Plugin, plugins

GROUP = "fer_bench.heads"
"""Group of the entry points by which other packages offer heads."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Form of a name, which is part of the ids of cells."""

# A setting of the protocol is named head_layers.
_TAKEN = ("linear", "mlp", "layers", *FITTED)

_registered: dict[str, HeadKind] = {}


def register_head(head: HeadKind) -> None:
    """Add a head to the registry.

    Registering the same head again replaces the entry; this happens if a ``conftest.py`` is loaded
    twice in one process.

    Raises:
        FerBenchError: this is not a valid ``HeadKind``, or its name belongs to another head.
    """
    if not isinstance(head, HeadKind):
        raise FerBenchError(f"{shown(head)} is not a head", "a fer_bench.HeadKind")
    problem, accepted = _invalid(head)
    if problem:
        raise FerBenchError(f"head {head.name!r}: {problem}", accepted)
    known = _registered.get(head.name, head)
    if (
        head.name in _TAKEN
        or dataclasses.replace(known, builder=head.builder) != head
        or not same_definition(known.builder, head.builder)
    ):
        raise FerBenchError(
            f"another head is already registered as {head.name!r}", hint="choose another name"
        )
    _registered[head.name] = head


def _invalid(head: HeadKind) -> tuple[str, str]:
    """Return what is wrong with a head and what is accepted; two empty texts if it is valid."""
    values: Any = head.values
    if not isinstance(head.name, str) or not NAME.fullmatch(head.name):
        return "its name is invalid", "lower-case letters, digits and _, a letter first"
    if not (
        isinstance(values, tuple)
        and values
        and all(isinstance(one, (int, float)) and math.isfinite(one) for one in values)
    ):
        return f"values are {shown(values)}", "a tuple of one or more numbers"
    if not callable(head.builder):
        return f"builder is {shown(head.builder)}", "a function of a value and a seed"
    for name in ("parameter", "estimator", "structure"):
        if not isinstance(getattr(head, name), str) or not getattr(head, name):
            return f"{name} is {shown(getattr(head, name))}", "a text that is not empty"
    if head.parameter in AXES:
        # In the record of a trial, it would be taken for that setting.
        return f"parameter is {head.parameter!r}", f"another name than {', '.join(AXES)}"
    return "", ""


def fitted_names() -> tuple[str, ...]:
    """Return the names of all heads that are fitted: built in, registered, then of packages."""
    return tuple(dict.fromkeys((*FITTED, *_registered, *_plugins())))


def head_kind(name: str) -> HeadKind:
    """Return the head with one of ``fitted_names``; a package is imported when it is first used.

    Raises:
        FerBenchError: the package that offers the head is broken.
        KeyError: there is no such head.
    """
    if name in FITTED:
        return FITTED[name]
    if name not in _registered and (plugin := _plugins().get(name)) is not None:
        head = plugin.load()
        if not isinstance(head, HeadKind):
            raise plugin.error(f"is {shown(head)}", "a fer_bench.HeadKind")
        if head.name != name:
            raise plugin.error(f"is named {head.name!r}", "the name of the entry point")
        register_head(head)
    return _registered[name]


def head_origin(name: str) -> str:
    """Return where a head comes from: fer_bench, a package, or a registration."""
    plugin = _plugins().get(name)
    if name in FITTED:
        return "fer_bench"
    return "registered" if plugin is None else plugin.package


def _plugins() -> dict[str, Plugin]:
    return plugins("head", GROUP)
