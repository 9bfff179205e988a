"""Test accuracy against cost: parameters, training time, inference time."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.pareto_front import pareto
from fer_bench.analysis.training_time import lacks_features, mean_training_seconds
from fer_bench.report.plots.axes import (
    RING,
    add_axes,
    amount,
    cell_look,
    draw_line,
    set_scale,
    set_ticks,
)
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import briefly, name, not_shown, seeds_note, short_label
from fer_bench.report.plots.palette import SOFT
from fer_bench.report.time_tables import unrecorded_features

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult

BATCH = 32
"""Batch size whose inference time is shown; if it was not measured, the largest one."""
MOST_NAMED = 16
"""Maximum number of networks that are all named; with more, only those on a Pareto front are."""


@dataclass(frozen=True)
class Cost:
    """One panel.

    Attributes:
        name: ``"training time"``.
        unit: ``"s"``; empty for a number.
        values: mean costs over the seeds by index of the network.
        front: indices of the Pareto-optimal networks, the cheapest first.
    """

    name: str
    unit: str
    values: dict[int, float]
    front: tuple[int, ...]

    @property
    def word(self) -> str:
        """First word of the name."""
        return self.name.split()[0]

    def text(self, index: int) -> str:
        """Return a network's cost with its unit."""
        return f"{amount(self.values[index])} {self.unit}".rstrip()


def tradeoff_figures(analysis: Analysis) -> list[Figure]:
    """Return one figure with up to three panels; empty if no tested cell has any known cost."""
    every = analysis.wall_clock_groups
    groups = [group for group in every if group.test_accuracies]
    batch = inference_batch(groups)
    costs = tradeoffs(groups, batch)
    if not costs:
        return []
    seen = sorted({index for cost in costs for index in cost.values})
    few = len(seen) <= MOST_NAMED
    notes = [
        "Test accuracy against costs on logarithmic axes; upper left is best. Filled: pretrained; "
        "hollow: random.",
        "Ringed, on the step line: the Pareto front, networks that no other one exceeds in "
        "accuracy at the same or lower cost."
        if len(seen) > 1
        else "",
        "" if few else f"Of {len(seen)} networks, only those on a front are named; see the tables.",
        "Parameters: complete network including the head. Training time: frozen features once and "
        "all epochs, without evaluation, in the run that trained the cell."
        f"{unrecorded_features(groups)} Inference: from 48x48 images to probabilities, in "
        f"batches of {batch}, median.",
        *seeds_note(every, "Means over the seeds."),
        *seeds_note(every if few else [], "Vertical lines: minimum to maximum."),
    ]
    notes += [
        f"Unknown {cost.name}: {', '.join(lacking)}."
        for cost in costs
        if (lacking := [name(groups[index]) for index in seen if index not in cost.values])
    ]
    notes += not_shown(every)
    accuracies = [_accuracy(group) for group in groups]
    best = max(seen, key=lambda index: accuracies[index])
    price = ", ".join(f"{cost.word} {cost.text(best)}" for cost in costs if best in cost.values)
    accuracy = [f"{name(group)} {one:.3f}" for group, one in zip(groups, accuracies, strict=True)]
    facts = [f"most accurate {accuracy[best]} ({price})"]
    facts += [
        f"lowest {cost.word} {accuracy[cost.front[0]]} ({cost.text(cost.front[0])})"
        for cost in costs
        if cost.front[0] != best
    ]
    return [
        Figure(
            key="tradeoffs",
            title="Test accuracy against parameters, training time and inference time",
            caption=" ".join(filter(None, notes)),
            alt=briefly("Test accuracy against costs: ", facts),
            data=(groups, costs),
            draw=_draw,
        )
    ]


def tradeoffs(groups: Sequence[Group], batch: int) -> list[Cost]:
    """Return the costs that are known of tested groups; ``batch`` is that of inference."""
    measures: list[tuple[str, str, Callable[[Group], float | None]]] = [
        ("parameters", "", _mean_of(lambda one: one.parameters.total if one.parameters else None)),
        (
            "training time",
            "s",
            lambda one: None if lacks_features(one.trained) else mean_training_seconds(one.trained),
        ),
        ("inference time per image", "ms", _mean_of(lambda one: _image_milliseconds(one, batch))),
    ]
    costs = []
    for words, unit, measure in measures:
        values = {index: value for index, group in enumerate(groups) if (value := measure(group))}
        if values:
            points = [(value, _accuracy(groups[index])) for index, value in values.items()]
            front = tuple(list(values)[place] for place in pareto(points))
            costs.append(Cost(words, unit, values, front))
    return costs


def _accuracy(group: Group) -> float:
    return fmean(group.test_accuracies)


def _mean_of(measure: Callable[[CellResult], float | None]) -> Callable[[Group], float | None]:
    """Return the mean of a measure over the trained cells of a group."""

    def mean(group: Group) -> float | None:
        known = [value for cell in group.trained if (value := measure(cell))]
        return sum(known) / len(known) if known else None

    return mean


def inference_batch(groups: Sequence[Group]) -> int:
    """Return the batch size whose inference time is shown."""
    sizes = {one.batch_size for group in groups for cell in group.cells for one in cell.inference}
    return BATCH if BATCH in sizes else max(sizes, default=BATCH)


def _image_milliseconds(cell: CellResult, batch: int) -> float | None:
    medians = (speed.median for speed in cell.inference if speed.batch_size == batch)
    return next((1000 * median / batch for median in medians), None)


def _draw(drawing: Drawing, data: tuple[Sequence[Group], Sequence[Cost]]) -> None:
    groups, costs = data
    seen = {index for cost in costs for index in cost.values}
    named = seen
    if len(seen) > MOST_NAMED:
        named = {index for cost in costs for index in cost.front}
    series = list(dict.fromkeys(groups[index].series for index in sorted(named)))
    looks: dict[int, dict[str, Any]] = {}
    for index in sorted(named):
        look = cell_look(series.index(groups[index].series), groups[index].init)
        looks[index] = {**look, "markersize": 5, "linestyle": "none"}
    keys = [(short_label(groups[index].label), look) for index, look in looks.items()]
    panels = add_axes(drawing, len(costs), 3, 170, gap=(28, 0), keys=keys, key_columns=3)
    accuracies = [one for index in seen for one in groups[index].test_accuracies]
    for axes, cost in zip(panels, costs, strict=True):
        axes.set_xlabel(f"{cost.name}, {cost.unit}" if cost.unit else cost.name)
        set_scale(axes, "x", cost.values.values(), log=True, share=0.1, most=4)
        set_scale(axes, "y", accuracies, share=0.08)
        if axes is not panels[0]:
            set_ticks(axes.yaxis, list(axes.get_yticks()))
        _draw_front(axes, cost, groups)
        for index, value in cost.values.items():
            group = groups[index]
            look = looks.get(index, {"color": SOFT, "marker": ".", "linestyle": "none"})
            point = value, _accuracy(group)
            draw_line(axes, [point], f"{group.init}-{cost.word}-{index}", **look)
            ends = min(group.test_accuracies), max(group.test_accuracies)
            if ends[0] < ends[1] and len(seen) <= MOST_NAMED:
                axes.vlines(value, *ends, colors=look["color"], linewidths=0.9)
    panels[0].set_title("test accuracy")


def _draw_front(axes: Axes, cost: Cost, groups: Sequence[Group]) -> None:
    if len(cost.values) < 2:
        return
    values = [cost.values[index] for index in cost.front]
    accuracies = [_accuracy(groups[index]) for index in cost.front]
    axes.plot(
        [*values, axes.get_xlim()[1]],
        [*accuracies, accuracies[-1]],
        drawstyle="steps-post",
        color=SOFT,
        linewidth=1,
        linestyle=(0, (4, 2)),
        gid=f"front-{cost.word}",
    )
    axes.plot(values, accuracies, gid=f"ringed-{cost.word}", **RING)
