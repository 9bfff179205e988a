"""Trends of each network's metrics over the stored runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from fer_bench.analysis.comparison.compared_metrics import (
    ACCURACY,
    INFERENCE_MEDIAN,
    METRICS,
    TRAINING_SPEED,
    VALIDATION_ACCURACY,
)
from fer_bench.report.comparison.phrases import shown_value, unit_text, value_text
from fer_bench.report.plots.canvas import Plot, Scale, cell_look, key, key_height, sheet
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import MOST, briefly, ems, short
from fer_bench.report.plots.palette import INK
from fer_bench.report.trend_table import number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.history.archive import StoredRun
    from fer_bench.analysis.history.series import Series, Trend

_HEADLINE = (ACCURACY, VALIDATION_ACCURACY, TRAINING_SPEED, INFERENCE_MEDIAN)
"""Metrics that are drawn even if they did not change."""
_LEFTS, _WIDTH = (38.0, 302.0), 198.0
_TOP, _HEIGHT, _STEP, _FOOT = 20.0, 104.0, 152.0, 36.0
_WIDE = 8.0
"""Ratio of the largest to the smallest value above which an axis is logarithmic."""
_LEAST = 0.02
"""Minimum margin above and below, as a share of the largest value: small changes look small."""
_MARKS = 14
"""Maximum number of markers on a line."""
_NAME, _HEADING = 14.0, 18.0
"""Maximum lengths of names in the key and above a panel, in ems."""
_GAP = 6.0
"""Minimum distance between the labels of two runs below an axis, in points."""
_CIRCLE: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 8.5,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "markeredgewidth": 0.9,
}
_CROSS: dict[str, Any] = {**_CIRCLE, "marker": "x", "markersize": 6.5}


class _Panel(NamedTuple):
    """One metric of all networks."""

    metric: Metric
    of: str
    series: Sequence[Series]

    @property
    def heading(self) -> str:
        words = unit_text(self.metric)
        return f"{short(self.metric.named(self.of), _HEADING)}{f', {words}' if words else ''}"

    @property
    def values(self) -> list[float]:
        """All values, in the unit that is shown."""
        return [
            shown_value(self.metric, point.value) for one in self.series for point in one.points
        ]

    @property
    def steep(self) -> bool:
        """True if the values range too widely for a linear axis."""
        return max(self.values) > _WIDE * min(self.values) > 0

    def of_cells(self, cells: Collection[str]) -> _Panel:
        """Return the panel restricted to some of the networks."""
        return self._replace(series=[one for one in self.series if one.cell in cells])


def trend_figures(trend: Trend) -> list[Figure]:
    """Return figures of small charts, one for each metric that at least two stored runs have.

    ``trend`` shows accuracy, training speed and the median inference time; ``trend-others`` shows
    the other metrics with lasting changes. A figure with nothing to show is left out.
    """
    headline, others = [], []
    for panel in _panels(trend.series):
        if panel.metric in _HEADLINE:
            headline.append(panel)
        elif any(series.lasting for series in panel.series):
            others.append(panel)
    found = (
        ("trend", "Accuracy and speed over the stored runs", headline),
        ("trend-others", "Other metrics that changed over the stored runs", others),
    )
    return [_figure(stem, title, panels, trend) for stem, title, panels in found if panels]


def _panels(every: Iterable[Series]) -> list[_Panel]:
    """Return the panels in the order of the metrics, then of batch sizes or classes."""
    found: dict[tuple[Metric, str], list[Series]] = {}
    for series in every:
        if series.metric is not None:
            found.setdefault((series.metric, series.of), []).append(series)
    panels = [
        _Panel(metric, of, series)
        for (metric, of), series in found.items()
        if any(len(one.points) > 1 for one in series)
    ]

    def place(panel: _Panel) -> tuple[int, int]:
        size = int(panel.of) if panel.metric.speed and panel.of else 0
        return METRICS.index(panel.metric), size

    return sorted(panels, key=place)


def _figure(stem: str, title: str, panels: Sequence[_Panel], trend: Trend) -> Figure:
    every = list(dict.fromkeys(series.cell for panel in panels for series in panel.series))
    changed = {one.cell for panel in panels for one in panel.series if one.change_points}
    # Prefer networks with a change; keep the original order among those shown.
    ranked = sorted(every, key=lambda cell: cell not in changed)[:MOST]
    shown = [cell for cell in every if cell in ranked]
    drawn = [few for panel in panels if (few := panel.of_cells(shown)).series]
    runs = trend.archive.runs
    notes = [
        f"One point for each of {len(runs):,} stored runs that measured the metric, oldest first. "
        "Labels are the commits of some runs (a + marks uncommitted changes), or their numbers. "
        "Pretrained: solid lines, filled markers; random: dashed lines, hollow markers.",
        "Circle: the metric changed in this run; cross: a speed changed in this run only. The "
        "table below lists them. Times and speeds are drawn as measured; for the verdicts, they "
        "are divided by the reference workload if it was measured.",
        *(
            ["Axes are logarithmic if values differ by a factor of more than eight."]
            if any(panel.steep for panel in drawn)
            else []
        ),
        *(
            [f"Shown: {MOST} of {len(every)} networks; the table has all."]
            if len(every) > MOST
            else []
        ),
    ]
    return Figure(
        key=stem,
        title=title,
        caption=" ".join(notes),
        alt=briefly(
            f"Line charts of {len(panels)} metric{'s' * (len(panels) > 1)} over {len(runs)} stored "
            "runs. Changes: ",
            _changes(panels, runs) or ["none"],
            "the table",
        ),
        draw=lambda: _draw(drawn, shown, runs),
    )


def _changes(panels: Sequence[_Panel], runs: Sequence[StoredRun]) -> list[str]:
    return [
        f"{short(series.cell, _HEADING)} {short(series.name, _HEADING)} from "
        f"{value_text(panel.metric, change.base)} to {value_text(panel.metric, change.head)} in "
        f"{number(change.run, runs)}"
        for panel in panels
        for series in panel.series
        for change in series.lasting
        if change.base is not None and change.head is not None
    ]


def _draw(panels: Sequence[_Panel], shown: Sequence[str], runs: Sequence[StoredRun]) -> Drawing:
    backbones = list(dict.fromkeys(cell.rpartition("-")[0] for cell in shown))
    looks, entries = {}, []
    for cell in shown:
        backbone, _, init = cell.rpartition("-")
        looks[cell] = cell_look(backbones.index(backbone), init)
        entries.append((f"{short(backbone, _NAME - ems(init))}-{init}", looks[cell]))
    change_points = [
        change for panel in panels for series in panel.series for change in series.change_points
    ]
    if any(not change.outlier for change in change_points):
        entries.append(("changed in this run", _CIRCLE))
    if any(change.outlier for change in change_points):
        entries.append(("in this run only", _CROSS))
    columns = min(3, len(entries))
    rows = math.ceil(len(panels) / len(_LEFTS))
    foot = _TOP + (rows - 1) * _STEP + _HEIGHT + _FOOT
    drawing, board = sheet(foot + key_height(len(entries), columns) + 2)
    for index, panel in enumerate(panels):
        row, column = divmod(index, len(_LEFTS))
        top = _TOP + row * _STEP
        place = _place(board, _LEFTS[column], top, panel, runs)
        _lines(place, panel, looks, f"{index + 1}")
        if index + len(_LEFTS) >= len(panels):
            place.footing("stored run")
    key(board, foot, entries, columns)
    return drawing


def _place(board: Axes, left: float, top: float, panel: _Panel, runs: Sequence[StoredRun]) -> Plot:
    room = 0.04 * max(len(runs) - 1, 1)
    values = panel.values
    least = _LEAST * max(map(abs, values)) or 1.0
    up = Scale.log_around(values) if panel.steep else Scale.around(values, 0.08, least)
    across = Scale(-room, len(runs) - 1 + room)
    place = Plot(board, left, top, _WIDTH, _HEIGHT, across, up)
    marked = sorted({change.run for one in panel.series for change in one.lasting})
    place.frame(_labels(place, marked, runs), up.ticks())
    place.heading(panel.heading)
    return place


def _lines(place: Plot, panel: _Panel, looks: dict[str, dict[str, Any]], name: str) -> None:
    for order, one in enumerate(panel.series, 1):
        place.line(
            [point.run for point in one.points],
            [shown_value(panel.metric, point.value) for point in one.points],
            gid=f"line-{name}-{order}",
            linewidth=1.2,
            markevery=max(1, math.ceil(len(one.points) / _MARKS)),
            **looks[one.cell],
        )
    for outlier, look, word in ((False, _CIRCLE, "changed"), (True, _CROSS, "once")):
        found = [
            (point.run, shown_value(panel.metric, point.value))
            for one in panel.series
            for point in one.points
            if any(
                change.run == point.run and change.outlier == outlier
                for change in one.change_points
            )
        ]
        if found:
            xs, ys = zip(*found, strict=True)
            place.line(xs, ys, gid=f"{word}-{name}", zorder=4, **look)


def _labels(
    place: Plot, marked: Sequence[int], runs: Sequence[StoredRun]
) -> list[tuple[float, str]]:
    """Return the axis labels of runs as far as they fit: change points, then ends, then others."""
    last = len(runs) - 1
    between = [round(last * part / parts) for parts in (2, 4, 8) for part in range(1, parts)]
    occupied: list[tuple[float, float]] = []
    found = {}
    for run in [*marked, last, 0, *between]:
        words = runs[run].short_commit or str(run + 1)
        half = (8 * ems(words) + _GAP) / 2
        middle = float(place.across(run))
        if all(middle + half <= low or middle - half >= high for low, high in occupied):
            occupied.append((middle - half, middle + half))
            found[run] = words
    return sorted(found.items())
