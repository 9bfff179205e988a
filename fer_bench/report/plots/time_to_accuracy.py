"""Time to accuracy: validation accuracy against seconds of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import percent
from fer_bench.analysis.training_time import timed
from fer_bench.report.plots import labels
from fer_bench.report.plots.axes import (
    GUIDE,
    add_axes,
    amount,
    cell_look,
    draw_line,
    is_wide,
    set_scale,
)
from fer_bench.report.plots.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.training_time import LearningCurve

_MARKS = 12


def time_to_accuracy_figures(analysis: Analysis) -> list[Figure]:
    """Return one figure with a line per backbone and init; empty if no training was timed."""
    found = analysis.time_to_accuracy
    if found is None:
        return []
    ranked = sorted(
        zip(found.curves, found.times, strict=True), key=lambda pair: -pair[0].accuracies[-1]
    )
    notes = [
        "Validation accuracy against seconds of frozen features and training, in the run that "
        "trained the cell. Pretrained: solid lines, filled markers; random: dashed, hollow; in the "
        "key, the highest final accuracy comes first. Dotted: the target, "
        f"{percent(found.target)}; see the table 'Time to accuracy'.",
        *labels.seeds_note(analysis.groups, "Means over the seeds."),
        *labels.left_out(len(ranked), what="final accuracy"),
        *labels.not_shown(analysis.groups, timed, "training not timed"),
    ]
    times = [
        f"{labels.name(curve.group)} {'never' if time is None else f'{amount(time)} s'}"
        for curve, time in ranked[: labels.MOST]
    ]
    return [
        Figure(
            key="learning-speed",
            title="Validation accuracy over training time",
            caption=" ".join(notes),
            alt=labels.briefly(f"Seconds to validation accuracy {percent(found.target)}: ", times),
            data=([curve for curve, _ in ranked[: labels.MOST]], found.target),
            draw=_draw,
        )
    ]


def _draw(drawing: Drawing, data: tuple[Sequence[LearningCurve], float]) -> None:
    curves, target = data
    log = is_wide([curve.seconds[-1] for curve in curves])
    # A logarithmic axis cannot show a start at 0 seconds.
    lines = [
        [
            (time, one)
            for time, one in zip(curve.seconds, curve.accuracies, strict=True)
            if time or not log
        ]
        for curve in curves
    ]
    series = list(dict.fromkeys(curve.group.series for curve in curves))
    (axes,) = add_axes(drawing, 1, 1, 200, right=168)
    axes.set(title="validation accuracy", xlabel="frozen features and training, s")
    axes.axhline(target, gid="target", label=f"target, {target:.3f}", **GUIDE)
    ends = [points[place][0] for points in lines for place in (0, -1)]
    set_scale(axes, "x", ends, log=log, share=0.01 if log else 0.02, most=8)
    set_scale(axes, "y", [target, *(one for points in lines for _, one in points)])
    for number, (curve, points) in enumerate(zip(curves, lines, strict=True), 1):
        group = curve.group
        draw_line(
            axes,
            points,
            f"course-{number}-{group.init}",
            label=labels.short_label(group.label),
            linewidth=1.4,
            markevery=max(1, len(points) // _MARKS),
            **cell_look(series.index(group.series), group.init),
        )
    first, *others = axes.get_lines()
    axes.legend(handles=[*others, first], loc="center left", bbox_to_anchor=(1.0, 0.5))
