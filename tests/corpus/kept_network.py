"""Network that is built once per process, for commands that only read its shapes."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

from fer_bench.models import registry

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mini"


def keep(_: Path) -> None:
    """Let all commands of this process share one network until ``release``."""
    registry._registered[NAME] = dataclasses.replace(_own(), builder=_network)


def release(_: Path) -> None:
    """Let each command build its network again."""
    registry._registered[NAME] = _own()


@cache
def _own() -> registry.Backbone:
    """Return the original registry entry."""
    return registry.get(NAME)


@cache
def _network() -> object:
    return _own().build()
