"""Axes, scales, ticks and keys that the figures share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from fer_bench.report.plots.figure import WIDTH
from fer_bench.report.plots.palette import GRID, INK, PAPER, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Drawing

    Look = dict[str, Any]
    """Properties of ``Line2D``."""

SMALL = 7.5
"""Font size of labels next to points and lines."""
LINE_STYLES = {"pretrained": "-", "random": (0, (4, 2))}
"""Line styles by init, as in the paper: pretrained solid, random dashed."""
FILLS = {"pretrained": None, "random": PAPER}
"""Marker fills by init: pretrained filled (None: the colour of the line), random hollow."""

WIDE = 8.0
"""Ratio of the largest to the smallest value above which an axis is logarithmic."""
GUIDE: Look = {"color": SOFT, "linestyle": ":", "linewidth": 1.1}
"""Look of a line that marks a value for comparison."""
RING: Look = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 9.5,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "markeredgewidth": 0.9,
}
"""Look of a ring around a point."""

_MARKERS = "os^Dv<>P"
"""Markers that distinguish backbones in addition to their colours."""
_KEY_ROW = 13.0
_LEAST_FACTOR = 1.6
"""Minimum margin factor of a logarithmic axis. Its square exceeds the ratio of any step to the next
but one, so that each axis holds at least two ticks."""
_LOG_STEPS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))


def add_axes(
    drawing: Drawing,
    count: int,
    columns: int,
    height: float,
    *,
    left: float = 38,
    right: float = 8,
    top: float = 22,
    bottom: float = 36,
    gap: tuple[float, float] = (54, 48),
    keys: Sequence[tuple[str, Look]] = (),
    key_columns: int = 4,
) -> list[Axes]:
    """Fill a drawing with axes of equal size, and set its height.

    Lengths are in points: a layout that measures texts takes longer than drawing them.

    Args:
        drawing: the empty drawing.
        count: number of axes.
        columns: maximum number of axes in a row.
        height: height of the axes.
        left: margin for the tick labels of the first column.
        right: margin.
        top: margin for the titles of the first row.
        bottom: margin for tick labels and axis label of the last row.
        gap: horizontal and vertical distance between axes.
        keys: labels and looks of the entries of a key below the axes.
        key_columns: maximum number of columns of the key.

    Returns:
        The axes, row by row.
    """
    rows = math.ceil(count / columns)
    bottom += _KEY_ROW * math.ceil(len(keys) / key_columns)
    total = top + rows * height + (rows - 1) * gap[1] + bottom
    width = (WIDTH - left - right - (columns - 1) * gap[0]) / columns
    drawing.set_size_inches(WIDTH / 72, total / 72)
    made = []
    for index in range(count):
        row, column = divmod(index, columns)
        x = left + column * (width + gap[0])
        y = total - top - height - row * (height + gap[1])
        made.append(drawing.add_axes((x / WIDTH, y / total, width / WIDTH, height / total)))
    if keys:
        handles = [
            made[0].plot([], [], label=words, **{"color": INK, "linewidth": 1.4, **look})[0]
            for words, look in keys
        ]
        columns = min(key_columns, len(keys))
        drawing.legend(handles=handles, loc="lower center", ncols=columns, columnspacing=2)
    return made


def set_scale(
    axes: Axes,
    which: Literal["x", "y"],
    values: Iterable[float],
    *,
    log: bool = False,
    share: float = 0.05,
    least: float = 0.01,
    most: int = 6,
) -> None:
    """Set the limits of an axis around values, and the ticks if it is logarithmic.

    Args:
        axes: axes with the axis.
        which: ``"x"`` or ``"y"``.
        values: positive if the axis is logarithmic.
        log: True for a logarithmic axis.
        share: margin on each side as a share of the range of the values.
        least: minimum margin of a linear axis.
        most: maximum number of ticks.
    """
    known = list(values)
    low, high = min(known), max(known)
    if not log:
        room = max(share * (high - low), least)
        axes.set(**{f"{which}lim": (low - room, high + room)})
        axes.locator_params(which, nbins=most)
        return
    room = max((high / low) ** share, _LEAST_FACTOR)
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low / room, high * room)})
    places = log_places(low / room, high * room, most)
    axis = axes.xaxis if which == "x" else axes.yaxis
    set_ticks(axis, places, [amount(place) for place in places])


def draw_line(axes: Axes, points: Iterable[tuple[float, float]], gid: str, **look: Any) -> None:
    """Draw points as a line that may touch the limits of the axes; ``gid`` becomes its SVG id."""
    axes.plot(*zip(*points, strict=True), gid=gid, clip_on=False, **look)


def is_wide(values: Sequence[float]) -> bool:
    """Check if positive values range too widely for a linear axis."""
    return max(values) > WIDE * min(values) > 0


def set_ticks(axis: Axis, places: Sequence[float], words: Sequence[str] = ()) -> None:
    """Set the ticks of an axis and their labels, if any."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter(words))


def draw_ticks(axes: Axes) -> None:
    """Draw the grid, tick labels and axis labels, and hide matplotlib's own.

    Those are three lines and two texts for each tick, and take twice as long as everything else.
    """
    from matplotlib.collections import LineCollection

    width, height = (72 * length / axes.figure.dpi for length in axes.bbox.size)
    for axis in (axes.xaxis, axes.yaxis):
        across = axis is axes.xaxis
        transform = axes.get_xaxis_transform() if across else axes.get_yaxis_transform()
        low, high = sorted(axis.get_view_interval())
        places = [place for place in axis.get_majorticklocs() if low <= place <= high]
        lines = [[(one, 0), (one, 1)] if across else [(0, one), (1, one)] for one in places]
        grid = LineCollection(lines, transform=transform, colors=GRID, linewidths=0.6, zorder=0.5)
        axes.add_collection(grid, autolim=False)
        look: Look = {"ha": "center"} if across else {"ha": "right", "va": "center"}
        texts = axis.get_major_formatter().format_ticks(places)
        for place, words in zip(places, texts, strict=True):
            if words:
                x, y = (place, -11 / height) if across else (-5 / width, place)
                axes.text(x, y, words, fontsize=8, transform=transform, **look)
        if label := axis.label.get_text():
            x, y = (0.5, -25 / height) if across else (-26 / width, 0.5)
            look = {"ha": "center"} if across else {"ha": "center", "va": "center", "rotation": 90}
            axes.text(x, y, label, transform=axes.transAxes, **look)
        axis.set_visible(False)


def cell_look(place: int, init: str) -> Look:
    """Return the look of the line of a backbone, given by its index in the figure, and an init."""
    colour = SERIES[place % len(SERIES)]
    return {
        "color": colour,
        "linestyle": LINE_STYLES[init],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 3.8,
        "markerfacecolor": FILLS[init] or colour,
    }


def log_places(low: float, high: float, most: int) -> list[float]:
    """Return powers of ten between two positive numbers, with multiples if there is room."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside: list[float] = []
    for steps in _LOG_STEPS:
        places = [step * 10.0**power for power in powers for step in steps]
        inside = [place for place in places if low <= place <= high]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]


def amount(value: float) -> str:
    """Format a non-negative number in few characters: ``3.24 M``, ``2,230``, ``0.002``."""
    for size, prefix in ((1e9, "G"), (1e6, "M")):
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
