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
        "series-1": "#0072b2",
        "series-2": "#c24e00",
        "series-3": "#00805e",
        "series-4": "#aa4a86",
        "series-5": "#9a6a00",
        "series-6": "#2b86bd",
        "series-7": "#7a6cc4",
        "series-8": "#6b6b2a",
    }
)
"""Light colours by name, after Okabe and Ito ("Color Universal Design", 2008), darkened so that
each stands out from the paper. No two are equal, so that a colour names its role."""

DARK_PALETTE: Mapping[str, str] = MappingProxyType(
    {
        "ink": "#e8ebee",
        "ink-soft": "#a3adb7",
        "grid": "#3a4149",
        "paper": "#14171a",
        "series-1": "#5cb3ea",
        "series-2": "#f28a4b",
        "series-3": "#35c79c",
        "series-4": "#e294c4",
        "series-5": "#e3ab35",
        "series-6": "#9ad4f5",
        "series-7": "#b3a8f0",
        "series-8": "#cfcf7a",
    }
)
"""The same names on near-black paper."""

INK = PALETTE["ink"]
SOFT = PALETTE["ink-soft"]
GRID = PALETTE["grid"]
PAPER = PALETTE["paper"]
SERIES: tuple[str, ...] = tuple(PALETTE[f"series-{number}"] for number in range(1, 9))
