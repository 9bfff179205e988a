"""Trends of each network's metrics over the stored runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.comparison.compared_metrics import (
    ACCURACY,
    INFERENCE_MEDIAN,
    METRICS,
    TRAINING_SPEED,
    VALIDATION_ACCURACY,
)
from fer_bench.report.comparison.phrases import shown_value, unit_text, value_text
from fer_bench.report.plots.axes import (
    RING,
    add_axes,
    cell_look,
    draw_line,
    is_wide,
    set_scale,
    set_ticks,
)
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import MOST, briefly, short, short_label
from fer_bench.report.trend_table import number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.history.archive import StoredRun
    from fer_bench.analysis.history.series import Series, Trend

    _Kind = tuple[tuple[str, str], str]
    """Backbone with head, and init."""

_HEADLINE = (ACCURACY, VALIDATION_ACCURACY, TRAINING_SPEED, INFERENCE_MEDIAN)
"""Metrics that are drawn even if they did not change."""
_LEAST = 0.02
"""Minimum margin above and below, as a share of the largest value: small changes look small."""
_MARKS = 14
"""Maximum number of markers on a line."""
_NAME = 24
"""Maximum length of a name in the key and above a panel, in columns."""
_LABELS = 4
"""Maximum number of runs that are labelled below an axis."""
_CIRCLE = {**RING, "markersize": 8.5}
_CROSS = {**RING, "marker": "x", "markersize": 6.5}


@dataclass(frozen=True)
class TrendPanel:
    """One metric of all networks.

    Attributes:
        metric: the metric.
        series: its values for each network.
        labels: short names of some runs by their index, ascending.
    """

    metric: Metric
    series: tuple[Series, ...]
    labels: dict[int, str]

    def points(self, one: Series) -> list[tuple[int, float]]:
        """Return run and value of each point of a network, in the unit that is shown."""
        return [(point.run, shown_value(self.metric, point.value)) for point in one.points]

    @property
    def values(self) -> list[float]:
        """All values, in the unit that is shown."""
        return [value for one in self.series for _, value in self.points(one)]


def trend_figures(trend: Trend) -> list[Figure]:
    """Return figures of small charts, one for each metric that at least two stored runs have.

    ``trend`` shows accuracy, training speed and the median inference time; ``trend-others`` shows
    the other metrics with lasting changes. A figure with nothing to show is left out.
    """
    by_metric: dict[tuple[Metric, str], list[Series]] = {}
    for series in trend.series:
        if series.metric is not None:
            by_metric.setdefault((series.metric, series.of), []).append(series)
    headline, others = {}, {}
    for metric, of in sorted(by_metric, key=lambda key: _place(*key)):
        found = by_metric[metric, of]
        if all(len(one.points) < 2 for one in found):
            continue
        if metric in _HEADLINE:
            headline[metric, of] = found
        elif any(one.lasting for one in found):
            others[metric, of] = found
    figures = (
        ("trend", "Accuracy and speed over the stored runs", headline),
        ("trend-others", "Other metrics that changed over the stored runs", others),
    )
    return [_figure(stem, title, found, trend) for stem, title, found in figures if found]


def _place(metric: Metric, of: str) -> tuple[int, int]:
    """Return the sort key of a metric: its place among all, then the batch size."""
    return METRICS.index(metric), int(of) if metric.speed and of else 0


def _labels(changed: Collection[int], runs: Sequence[StoredRun]) -> dict[int, str]:
    """Return labels of some runs, as far as they fit: change points, then ends, then others."""
    last = len(runs) - 1
    between = [round(last * part / parts) for parts in (2, 4) for part in range(1, parts)]
    found: list[int] = []
    for run in [*sorted(changed), last, 0, *between]:
        if all(abs(run - other) * _LABELS >= last for other in found if other != run):
            found.append(run)
    return {run: runs[run].short_commit or str(run + 1) for run in sorted(found)}


def _figure(
    stem: str, title: str, found: Mapping[tuple[Metric, str], Sequence[Series]], trend: Trend
) -> Figure:
    series = [one for group in found.values() for one in group]
    every = list(dict.fromkeys(one.cell for one in series))
    changed = {one.cell for one in series if one.change_points}
    # Prefer networks with a change; keep the original order among those shown.
    shown = sorted(every, key=lambda cell: cell not in changed)[:MOST]
    runs = trend.archive.runs
    panels = [
        TrendPanel(metric, few, _labels({run.run for one in few for run in one.lasting}, runs))
        for (metric, _), group in found.items()
        if (few := tuple(one for one in group if one.cell in shown))
    ]
    notes = [
        f"One point for each of {len(runs):,} stored runs that measured the metric, oldest first. "
        "Labels are the commits of some runs (a + marks uncommitted changes), or their numbers. "
        "Pretrained: solid lines, filled markers; random: dashed lines, hollow markers.",
        "Circle: the metric changed in this run; cross: a speed changed in this run only. The "
        "table below lists them. Times and speeds are drawn as measured; for the verdicts, they "
        "are divided by the reference workload if it was measured.",
    ]
    if any(is_wide(panel.values) for panel in panels):
        notes.append("Axes are logarithmic if values differ by a factor of more than eight.")
    if len(every) > MOST:
        notes.append(f"Shown: {MOST} of {len(every)} networks; the table has all.")
    return Figure(
        key=stem,
        title=title,
        caption=" ".join(notes),
        alt=briefly(
            f"Line charts of {len(found)} metric{'s' * (len(found) > 1)} over {len(runs)} stored "
            "runs. Changes: ",
            [text for one in series for text in _changes(one, trend.names, runs)] or ["none"],
            "the table",
        ),
        data=(panels, trend.names, _kinds(runs)),
        draw=_draw,
    )


def _changes(series: Series, names: Mapping[str, str], runs: Sequence[StoredRun]) -> list[str]:
    metric = series.metric
    return [
        f"{short_label(names[series.cell])} {short(series.name, _NAME)} from "
        f"{value_text(metric, change.base)} to {value_text(metric, change.head)} in "
        f"{number(change.run, runs)}"
        for change in series.lasting
        if metric is not None and change.base is not None and change.head is not None
    ]


def _kinds(runs: Sequence[StoredRun]) -> dict[str, _Kind]:
    cells = (cell for stored in runs for cell in stored.run.cells)
    return {cell.group_id: ((cell.backbone, cell.head), cell.init) for cell in cells}


def _draw(
    drawing: Drawing, data: tuple[Sequence[TrendPanel], Mapping[str, str], Mapping[str, _Kind]]
) -> None:
    panels, names, kinds = data
    series = [one for panel in panels for one in panel.series]
    cells = list(dict.fromkeys(one.cell for one in series))
    lines = list(dict.fromkeys(kinds[cell][0] for cell in cells))
    looks, keys = {}, []
    for cell in cells:
        line, init = kinds[cell]
        looks[cell] = cell_look(lines.index(line), init)
        keys.append((short_label(names[cell]), looks[cell]))
    if any(one.lasting for one in series):
        keys.append(("changed in this run", _CIRCLE))
    if any(change.outlier for one in series for change in one.change_points):
        keys.append(("in this run only", _CROSS))
    every = add_axes(drawing, len(panels), 2, 104, right=22, gap=(72, 48), keys=keys, key_columns=3)
    for place, (axes, panel) in enumerate(zip(every, panels, strict=True), 1):
        _draw_panel(axes, panel, looks, place)
    for axes in every[-2:]:
        axes.set_xlabel("stored run")


def _draw_panel(
    axes: Axes, panel: TrendPanel, looks: dict[str, dict[str, Any]], place: int
) -> None:
    unit = unit_text(panel.metric)
    axes.set_title(short(panel.series[0].name, _NAME) + (f", {unit}" if unit else ""))
    set_ticks(axes.xaxis, list(panel.labels), list(panel.labels.values()))
    axes.margins(x=0.04)
    least = _LEAST * max(map(abs, panel.values)) or 1.0
    set_scale(axes, "y", panel.values, log=is_wide(panel.values), share=0.08, least=least)
    for order, one in enumerate(panel.series, 1):
        marks = max(1, math.ceil(len(one.points) / _MARKS))
        look = {"linewidth": 1.2, "markevery": marks, **looks[one.cell]}
        draw_line(axes, panel.points(one), f"line-{place}-{order}", **look)
    for word, is_outlier, look in (("changed", False, _CIRCLE), ("once", True, _CROSS)):
        points = [
            point
            for one in panel.series
            for point in panel.points(one)
            if (point[0], is_outlier) in {(each.run, each.outlier) for each in one.change_points}
        ]
        if points:
            draw_line(axes, points, f"{word}-{place}", zorder=4, **look)
