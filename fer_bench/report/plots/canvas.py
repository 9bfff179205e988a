"""Shared drawing primitives: a sheet measured in points, with plots and keys placed on it.

A sheet is a single matplotlib ``Axes`` that covers the complete drawing. Plots are laid out on it
by hand, for speed: several native ``Axes``, with a text and three lines for each tick, take twice
as long as everything else together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fer_bench.report.plots.labels import ems
from fer_bench.report.plots.palette import GRID, INK, PAPER, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

WIDTH = 518.0
"""Width of every figure, in points."""
SMALL = 7.5
"""Font size of labels next to points and lines."""

INIT_LINES = {"pretrained": "-", "random": (0, (4, 2))}
"""Line styles by init, as in the paper: pretrained solid, random dashed."""
INIT_FILLINGS = {"pretrained": None, "random": PAPER}
"""Marker fills by init: pretrained filled (None: the colour of the line), random hollow."""

_MARKERS = "os^Dv<>P"
"""Markers that distinguish backbones in addition to their colours."""

_STEPS = (1, 2, 2.5, 5, 10)
_LEAST_FACTOR = 1.6
"""Minimum margin factor of a logarithmic axis. Its square exceeds the ratio of any step to the next
but one, so that each axis holds at least two ticks."""
_LOG_STEPS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
KEY_ROW = 13.0


def sheet(height: float) -> tuple[Drawing, Axes]:
    """Return a drawing of ``WIDTH`` by ``height`` and its axes, in points from the upper left."""
    drawing = Drawing(figsize=(WIDTH / 72, height / 72), dpi=72)
    board = drawing.add_axes((0, 0, 1, 1))
    board.set_autoscale_on(False)
    board.set_xlim(0, WIDTH)
    board.set_ylim(height, 0)
    board.set_axis_off()
    return drawing, board


@dataclass(frozen=True)
class Scale:
    """Linear or logarithmic axis from ``low`` to ``high``."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, values: ArrayLike, share: float = 0.05, least: float = 0.01) -> Scale:
        """Return a scale for the values with a margin on each side.

        The margin is a ``share`` of their range, and at least ``least``.
        """
        low, high = float(np.min(values)), float(np.max(values))
        room = max(share * (high - low), least)
        return cls(low - room, high + room)

    @classmethod
    def log_around(cls, values: ArrayLike, share: float = 0.06) -> Scale:
        """Return a logarithmic scale for positive values, long enough for ticks."""
        low, high = float(np.min(values)), float(np.max(values))
        room = max((high / low) ** share, _LEAST_FACTOR)
        return cls(low / room, high * room, log=True)

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the relative positions of values: 0 at the low end of the axis, 1 at the high."""
        numbers = np.asarray(values, np.float64)
        if self.log:
            return np.log(numbers / self.low) / math.log(self.high / self.low)
        return (numbers - self.low) / (self.high - self.low)

    def ticks(self, most: int = 6, *, whole: bool = False) -> list[tuple[float, str]]:
        """Return about ``most`` round numbers on the axis, integers if ``whole``, with labels."""
        if self.log:
            return [(place, amount(place)) for place in log_places(self.low, self.high, most)]
        locator = MaxNLocator(most, steps=_STEPS, integer=whole, min_n_ticks=2)
        found = [float(value) for value in locator.tick_values(self.low, self.high)]
        inside = [value for value in found if self.low <= value <= self.high]
        step = found[1] - found[0]
        decimals = next(n for n in range(13) if n == 12 or abs(round(step, n) - step) < step / 1e6)
        return [(value, f"{value:.{decimals}f}") for value in inside]


@dataclass(frozen=True)
class Plot:
    """Plot area on a sheet, with two scales.

    Attributes:
        board: axes of the sheet.
        left: distance from the left side of the sheet, in points.
        top: distance from the upper side of the sheet, in points.
        width: in points.
        height: in points.
        x: horizontal scale.
        y: vertical scale, upwards.
    """

    board: Axes
    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale

    @property
    def bottom(self) -> float:
        """Distance of the lower side from the upper side of the sheet, in points."""
        return self.top + self.height

    def across(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the sheet coordinates of values of the horizontal scale."""
        return self.left + self.width * self.x.share(values)

    def up(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the sheet coordinates of values of the vertical scale."""
        return self.bottom - self.height * self.y.share(values)

    def frame(
        self, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]]
    ) -> None:
        """Draw the grid, the left and lower sides, and the tick labels."""
        right = self.left + self.width
        across = self.across([value for value, _ in x_ticks])
        up = self.up([value for value, _ in y_ticks])
        grid = [((x, self.top), (x, self.bottom)) for x in across]
        grid += [((self.left, y), (right, y)) for y in up]
        sides = [((self.left, self.top), (self.left, self.bottom), (right, self.bottom))]
        add = self.board.add_artist
        add(LineCollection(grid, colors=GRID, linewidths=0.6, zorder=0.5, clip_on=False))
        add(LineCollection(sides, colors=SOFT, linewidths=0.8, zorder=0.6, clip_on=False))
        for x, (_, words) in zip(across, x_ticks, strict=True):
            self.board.text(x, self.bottom + 11, words, fontsize=8, ha="center")
        for y, (_, words) in zip(up, y_ticks, strict=True):
            self.board.text(self.left - 5, y + 3, words, fontsize=8, ha="right")

    def heading(self, words: str) -> None:
        """Write the label of the vertical axis above the upper left corner."""
        self.board.text(self.left, self.top - 7, words, fontsize=9)

    def footing(self, words: str) -> None:
        """Write the label of the horizontal axis below it."""
        self.board.text(self.left + self.width / 2, self.bottom + 24, words, ha="center")

    def line(self, xs: ArrayLike, ys: ArrayLike, **look: Any) -> None:
        """Draw a line or markers; ``look`` holds properties of ``Line2D``."""
        self.board.add_artist(Line2D(self.across(xs), self.up(ys), clip_on=False, **look))

    def leader(self, points: Sequence[tuple[float, float]]) -> None:
        """Draw a leader, in sheet coordinates, from the end of a line to its name."""
        self.board.add_artist(
            LineCollection([points], colors=SOFT, linewidths=0.5, alpha=0.7, clip_on=False)
        )

    def key_mark(self, at: tuple[float, float], look: dict[str, Any]) -> None:
        """Draw the marker of a line at a position on the sheet."""
        self.board.add_artist(Line2D([at[0]], [at[1]], clip_on=False, **look))

    def band(self, xs: ArrayLike, lows: ArrayLike, highs: ArrayLike, colour: str, gid: str) -> None:
        """Fill the area between two lines."""
        across = self.across(xs)
        there = np.column_stack([across, self.up(lows)])
        back = np.column_stack([across, self.up(highs)])[::-1]
        outline = np.concatenate([there, back])
        self.board.add_artist(
            PolyCollection(
                [outline], facecolors=colour, alpha=0.18, linewidths=0, gid=gid, clip_on=False
            )
        )


def cell_look(place: int, init: str) -> dict[str, Any]:
    """Return the ``Line2D`` properties for the line of a backbone and init.

    Args:
        place: index of the backbone in the figure, from 0; selects the colour and the marker.
        init: ``"pretrained"`` or ``"random"``; selects the line style and the marker fill.
    """
    colour = SERIES[place % len(SERIES)]
    return {
        "color": colour,
        "linestyle": INIT_LINES[init],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 3.8,
        "markerfacecolor": INIT_FILLINGS[init] or colour,
    }


def spread(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Move positions apart to a minimum distance, as little as possible, keeping their order.

    Args:
        places: positions, in any order.
        least: minimum distance between neighbours.
        low: lower limit of all positions.
        high: upper limit; there must be room for all of them.

    Returns:
        The new position of each, from ``low`` to ``high``.
    """

    def start(run: Sequence[float]) -> float:
        return min(max(sum(run) / len(run), low), high - least * (len(run) - 1))

    order = sorted(range(len(places)), key=lambda index: places[index])
    # Blocks of touching neighbours; each holds the start positions that its members prefer.
    runs: list[list[float]] = []
    for index in order:
        runs.append([places[index]])
        while len(runs) > 1 and start(runs[-2]) + least * len(runs[-2]) > start(runs[-1]):
            last, before = runs.pop(), runs[-1]
            step = least * len(before)
            before += [one - step for one in last]
    made = [start(run) + least * number for run in runs for number in range(len(run))]
    moved = [0.0] * len(places)
    for index, place in zip(order, made, strict=True):
        moved[index] = place
    return moved


def key_height(entries: int, columns: int) -> float:
    """Return the height of a key with so many entries, in points."""
    return KEY_ROW * math.ceil(entries / columns)


def key(
    board: Axes, top: float, entries: Sequence[tuple[str, dict[str, Any]]], columns: int
) -> None:
    """Draw a key of lines and markers, column by column.

    Args:
        board: axes of the sheet.
        top: upper edge of the key, in points.
        entries: label and ``Line2D`` properties of each entry.
        columns: maximum number of columns.
    """
    rows = math.ceil(len(entries) / columns)
    blocks = [entries[start : start + rows] for start in range(0, len(entries), rows)]
    widths = [48 + 8 * max(ems(words) for words, _ in block) for block in blocks]
    left = (WIDTH - sum(widths)) / 2
    for block, width in zip(blocks, widths, strict=True):
        for row, (words, look) in enumerate(block):
            y = top + KEY_ROW * (row + 0.5)
            line: dict[str, Any] = {"color": INK, "linewidth": 1.4, **look}
            ends = [left + 13] if line.get("linestyle") == "none" else [left, left + 13, left + 26]
            # A single marker, in the middle.
            line["markevery"] = slice(len(ends) // 2, None, 2)
            board.add_artist(Line2D(ends, [y] * len(ends), clip_on=False, **line))
            board.text(left + 32, y + 3, words, fontsize=8)
        left += width


def log_places(low: float, high: float, most: int) -> list[float]:
    """Return powers of ten between two numbers, with multiples of them if there is room.

    Args:
        low: above 0.
        high: above ``low``.
        most: maximum number of places.
    """
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
