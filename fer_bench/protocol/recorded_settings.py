"""Protocol of a run, read back from the settings that its results file lists."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.sweep import Sweep
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.protocol.declared_settings import Setting


def recorded_protocol(settings: Iterable[Setting]) -> Protocol:
    """Return the protocol whose ``settings()`` these are; a missing one has its default.

    Raises:
        FerBenchError: a value is not that of a setting.
    """
    names = Protocol.option_names()
    defaults = {item.name: item.default for item in dataclasses.fields(Protocol)}
    return Protocol(
        **{
            one.name: _value(one.name, one.value, defaults[one.name])
            for one in settings
            if one.name in names
        }
    )


def _value(name: str, text: str, default: Any) -> Any:
    """Parse the text of a setting as a value of its default's type."""
    try:
        if isinstance(default, (TrainableLayers, Heads, Shots, Sweep)):
            return type(default).parse(text)
        if name in ("input_size", "early_stopping"):
            return int(text) if text.isdecimal() else text
        return type(default)(text)
    except ValueError:
        raise FerBenchError(
            f"recorded setting {name!r} is {shown(text)}",
            "a value as fer_bench writes it",
            "use an unchanged results file",
        ) from None
