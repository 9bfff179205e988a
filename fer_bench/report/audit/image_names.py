"""How reports of an audit call its images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 48
"""Characters of a place; the end of a path tells most."""


def shortened(place: str) -> str:
    """Where an image lies on one line that prints, cut at its front where it is long."""
    text = clean(place)
    return text if len(text) <= _LONGEST else f"\N{HORIZONTAL ELLIPSIS}{text[1 - _LONGEST :]}"


def named(rows: Sequence[int], places: Sequence[str] | None) -> list[str]:
    """Rows as texts, with the place of each image where places are known."""
    if places is None:
        return [str(row) for row in rows]
    return [f"{row} ({shortened(places[row])})" for row in rows]
