"""SVG of a figure for embedding in a page that sets the colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fer_bench.report.plots.palette import PALETTE

if TYPE_CHECKING:
    from fer_bench.report.plots.figure import Figure

_TAG = re.compile(r"<[a-z][^>]*>")
_SIZE = re.compile(r' (?:width|height)="[^"]*"')
_COLOUR = re.compile("|".join(map(re.escape, PALETTE.values())))
_VARIABLES = {colour: f"var(--{name})" for name, colour in PALETTE.items()}
_ID = re.compile(r'(\bid="|"#|url\(#)')


def themed(figure: Figure) -> str:
    """Return the SVG for embedding: colours are CSS variables, ids begin with the figure's key.

    The variables are named as in ``PALETTE``: ``--ink``, ``--series-1``. The root element has a
    viewBox and no size of its own; the SVG references nothing outside itself.
    """
    whole = figure.svg[figure.svg.index("<svg") :]
    root, rest = whole[: whole.index(">") + 1], whole[whole.index(">") + 1 :]
    root = _SIZE.sub("", root).replace('"title desc"', f'"{figure.key}-title {figure.key}-desc"')

    # Only inside tags: the text of a name may look like a colour or an id.
    def tag(found: re.Match[str]) -> str:
        text = _COLOUR.sub(lambda colour: _VARIABLES[colour[0]], found[0])
        return _ID.sub(rf"\g<1>{figure.key}-", text)

    return root + _TAG.sub(tag, rest)
