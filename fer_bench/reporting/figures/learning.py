"""How fast the networks learn, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.groups import groups
from fer_bench.learning_speed import epoch_ends, target_accuracy, time_to_accuracy
from fer_bench.reporting.figures.drawing import (
    INIT_LINES,
    WIDTH,
    Plot,
    Scale,
    amount,
    key,
    key_height,
    sheet,
)
from fer_bench.reporting.figures.figure import Figure
from fer_bench.reporting.figures.palette import SERIES, SOFT
from fer_bench.reporting.figures.wording import left_out, name, not_shown, seeds_note, short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

    from fer_bench.groups import Group
    from fer_bench.results import CellResult, Run

MOST = len(SERIES)
"""Backbones drawn, each with its colour."""
_MARKERS = "os^Dv<>P"
_WIDE = 8.0
"""Longest over shortest time from which on the axis is logarithmic."""
_MARKS = 12
_COLUMNS = 3
_TOP, _HEIGHT, _FOOT = 20.0, 190.0, 242.0


@dataclass(frozen=True)
class _Course:
    group: Group
    seconds: tuple[float, ...]
    accuracies: NDArray[np.float64]


def learning_speed(run: Run) -> list[Figure]:
    """One figure, a line for each backbone and init; none where no training was timed."""
    found = groups(run)
    courses = [course for group in found if (course := _course(group)) is not None]
    if not courses:
        return []
    counts = [count for _, count in run.dataset.counts]
    chance = max(counts) / sum(counts)
    best = max(float(course.accuracies[-1]) for course in courses)
    target = target_accuracy(chance, best)
    told = []
    for course in courses:
        when = time_to_accuracy(course.seconds, course.accuracies.tolist(), target)
        told.append(f"{name(course.group)} {'never' if when is None else f'{amount(when)} s'}")
    backbones = list(dict.fromkeys(course.group.backbone for course in courses))
    shown = [course for course in courses if course.group.backbone in backbones[:MOST]]
    notes = [
        "Validation accuracy against seconds of frozen features and training since the cell's "
        "start, in the run that trained it; the seconds of training are spread evenly over the "
        "epochs. Evaluation is not counted, and features that were stored already cost nothing. "
        "Pretrained: solid lines; random: dashed.",
        *seeds_note(found, "Means over the seeds."),
        f"Time to accuracy {target:.3f}, half of the way from the share of the largest class "
        f"({chance:.3f}) to the best final validation accuracy ({best:.3f}), the dotted line: "
        f"{'; '.join(told)}.",
        *left_out(len(backbones), MOST, "backbones"),
        *not_shown(found, _timed, "its training was not timed"),
    ]
    return [
        Figure(
            key="learning-speed",
            title="Validation accuracy against time of training",
            caption=" ".join(notes),
            alt=f"Line chart. Seconds to validation accuracy {target:.3f}: {'; '.join(told)}.",
            draw=lambda: _draw(shown, backbones, target),
        )
    ]


def _timed(cell: CellResult) -> bool:
    return cell.quality is not None and "training" in dict(cell.parts)


def _course(group: Group) -> _Course | None:
    times, accuracies = [], []
    for cell in group.cells:
        if cell.quality is not None and _timed(cell):
            parts = dict(cell.parts)
            history = cell.quality.history
            times.append(
                epoch_ends(parts.get("frozen features", 0.0), parts["training"], history.epochs)
            )
            accuracies.append(history.validation_accuracy)
    if not times:
        return None
    return _Course(group, tuple(np.mean(times, axis=0).tolist()), np.mean(accuracies, axis=0))


def _draw(shown: Sequence[_Course], backbones: Sequence[str], target: float) -> Drawing:
    target_look = {"color": SOFT, "linestyle": ":", "linewidth": 1.1}
    looks: list[dict[str, Any]] = [
        {
            "color": SERIES[number],
            "linestyle": INIT_LINES[course.group.init],
            "marker": _MARKERS[number],
            "markersize": 3.6,
        }
        for course in shown
        for number in [backbones.index(course.group.backbone)]
    ]
    entries = [
        *((short_name(one.group), look) for one, look in zip(shown, looks, strict=True)),
        (f"target, {target:.3f}", target_look),
    ]
    drawing, board = sheet(_FOOT + key_height(len(entries), _COLUMNS) + 2)
    lasts = [course.seconds[-1] for course in shown]
    logarithmic = max(lasts) > _WIDE * min(lasts) > 0
    # A logarithmic axis has no place for a start at 0 seconds.
    firsts = [1 if logarithmic and course.seconds[0] <= 0 else 0 for course in shown]
    times = [*lasts, *(one.seconds[first] for one, first in zip(shown, firsts, strict=True))]
    accuracies = np.concatenate([[target], *(course.accuracies for course in shown)])
    place = Plot(
        board,
        40,
        _TOP,
        WIDTH - 52,
        _HEIGHT,
        Scale.log_around(times, 0.03) if logarithmic else Scale.around(times, 0.02),
        Scale.around(accuracies),
    )
    place.frame(place.x.ticks(8), place.y.ticks())
    place.heading("validation accuracy")
    place.footing("seconds of frozen features and training")
    place.line([place.x.low, place.x.high], [target, target], gid="target", **target_look)
    for number, (course, first, look) in enumerate(zip(shown, firsts, looks, strict=True), 1):
        place.line(
            course.seconds[first:],
            course.accuracies[first:],
            linewidth=1.5,
            markevery=max(1, len(course.seconds) // _MARKS),
            gid=f"course-{number}-{course.group.init}",
            **look,
        )
    key(board, _FOOT, entries, _COLUMNS)
    return drawing
