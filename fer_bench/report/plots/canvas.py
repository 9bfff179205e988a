"""What the drawings share: a sheet measured in points, and plots and keys on it.

A sheet is one pair of axes over a whole drawing. Plots are put on it by hand: several axes of
matplotlib's own, with a text and three lines for each tick, take twice the time of all the rest.
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
"""Of every figure, in points."""
SMALL = 7.5
"""Font size of what stands beside points and lines."""

INIT_LINES = {"pretrained": "-", "random": (0, (4, 2))}
"""The paper's: pretrained solid, random dashed."""
INIT_FILLINGS = {"pretrained": None, "random": PAPER}
"""Of markers, None for that of the line: pretrained filled, random hollow."""

_MARKERS = "os^Dv<>P"
"""One for each backbone, beside its colour."""

_STEPS = (1, 2, 2.5, 5, 10)
_LEAST_FACTOR = 1.6
"""Its square is more than any factor from a step to the next but one: each axis holds two."""
_LOG_STEPS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
KEY_ROW = 13.0


def sheet(height: float) -> tuple[Drawing, Axes]:
    """A drawing of ``WIDTH`` by ``height`` whose coordinates are points from the upper left."""
    drawing = Drawing(figsize=(WIDTH / 72, height / 72), dpi=72)
    board = drawing.add_axes((0, 0, 1, 1))
    board.set_autoscale_on(False)
    board.set_xlim(0, WIDTH)
    board.set_ylim(height, 0)
    board.set_axis_off()
    return drawing, board


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` to ``high``."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, values: ArrayLike, share: float = 0.05, least: float = 0.01) -> Scale:
        """Room for the values and a ``share`` of their range, at least ``least``, on each side."""
        low, high = float(np.min(values)), float(np.max(values))
        room = max(share * (high - low), least)
        return cls(low - room, high + room)

    @classmethod
    def log_around(cls, values: ArrayLike, share: float = 0.06) -> Scale:
        """The same on a logarithmic axis, long enough for a tick; of values above 0."""
        low, high = float(np.min(values)), float(np.max(values))
        room = max((high / low) ** share, _LEAST_FACTOR)
        return cls(low / room, high * room, log=True)

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """How far along the axis the values lie: 0 at its low end, 1 at its high one."""
        numbers = np.asarray(values, np.float64)
        if self.log:
            return np.log(numbers / self.low) / math.log(self.high / self.low)
        return (numbers - self.low) / (self.high - self.low)

    def ticks(self, most: int = 6, *, whole: bool = False) -> list[tuple[float, str]]:
        """About ``most`` round numbers on the axis, and how they are written."""
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
    """A place on a sheet with two scales.

    Attributes:
        board: the sheet.
        left: distance from its left side, in points.
        top: from its upper side.
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
        """Distance of its lower side from the upper side of the sheet."""
        return self.top + self.height

    def across(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values of the horizontal scale lie on the sheet."""
        return self.left + self.width * self.x.share(values)

    def up(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values of the vertical scale lie on the sheet."""
        return self.bottom - self.height * self.y.share(values)

    def frame(
        self, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]]
    ) -> None:
        """Grid, sides and the words of the ticks."""
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
        """Says above the upper left corner what the vertical axis shows."""
        self.board.text(self.left, self.top - 7, words, fontsize=9)

    def footing(self, words: str) -> None:
        """Says below what the horizontal axis shows."""
        self.board.text(self.left + self.width / 2, self.bottom + 24, words, ha="center")

    def line(self, xs: ArrayLike, ys: ArrayLike, **look: Any) -> None:
        """Draws a line, or markers, as ``look`` says in matplotlib's words."""
        self.board.add_artist(Line2D(self.across(xs), self.up(ys), clip_on=False, **look))

    def leader(self, points: Sequence[tuple[float, float]]) -> None:
        """Joins, in points of the sheet, the end of a line to its name."""
        self.board.add_artist(
            LineCollection([points], colors=SOFT, linewidths=0.5, alpha=0.7, clip_on=False)
        )

    def key_mark(self, at: tuple[float, float], look: dict[str, Any]) -> None:
        """A marker of a line, at points of the sheet."""
        self.board.add_artist(Line2D([at[0]], [at[1]], clip_on=False, **look))

    def band(self, xs: ArrayLike, lows: ArrayLike, highs: ArrayLike, colour: str, gid: str) -> None:
        """Fills what lies between two lines."""
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
    """How the line of a backbone and init is drawn, in matplotlib's words.

    Args:
        place: of the backbone among those of the figure, from 0: its colour and its marker.
        init: ``"pretrained"`` or ``"random"``: its line and the filling of its marker.
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
    """Moves places apart, as little as keeps their order.

    Args:
        places: any numbers.
        least: distance that each keeps from the next.
        low: where the first may be.
        high: where the last may be; there is room for all of them.

    Returns:
        As many, in the same order, from ``low`` to ``high``.
    """

    def start(run: Sequence[float]) -> float:
        return min(max(sum(run) / len(run), low), high - least * (len(run) - 1))

    order = sorted(range(len(places)), key=lambda index: places[index])
    # Runs of neighbours that touch, each with the places its members ask the first to have.
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
    """Points that a key of so many entries takes."""
    return KEY_ROW * math.ceil(entries / columns)


def key(
    board: Axes, top: float, entries: Sequence[tuple[str, dict[str, Any]]], columns: int
) -> None:
    """Explains lines and markers, column by column.

    Args:
        board: the sheet.
        top: where the key begins.
        entries: the words of each, and how its line is drawn.
        columns: entries beside each other, at most.
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
            # A marker in the middle alone.
            line["markevery"] = slice(len(ends) // 2, None, 2)
            board.add_artist(Line2D(ends, [y] * len(ends), clip_on=False, **line))
            board.text(left + 32, y + 3, words, fontsize=8)
        left += width


def log_places(low: float, high: float, most: int) -> list[float]:
    """Powers of ten between two numbers, with multiples of them while there is room.

    Args:
        low: above 0.
        high: above ``low``.
        most: about the greatest number of places.
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
    """A number of 0 or more in few characters: ``3.24 M``, ``2,230``, ``0.002``."""
    for size, prefix in ((1e9, "G"), (1e6, "M")):
        if value >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
