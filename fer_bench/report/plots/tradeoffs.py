"""Test accuracy against cost: parameters, training time, inference time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.report.plots.canvas import INIT_FILLINGS, SMALL, Plot, Scale, amount, sheet
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import briefly, name, not_shown, seeds_note, short_name
from fer_bench.report.plots.palette import INK, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult

BATCH = 32
"""Batch size whose inference time is shown; if it was not measured, the largest one."""
_LEFT, _TOP, _WIDTH, _HEIGHT, _STEP = 40.0, 20.0, 140.0, 170.0, 168.0
_ROW = 12.0
_COLUMNS = 3
_MARKERS = {"pretrained": "o", "random": "s"}
MOST_NUMBERED = 16
"""Maximum number of networks that are all numbered; with more, only those on a Pareto front are."""
_SIDES = tuple(
    (across * far, up * far)
    for far in (1.0, 1.5, 2.2)
    for across, up in (
        *((-6, -7), (6, 8), (6, -7), (-6, 8)),
        *((-9, 0), (9, 0), (0, 11), (0, -11)),
    )
)
"""Candidate offsets of a number from its point; the first ones never lie on the step line."""


@dataclass(frozen=True)
class _Cost:
    words: str
    unit: str
    of: dict[int, float]
    """Costs by the group's index in the run."""

    @property
    def axis(self) -> str:
        return f"{self.words}, {self.unit}" if self.unit else self.words

    def written(self, index: int) -> str:
        return f"{amount(self.of[index])} {self.unit}".rstrip()


def tradeoffs(analysis: Analysis) -> list[Figure]:
    """Return one figure with up to three axes; empty if no trained cell has any known cost."""
    found = analysis.wall_clock_groups
    gains = {
        index: group.test_accuracy
        for index, group in enumerate(found)
        if group.test_accuracy is not None
    }
    sizes = {
        speed.batch_size for group in found for cell in group.cells for speed in cell.inference
    }
    batch = BATCH if BATCH in sizes else max(sizes, default=BATCH)
    costs = [
        _Cost("parameters", "", _of(found, gains, parameters)),
        _Cost("training time", "s", _of(found, gains, training_seconds)),
        _Cost(
            "inference time per image",
            "ms",
            _of(found, gains, lambda cell: _image_milliseconds(cell, batch)),
        ),
    ]
    shown = [cost for cost in costs if cost.of]
    if not shown:
        return []
    seen = {index for cost in shown for index in cost.of}
    notes = [
        "Test accuracy against costs on logarithmic axes; upper left is best. Filled circles: "
        "pretrained; hollow squares: random; the numbers are named below the axes.",
        *(
            [
                "Ringed, on the step line: the Pareto front, networks that no other one exceeds in "
                "accuracy at the same or lower cost."
            ]
            if len(seen) > 1
            else []
        ),
        *(
            [f"Of {len(seen)} networks, only those on a front are numbered; see the tables."]
            if len(seen) > MOST_NUMBERED
            else []
        ),
        "Parameters: complete network including the head. Training time: frozen features and all "
        "epochs, in the run that trained the cell; features from the store count as 0 s. "
        f"Inference: from 48x48 images to probabilities, in batches of {batch}, median.",
        *seeds_note(found, "Means over the seeds."),
        *seeds_note(
            found if len(seen) <= MOST_NUMBERED else [],
            "Vertical lines: minimum to maximum.",
        ),
    ]
    notes += [
        f"Unknown {cost.words}: {', '.join(lacking)}."
        for cost in shown
        if (lacking := [name(found[index]) for index in sorted(seen - cost.of.keys())])
    ]
    notes += not_shown(found, lambda cell: cell.quality is not None)
    best = max(seen, key=lambda index: gains[index])
    price = ", ".join(
        f"{cost.words.split()[0]} {cost.written(best)}" for cost in shown if best in cost.of
    )
    told = [f"most accurate {name(found[best])} {gains[best]:.3f} ({price})"]
    for cost in shown:
        least = _front(cost, gains)[0]
        if least != best:
            told.append(
                f"lowest {cost.words.split()[0]} {name(found[least])} {gains[least]:.3f} "
                f"({cost.written(least)})"
            )
    return [
        Figure(
            key="tradeoffs",
            title="Test accuracy against parameters, training time and inference time",
            caption=" ".join(notes),
            alt=briefly("Test accuracy against costs: ", told),
            draw=lambda: _draw(found, gains, shown, sorted(seen)),
        )
    ]


def _of(
    found: Sequence[Group],
    gains: dict[int, float],
    cost: Callable[[CellResult], float | None],
) -> dict[int, float]:
    made = {}
    for index in gains:
        known = [value for cell in found[index].trained if (value := cost(cell))]
        if known:
            made[index] = sum(known) / len(known)
    return made


def parameters(cell: CellResult) -> float | None:
    """Return the number of weights of a cell's network, head included; None if unknown."""
    counts = cell.parameters
    return None if counts is None else counts.backbone + counts.head


def training_seconds(cell: CellResult) -> float | None:
    """Return the seconds of frozen features and training; None if training was not timed."""
    seconds = dict(cell.parts)
    training = seconds.get("training")
    return None if training is None else seconds.get("frozen features", 0.0) + training


def _image_milliseconds(cell: CellResult, batch: int) -> float | None:
    for speed in cell.inference:
        if speed.batch_size == batch:
            return 1000 * speed.median / batch
    return None


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the Pareto-optimal points.

    Args:
        points: cost (lower is better) and gain (higher is better) of each.

    Returns:
        Indices of the points that no other dominates, that is, has a cost at most as high and a
        gain at least as high, one of them strictly better; by cost, equal ones in their order.
    """
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1]))
    front: list[int] = []
    for index in order:
        last = points[front[-1]] if front else (0.0, -math.inf)
        if points[index][1] > last[1] or points[index] == last:
            front.append(index)
    return front


def _front(cost: _Cost, gains: dict[int, float]) -> list[int]:
    places = list(cost.of)
    return [places[one] for one in pareto([(cost.of[index], gains[index]) for index in places])]


def _draw(
    found: Sequence[Group], gains: dict[int, float], shown: Sequence[_Cost], seen: Sequence[int]
) -> Drawing:
    named = list(seen)
    if len(seen) > MOST_NUMBERED:
        named = sorted({index for cost in shown for index in _front(cost, gains)})
    rows = math.ceil(len(named) / _COLUMNS)
    foot = _TOP + _HEIGHT + 44
    drawing, board = sheet(foot + rows * _ROW)
    numbers = {index: number for number, index in enumerate(named, 1)}
    spans = {index: found[index].test_accuracies for index in seen}
    gain = Scale.around([one for span in spans.values() for one in span], 0.08)
    for column, cost in enumerate(shown):
        price = Scale.log_around(list(cost.of.values()), 0.1)
        place = Plot(board, _LEFT + column * _STEP, _TOP, _WIDTH, _HEIGHT, price, gain)
        ticks = gain.ticks()
        place.frame(price.ticks(4), ticks if column == 0 else [(at, "") for at, _ in ticks])
        place.footing(cost.axis)
        if column == 0:
            place.heading("test accuracy")
        _points(place, found, cost, gains, spans)
        _number(place, cost, gains, numbers)
    for position, index in enumerate(named):
        column, row = divmod(position, rows)
        left, base = _LEFT + column * _STEP, foot + row * _ROW
        board.text(left + 10, base, str(numbers[index]), fontsize=SMALL, ha="right")
        board.text(left + 14, base, short_name(found[index]), fontsize=SMALL)
    return drawing


def _points(
    place: Plot,
    found: Sequence[Group],
    cost: _Cost,
    gains: dict[int, float],
    spans: dict[int, list[float]],
) -> None:
    word = cost.words.split()[0]
    front = _front(cost, gains)
    if len(cost.of) > 1:
        place.line(
            [*(cost.of[index] for index in front), place.x.high],
            [*(gains[index] for index in front), gains[front[-1]]],
            drawstyle="steps-post",
            color=SOFT,
            linewidth=1,
            linestyle=(0, (4, 2)),
            gid=f"front-{word}",
        )
        place.line(
            [cost.of[index] for index in front],
            [gains[index] for index in front],
            linestyle="none",
            marker="o",
            markersize=9.5,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=0.9,
            gid=f"ringed-{word}",
        )
    for init, marker in _MARKERS.items():
        ours = [index for index in cost.of if found[index].init == init]
        several = [index for index in ours if len(spans[index]) > 1 and len(spans) <= MOST_NUMBERED]
        for index in several:
            at, ends = cost.of[index], spans[index]
            place.line([at, at], [min(ends), max(ends)], color=SERIES[0], linewidth=0.9)
        place.line(
            [cost.of[index] for index in ours],
            [gains[index] for index in ours],
            linestyle="none",
            marker=marker,
            markersize=4.5,
            color=SERIES[0],
            markerfacecolor=INIT_FILLINGS[init] or SERIES[0],
            gid=f"{init}-{word}",
        )


def _number(place: Plot, cost: _Cost, gains: dict[int, float], numbers: dict[int, int]) -> None:
    """Write each number next to its point, at the candidate offset with the least overlap."""
    at = {
        index: (float(place.across(value)), float(place.up(gains[index])))
        for index, value in cost.of.items()
    }
    taken = [(x, y, 4.5, 4.5) for x, y in at.values()]
    for index in [index for index in at if index in numbers]:
        x, y = at[index]
        wide = 2.3 * len(str(numbers[index]))
        boxes = [
            (x + dx + math.copysign(wide, dx) * bool(dx), y + dy, wide, 3.2) for dx, dy in _SIDES
        ]
        inside = [
            box for box in boxes if abs(box[0] - place.left - _WIDTH / 2) <= _WIDTH / 2 - wide
        ]
        box = min(inside, key=lambda one: sum(_overlap(one, other) for other in taken))
        taken.append(box)
        place.board.text(box[0], box[1] + 2.6, str(numbers[index]), fontsize=7, ha="center")


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """Return the area shared by two boxes, each given by its centre and half its sides."""
    wide = one[2] + other[2] - abs(one[0] - other[0])
    tall = one[3] + other[3] - abs(one[1] - other[1])
    return max(wide, 0) * max(tall, 0)
