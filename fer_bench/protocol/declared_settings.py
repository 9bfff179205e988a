"""Settings as dataclass fields, whose metadata have the origin of the value and the reason."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field
from typing import Any, Literal

from fer_bench.runtime.errors import FerBenchError

Origin = Literal["stated", "chosen", "changed"]


def stated(default: Any, where: str, **more: Any) -> Any:
    """Declare a setting whose default the paper states, as ``chosen``."""
    return field(default=default, metadata={"origin": "stated", "why": where, **more})


def chosen(default: Any, why: str, **more: Any) -> Any:
    """Declare a setting that the paper does not mention.

    ``more`` may contain what ``check_settings`` needs: ``accepted``, a tuple of all values;
    ``least``, the smallest value; and ``option``, if that is not the name.
    """
    return field(default=default, metadata={"origin": "chosen", "why": why, **more})


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


def option_name(item: dataclasses.Field[Any]) -> str:
    """Return the name of a setting's option, without leading dashes."""
    return str(item.metadata.get("option", item.name.replace("_", "-")))


def check_settings(declared: Any) -> None:
    """Check the settings that are declared with all their values or with the smallest one.

    Raises:
        FerBenchError: a value is none of them.
    """
    for item in dataclasses.fields(declared):
        name, value = item.name.replace("_", " "), getattr(declared, item.name)
        accepted, least = item.metadata.get("accepted"), item.metadata.get("least")
        if accepted and value not in accepted:
            near = difflib.get_close_matches(str(value), accepted, 1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"choose one with --{option_name(item)}"
            )
            raise FerBenchError(f"{name} {value!r} is unknown", ", ".join(accepted), hint)
        if least is not None and value < least:
            raise FerBenchError(f"{name} {value} is too small", f"{least} or more")


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
