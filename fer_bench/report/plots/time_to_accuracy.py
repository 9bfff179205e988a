"""Time to accuracy: validation accuracy against seconds of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.time_to_accuracy import timed
from fer_bench.report.plots.canvas import (
    SMALL,
    WIDTH,
    Plot,
    Scale,
    amount,
    cell_look,
    sheet,
    spread,
)
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import MOST, briefly, name, not_shown, seeds_note, short_name
from fer_bench.report.plots.palette import SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.time_to_accuracy import LearningCurve

_WIDE = 8.0
"""Ratio of the longest to the shortest time above which the axis is logarithmic."""
_MARKS = 12
_TOP, _HEIGHT, _FOOT = 20.0, 200.0, 32.0
_NAMES = 130.0
"""Width to the right of the plot for the names at the ends of the lines, in points."""
_ROW = 11.0


def learning_speed(analysis: Analysis) -> list[Figure]:
    """Return one figure with a line per backbone and init; empty if no training was timed."""
    found = analysis.time_to_accuracy
    if found is None:
        return []
    ranked = sorted(
        zip(found.curves, found.times, strict=True), key=lambda one: -one[0].accuracies[-1]
    )
    shown = ranked[:MOST]
    more = len(ranked) > MOST
    notes = [
        "Validation accuracy against seconds of frozen features and training, in the run that "
        "trained the cell. Pretrained: solid lines, filled markers; random: dashed, hollow. "
        f"Dotted: the target, {found.target:.3f}; see the table 'Time to accuracy'.",
        *seeds_note(analysis.groups, "Means over the seeds."),
        *(
            [f"Only the {MOST} of {len(ranked)} networks with the highest final accuracy."]
            if more
            else []
        ),
        *not_shown(analysis.groups, timed, "training not timed"),
    ]
    told = [
        f"{name(course.group)} {'never' if time is None else f'{amount(time)} s'}"
        for course, time in shown
    ]
    courses = [course for course, _ in shown]
    return [
        Figure(
            key="learning-speed",
            title="Validation accuracy over training time",
            caption=" ".join(notes),
            alt=briefly(f"Seconds to validation accuracy {found.target:.3f}: ", told),
            draw=lambda: _draw(courses, found.target),
        )
    ]


def _draw(shown: Sequence[LearningCurve], target: float) -> Drawing:
    target_look = {"color": SOFT, "linestyle": ":", "linewidth": 1.1}
    backbones = list(dict.fromkeys(course.group.backbone for course in shown))
    drawing, board = sheet(_TOP + _HEIGHT + _FOOT)
    lasts = [course.seconds[-1] for course in shown]
    logarithmic = max(lasts) > _WIDE * min(lasts) > 0
    # A logarithmic axis cannot show a start at 0 seconds.
    firsts = [1 if logarithmic and course.seconds[0] <= 0 else 0 for course in shown]
    times = [*lasts, *(one.seconds[first] for one, first in zip(shown, firsts, strict=True))]
    accuracies = np.concatenate([[target], *(course.accuracies for course in shown)])
    place = Plot(
        board,
        40,
        _TOP,
        WIDTH - 44 - _NAMES,
        _HEIGHT,
        Scale.log_around(times, 0.01) if logarithmic else Scale.around(times, 0.02),
        Scale.around(accuracies),
    )
    place.frame(place.x.ticks(8), place.y.ticks())
    place.heading("validation accuracy")
    place.footing("frozen features and training, s")
    place.line([place.x.low, place.x.high], [target, target], gid="target", **target_look)
    beside = place.left + place.width + 6
    ends = [(course.seconds[-1], course.accuracies[-1]) for course in shown]
    wished = [*(float(place.up(accuracy)) for _, accuracy in ends), float(place.up(target))]
    *heights, low = spread(wished, _ROW, place.top, place.bottom)
    for number, (course, first) in enumerate(zip(shown, firsts, strict=True)):
        group = course.group
        look = cell_look(backbones.index(group.backbone), group.init)
        place.line(
            course.seconds[first:],
            course.accuracies[first:],
            linewidth=1.4,
            markevery=max(1, len(course.seconds) // _MARKS),
            gid=f"course-{number + 1}-{group.init}",
            **look,
        )
        end = (float(place.across(ends[number][0])), float(place.up(ends[number][1])))
        place.leader([end, (beside, heights[number])])
        place.key_mark((beside + 5, heights[number]), look)
        board.text(beside + 12, heights[number] + 2.7, short_name(group, 15.0), fontsize=SMALL)
    place.leader([(place.left + place.width, float(place.up(target))), (beside, low)])
    words = f"target, {target:.3f}"
    board.text(beside + 12, low + 2.7, words, fontsize=SMALL, color=SOFT)
    return drawing
