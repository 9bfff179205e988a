"""Figure of a report: its texts, and its drawing as SVG and PNG."""

from __future__ import annotations

import html
import io
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from fer_bench.report.plots.palette import INK, PAPER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure as Drawing

FONTS = "system-ui, sans-serif"
DPI = 110
"""Resolution of the PNG."""
_PNG = {"compress_level": 2}
"""Files are a third larger than at the highest compression, and take a quarter of the time."""

MADE_BY = "fer_bench"
"""Name of the creating software, recorded near the beginning of each file."""

_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.parse_math": False,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "figure.edgecolor": PAPER,
    "axes.facecolor": "none",
    # Hinting would take a third of the time of a PNG.
    "text.hinting": "no_hinting",
    "svg.fonttype": "none",
    "svg.hashsalt": "fer_bench",
}
_KEPT = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "timezone"})
_FAMILIES = re.compile(r"'DejaVu Sans'[^;\"]*")
_BODY = '<g id="figure_1">'
_TAG = re.compile(r"<[a-z][^>]*>")
_UNTURNED = re.compile(r' transform="rotate\(-0 [^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")


@dataclass(frozen=True)
class Figure:
    """One figure of a report.

    Attributes:
        key: stem of the file names: ``"figure-5-mobilenet"``, ``"calibration"``.
        title: one line.
        caption: conventions of the figure, and anything missing from it with the reason.
        alt: alternative text with the main numbers.
        draw: creates the drawing; called within ``style``.
    """

    key: str
    title: str
    caption: str
    alt: str
    draw: Callable[[], Drawing] = field(repr=False, compare=False)

    @cached_property
    def svg(self) -> str:
        """Complete SVG file in the light palette, with text as text elements."""
        target = io.StringIO()
        drawing = self._drawing
        with style():
            drawing.savefig(target, format="svg")
        made = target.getvalue()
        # Replace matplotlib's preamble: it holds a date, and style rules that would apply to the
        # complete page.
        body = _TAG.sub(_shorter, made[made.index(_BODY) :])
        width, height = (f"{72 * inches:g}" for inches in drawing.get_size_inches())
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
            f'data-software="{MADE_BY}" role="img" '
            'aria-labelledby="title desc" style="stroke-linejoin: round; stroke-linecap: butt">\n'
            f' <title id="title">{html.escape(self.title)}</title>\n'
            f' <desc id="desc">{html.escape(self.alt)}</desc>\n {body}'
        )

    @cached_property
    def png(self) -> bytes:
        """PNG file of the same drawing."""
        target = io.BytesIO()
        drawing = self._drawing
        with style():
            drawing.savefig(
                target, format="png", dpi=DPI, metadata={"Software": MADE_BY}, pil_kwargs=_PNG
            )
        return target.getvalue()

    @cached_property
    def _drawing(self) -> Drawing:
        with style():
            return self.draw()


@contextmanager
def style() -> Iterator[None]:
    """Apply the figures' matplotlib settings, independent of the user's own.

    Warnings about missing glyphs are suppressed: names may hold characters that matplotlib's font
    lacks, and a browser takes them from other fonts.
    """
    current: Any = mpl.rcParams
    # matplotlib validates every setting it is given, so pass only those that differ.
    settings: Any = {name: value for name, value in _settings().items() if current[name] != value}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        # Releases before 3.11 warn like this about scripts that their font lacks.
        warnings.filterwarnings(
            "ignore", r"Matplotlib currently does not support .* natively", UserWarning
        )
        yield


@cache
def _settings() -> dict[str, Any]:
    """Return all matplotlib settings that drawings depend on."""
    defaults: Any = mpl.rcParamsDefault
    return {**{name: defaults[name] for name in defaults.keys() - _KEPT}, **_STYLE}


def _shorter(tag: re.Match[str]) -> str:
    """Shorten a tag: generic fonts, two decimals, no rotation by zero."""
    return _DECIMALS.sub(r"\1", _UNTURNED.sub("", _FAMILIES.sub(FONTS, tag[0])))
