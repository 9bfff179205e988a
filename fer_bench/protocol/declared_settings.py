"""Settings as dataclass fields, whose metadata have the origin of the value and the reason."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["stated", "chosen", "changed"]


def stated(default: Any, where: str) -> Any:
    """Declare a setting whose default the paper states."""
    return field(default=default, metadata={"origin": "stated", "why": where})


def chosen(default: Any, why: str) -> Any:
    """Declare a setting that the paper does not mention."""
    return field(default=default, metadata={"origin": "chosen", "why": why})


def settled(origin: Origin, value: Any, why: str) -> Any:
    """Declare a setting with a fixed value, which is reported but cannot be configured."""
    return field(default=value, init=False, metadata={"origin": origin, "why": why})


@dataclass(frozen=True)
class Setting:
    """One row of the printed protocol.

    Attributes:
        name: name of the field.
        value: the value in use, as text.
        origin: ``"stated"`` by the paper, ``"chosen"`` by this project if the paper does not give
            it, or ``"changed"`` from its default by the user.
        why: the statement of the paper, or the reason for the choice.
    """

    name: str
    value: str
    origin: Origin
    why: str


def setting_rows(declared: Any) -> list[Setting]:
    """Return the settings of a dataclass with origin and reason, in order of declaration."""
    rows = []
    for item in dataclasses.fields(declared):
        if "origin" not in item.metadata:
            continue
        value = getattr(declared, item.name)
        origin: Origin = "changed" if value != item.default else item.metadata["origin"]
        why = item.metadata["why"]
        if origin == "changed":
            why = f"default {item.default} ({item.metadata['origin']}: {why})"
        rows.append(Setting(item.name, str(value), origin, why))
    return rows
