"""Figure of a report: its texts, its data, and its drawing as SVG and PNG."""

from __future__ import annotations

import html
import importlib
import io
import os
import re
import sys
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.report.plots.palette import PALETTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure as Drawing

WIDTH = 518.0
"""Width of every figure, in points."""
DPI = 110
"""Resolution of the PNG."""
MADE_BY = "fer_bench"
"""Name of the creating software, recorded near the beginning of each file."""

_PNG = {"compress_level": 2}
"""Files are a third larger than at the highest compression, and take a quarter of the time."""
_STYLE = Path(__file__).with_name("figures.mplstyle")
_KEPT = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "timezone"})

_ROOT = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'style="stroke-linejoin: round; stroke-linecap: butt"'
)
_BODY = '<g id="figure_1">'
_TAG = re.compile(r"<[a-z][^>]*>")
_VERBOSE = re.compile(r"(?<=\.\d\d)\d+| transform=\"rotate\(-0 [^\"]*\"")
_ID = re.compile(r'(\bid="|"#|url\(#)')
_COLOUR = re.compile("|".join(PALETTE.values()))
_VARIABLES = {colour: f"var(--{name})" for name, colour in PALETTE.items()}


@dataclass(frozen=True)
class Figure:
    """One figure of a report.

    Attributes:
        key: stem of the file names: ``"figure-5-mobilenet"``, ``"calibration"``.
        title: one line.
        caption: conventions of the figure, and anything missing from it with the reason.
        alt: alternative text with the main numbers.
        data: everything that is drawn, as plain values.
        draw: draws the data on an empty drawing; called within ``style``.
    """

    key: str
    title: str
    caption: str
    alt: str
    data: Any = field(repr=False, compare=False)
    draw: Callable[[Drawing, Any], None] = field(repr=False, compare=False)

    @cached_property
    def svg(self) -> str:
        """Complete SVG file in the light palette, with text as text elements."""
        width, height = self._size
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'{_ROOT} width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
            f'data-software="{MADE_BY}" role="img" aria-labelledby="title desc">\n'
            f' <title id="title">{html.escape(self.title)}</title>\n'
            f' <desc id="desc">{html.escape(self.alt)}</desc>\n {self._body}'
        )

    @cached_property
    def themed_svg(self) -> str:
        """SVG for embedding in a page, which names and describes it and sets its colours.

        The colours are CSS variables named as in ``PALETTE``: ``--ink``, ``--series-1``. Ids begin
        with the figure's key. The root has no size of its own.
        """

        def themed(tag: re.Match[str]) -> str:
            text = _COLOUR.sub(lambda colour: _VARIABLES[colour[0]], tag[0])
            return _ID.sub(rf"\g<1>{self.key}-", text)

        width, height = self._size
        root = f'{_ROOT} viewBox="0 0 {width} {height}" aria-hidden="true">\n'
        return root + _TAG.sub(themed, self._body)

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
            from matplotlib.figure import Figure as Drawing

            from fer_bench.report.plots.axes import draw_ticks

            drawing = Drawing(figsize=(WIDTH / 72, 1), dpi=72)
            self.draw(drawing, self.data)
            for axes in drawing.axes:
                draw_ticks(axes)
        return drawing

    @cached_property
    def _body(self) -> str:
        """Drawing without matplotlib's preamble, whose style rules apply to a complete page."""
        target = io.StringIO()
        drawing = self._drawing
        with style():
            drawing.savefig(target, format="svg", metadata={"Date": None})
        made = target.getvalue()
        return _TAG.sub(_compact, made[made.index(_BODY) :])

    @property
    def _size(self) -> tuple[str, str]:
        """Width and height in points."""
        width, height = (f"{72 * inches:g}" for inches in self._drawing.get_size_inches())
        return width, height


def _compact(tag: re.Match[str]) -> str:
    """Shorten a tag to two decimals, without rotation by zero, and set the reader's typeface."""
    return _VERBOSE.sub("", tag[0]).replace("'DejaVu Sans'", "system-ui, sans-serif")


@contextmanager
def style() -> Iterator[None]:
    """Apply the figures' matplotlib settings, independent of the user's own.

    Warnings about missing glyphs are suppressed: names may hold characters that matplotlib's font
    lacks, and a browser takes them from other fonts.
    """
    mpl = import_matplotlib()
    current = mpl.rcParams
    # matplotlib validates every setting that it is given, so pass only those that differ.
    settings = {name: value for name, value in _settings().items() if current[name] != value}
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
    settings = import_matplotlib().rc_params_from_file(_STYLE)
    return {name: settings[name] for name in settings.keys() - _KEPT}


def import_matplotlib() -> Any:
    """Return matplotlib, imported even if ``MPLBACKEND`` names an unavailable backend.

    A notebook passes the name of its own backend on to the commands that it starts. If that is not
    installed, a plain import fails, although figures that are written to files need no backend.
    """
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        mpl = importlib.import_module("matplotlib")
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            mpl.rcParams["backend"] = backend
    return mpl
