"""Time to accuracy: validation accuracy against seconds of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.number_text import percent
from fer_bench.analysis.time_to_accuracy import timed
from fer_bench.report.plots.axes import add_axes, amount, cell_look, set_scale
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import (
    MOST,
    briefly,
    left_out,
    name,
    not_shown,
    seeds_note,
    short_name,
)
from fer_bench.report.plots.palette import SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.time_to_accuracy import LearningCurve, TimeToAccuracy

_WIDE = 8.0
"""Ratio of the longest to the shortest time above which the axis is logarithmic."""
_MARKS = 12


@dataclass(frozen=True)
class TimedCurve:
    """Line of one backbone and init.

    Attributes:
        label: short name of the network.
        series: backbone and head.
        init: ``"pretrained"`` or ``"random"``.
        seconds: time from the start of a cell to the end of each epoch.
        accuracies: mean validation accuracy at each of these times.
    """

    label: str
    series: tuple[str, str]
    init: str
    seconds: tuple[float, ...]
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class TimedCurves:
    """Data of the figure.

    Attributes:
        curves: lines by final accuracy, the highest first.
        target: accuracy that all networks should reach.
        logarithmic: True if the times differ too widely for a linear axis.
    """

    curves: tuple[TimedCurve, ...]
    target: float
    logarithmic: bool


def time_to_accuracy_figures(analysis: Analysis) -> list[Figure]:
    """Return one figure with a line per backbone and init; empty if no training was timed."""
    found = analysis.time_to_accuracy
    if found is None:
        return []
    ranked = _ranked(found)
    notes = [
        "Validation accuracy against seconds of frozen features and training, in the run that "
        "trained the cell. Pretrained: solid lines, filled markers; random: dashed, hollow; in the "
        "key, the highest final accuracy comes first. Dotted: the target, "
        f"{percent(found.target)}; see the table 'Time to accuracy'.",
        *seeds_note(analysis.groups, "Means over the seeds."),
        *left_out(len(ranked), what="final accuracy"),
        *not_shown(analysis.groups, timed, "training not timed"),
    ]
    times = [
        f"{name(curve.group)} {'never' if time is None else f'{amount(time)} s'}"
        for curve, time in ranked[:MOST]
    ]
    return [
        Figure(
            key="learning-speed",
            title="Validation accuracy over training time",
            caption=" ".join(notes),
            alt=briefly(f"Seconds to validation accuracy {percent(found.target)}: ", times),
            data=timed_curves(found),
            draw=_draw,
        )
    ]


def timed_curves(found: TimeToAccuracy) -> TimedCurves:
    """Return the lines of the networks with the highest final accuracy."""
    shown = [curve for curve, _ in _ranked(found)[:MOST]]
    lasts = [curve.seconds[-1] for curve in shown]
    logarithmic = max(lasts) > _WIDE * min(lasts) > 0
    curves = []
    for curve in shown:
        # A logarithmic axis cannot show a start at 0 seconds.
        first = 1 if logarithmic and curve.seconds[0] <= 0 else 0
        group = curve.group
        points = curve.seconds[first:], curve.accuracies[first:]
        curves.append(TimedCurve(short_name(group), group.series, group.init, *points))
    return TimedCurves(tuple(curves), found.target, logarithmic)


def _ranked(found: TimeToAccuracy) -> list[tuple[LearningCurve, float | None]]:
    pairs = zip(found.curves, found.times, strict=True)
    return sorted(pairs, key=lambda pair: -pair[0].accuracies[-1])


def _draw(drawing: Drawing, data: TimedCurves) -> None:
    target: dict[str, Any] = {"color": SOFT, "linestyle": ":", "linewidth": 1.1}
    series = list(dict.fromkeys(curve.series for curve in data.curves))
    (axes,) = add_axes(drawing, 1, 1, 200, right=168)
    axes.set(title="validation accuracy", xlabel="frozen features and training, s")
    axes.axhline(data.target, gid="target", label=f"target, {data.target:.3f}", **target)
    ends = [curve.seconds[place] for curve in data.curves for place in (0, -1)]
    log = data.logarithmic
    set_scale(axes, "x", ends, log=log, share=0.01 if log else 0.02, most=8)
    set_scale(axes, "y", [data.target, *(one for c in data.curves for one in c.accuracies)])
    for number, curve in enumerate(data.curves, 1):
        axes.plot(
            curve.seconds,
            curve.accuracies,
            label=curve.label,
            linewidth=1.4,
            markevery=max(1, len(curve.seconds) // _MARKS),
            gid=f"course-{number}-{curve.init}",
            clip_on=False,
            **cell_look(series.index(curve.series), curve.init),
        )
    lines = axes.get_lines()
    axes.legend(handles=[*lines[1:], lines[0]], loc="center left", bbox_to_anchor=(1.0, 0.5))
