"""The colours of the figures: told apart by colour-blind eyes, on white and on near-black."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PALETTE: Mapping[str, str] = MappingProxyType(
    {
        "ink": "#1b1f24",
        "ink-soft": "#59636e",
        "grid": "#d9dee3",
        "paper": "#ffffff",
        "series-1": "#015280",
        "series-2": "#ae3e03",
        "series-3": "#128562",
        "series-4": "#cf6fb0",
        "series-5": "#4e3400",
    }
)
"""Light colours by name, of the hues of Okabe and Ito ("Color Universal Design", 2008). Each has a
lightness of its own, for eyes that mix up hues and for grey print. Roles: ``series-1`` is
validation, or the one colour of a figure; ``series-2`` is training. No two are equal, so that a
colour names its role."""

DARK_PALETTE: Mapping[str, str] = MappingProxyType(
    {
        "ink": "#e8ebee",
        "ink-soft": "#a3adb7",
        "grid": "#3a4149",
        "paper": "#14171a",
        "series-1": "#17a5fa",
        "series-2": "#ea5401",
        "series-3": "#86fed0",
        "series-4": "#f095cf",
        "series-5": "#fec56e",
    }
)
"""The same names on near-black paper."""

INK = PALETTE["ink"]
SOFT = PALETTE["ink-soft"]
GRID = PALETTE["grid"]
PAPER = PALETTE["paper"]
SERIES: tuple[str, ...] = tuple(PALETTE[f"series-{number}"] for number in range(1, 6))
