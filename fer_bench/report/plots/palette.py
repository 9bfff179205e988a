"""Colour-blind-safe colours of the figures, on white and on near-black."""

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
"""Colours of the light theme by name, with the hues of Okabe and Ito ("Color Universal Design",
2008). The series differ in lightness too, for colour-blind readers and greyscale print. Roles:
``series-1`` is validation, or the only colour of a figure; ``series-2`` is training. All values are
distinct, because ``themed`` maps a colour back to its name."""

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
"""Colours of the dark theme, on near-black, under the same names."""

INK = PALETTE["ink"]
SOFT = PALETTE["ink-soft"]
GRID = PALETTE["grid"]
PAPER = PALETTE["paper"]
SERIES: tuple[str, ...] = tuple(PALETTE[f"series-{number}"] for number in range(1, 6))
