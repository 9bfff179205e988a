"""A network that is built once in a process, for commands that only read its shapes."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

from fer_bench.models import registry

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mini"


def keep(_: Path) -> None:
    """Gives the same network to all commands of this process until ``release``."""
    registry._registered[NAME] = dataclasses.replace(_own(), builder=_network)


def release(_: Path) -> None:
    """Lets each command build its network again."""
    registry._registered[NAME] = _own()


@cache
def _own() -> registry.Backbone:
    """The registered entry, as it was before."""
    return registry.get(NAME)


@cache
def _network() -> object:
    return _own().build()
