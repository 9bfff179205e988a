"""Names of images in reports of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 48
"""Maximum length of a place in characters; longer ones keep their end, the most specific part."""


def shortened(place: str) -> str:
    """Return the source of an image on one sanitised line, truncated at its front."""
    text = clean(place)
    return text if len(text) <= _LONGEST else f"\N{HORIZONTAL ELLIPSIS}{text[1 - _LONGEST :]}"


def named(rows: Sequence[int], places: Sequence[str] | None) -> list[str]:
    """Return the rows as text, with the source of each image if it is known."""
    if places is None:
        return [str(row) for row in rows]
    return [f"{row} ({shortened(places[row])})" for row in rows]
