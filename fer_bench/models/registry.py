"""Registry of the backbones by name."""

from __future__ import annotations

import dataclasses
import difflib
import re

from fer_bench.models import deepface_networks, dlib_networks, keras_applications
from fer_bench.models.backbone import Backbone
from fer_bench.models.built_in import BUILT_IN, PAPER
from fer_bench.models.network_files import by_path
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.function_equality import same_definition
from fer_bench.runtime.plugins import Plugin, plugins

GROUP = "fer_bench.backbones"
"""Group of the entry points by which other packages offer backbones."""

FAMILIES = (keras_applications.FAMILY, deepface_networks.FAMILY, dlib_networks.FAMILY)
"""Libraries whose backbones are found by their names without being registered."""

_registered: dict[str, Backbone] = {backbone.name: backbone for backbone in BUILT_IN}


def register(backbone: Backbone) -> None:
    """Add a backbone to the registry.

    Registering the same backbone again replaces the entry; this happens if a ``conftest.py`` is
    loaded twice in one process.

    Raises:
        FerBenchError: this is not a ``Backbone``, or a different one is registered under its name.
    """
    if not isinstance(backbone, Backbone):
        raise FerBenchError(f"{shown(backbone)} is not a backbone", "a fer_bench.Backbone")
    known = _registered.get(backbone.name) or _found(backbone.name) or backbone
    if dataclasses.replace(known, builder=backbone.builder) != backbone or (
        not same_definition(known.builder, backbone.builder)
    ):
        raise FerBenchError(
            f"another backbone is already registered as {backbone.name!r}",
            hint="choose another name",
        )
    _registered[backbone.name] = backbone


def names() -> tuple[str, ...]:
    """Return the names of all registered backbones in registration order, then of packages'."""
    return tuple(dict.fromkeys((*_registered, *_plugins())))


def origin(backbone: Backbone) -> str:
    """Return where a backbone comes from: fer_bench, a library, a package, or a registration."""
    if backbone in BUILT_IN:
        return "fer_bench"
    if backbone.file is not None:
        return "file"
    for family in FAMILIES:
        if family.name_of(backbone) is not None:
            return family.origin
    plugin = _plugins().get(backbone.name)
    return "registered" if plugin is None else plugin.package


def adapted_names() -> tuple[str, ...]:
    """Return the names of the backbones of all libraries, as ``keras:Xception``."""
    return tuple(name for family in FAMILIES for name in family.names())


def unavailable() -> dict[str, str]:
    """Return the names of networks that cannot be built, with the reason."""
    return {
        family.prefix + name: reason
        for family in FAMILIES
        for name, reason in family.unavailable.items()
    }


def selection_name(backbone: Backbone) -> str:
    """Return the name or path to select a backbone by on the command line."""
    if backbone.file is not None:
        return str(backbone.file.path)
    own = (family.name_of(backbone) for family in FAMILIES)
    return next(filter(None, own), backbone.name)


def _found(name: str) -> Backbone | None:
    """Return the backbone of a library or file that has this name, or None."""
    finders = (*(family.find for family in FAMILIES), by_path.find)
    return next(filter(None, (find(name) for find in finders)), None)


def _plugins() -> dict[str, Plugin]:
    return plugins("backbone", GROUP)


def _load(plugin: Plugin) -> None:
    """Register the backbone of another package."""
    backbone = plugin.load()
    if not isinstance(backbone, Backbone):
        raise plugin.error(f"is {shown(backbone)}", "a fer_bench.Backbone")
    if backbone.name != plugin.entry.name:
        raise plugin.error(f"is named {backbone.name!r}", "the name of the entry point")
    register(backbone)


def get(name: str) -> Backbone:
    """Return the registered backbone with this name, or that of a library or file.

    Raises:
        FerBenchError: the name is unknown, and the hint is the closest match; or the package that
            offers the backbone is broken.
    """
    for family in FAMILIES:
        if name.startswith(family.prefix):
            name = family.registered.get(name.removeprefix(family.prefix), name)
    if name not in _registered and (plugin := _plugins().get(name)) is not None:
        _load(plugin)
    found = _registered.get(name) or _found(name)
    if found is not None:
        return found
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    nearest = difflib.get_close_matches(plain, names(), n=1)
    raise FerBenchError(
        f"backbone {name!r} is unknown",
        ", ".join(names()),
        f"did you mean {nearest[0]!r}?" if nearest else "",
    )


def select(text: str) -> tuple[Backbone, ...]:
    """Parse ``all`` (the paper's four backbones) or a comma-separated list of names.

    A name may be a pattern of a library's names, such as ``keras:MobileNet*``, or the path of a
    ``.keras`` or ``.onnx`` file.

    Returns:
        The backbones in the order of the list.

    Raises:
        FerBenchError: a name is empty, unknown or duplicated.
    """
    words = PAPER if text.strip() == "all" else tuple(word.strip() for word in text.split(","))
    entries: dict[str, Backbone] = {}
    for word in filter(None, words):
        matching = [name for family in FAMILIES for name in family.matching(word)]
        for name in matching or (word,):
            entry = get(name)
            entries[entry.name] = entry
    chosen = tuple(entries.values())
    repeated = [word for word in words if words.count(word) > 1]
    if "" in words or repeated:
        problem = "a name is empty" if "" in words else f"{repeated[0]!r} is named twice"
        raise FerBenchError(
            f"backbones {text!r}: {problem}",
            f"'all', or different names separated by commas: {', '.join(names())}",
        )
    return chosen
