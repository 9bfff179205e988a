"""Accuracy and loss at the start of training: the paper's Figures 9 and 10."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.analysis.number_text import percent
from fer_bench.metrics.convergence import Initial
from fer_bench.protocol.head import is_fitted
from fer_bench.report.plots import labels
from fer_bench.report.plots.axes import FILLS, GUIDE, add_axes, draw_line, set_scale, set_ticks
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.palette import INK, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

MOST = 16
"""Maximum number of rows."""
_FIRST = 9
_ROW = 15.0
_DOT: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 5.5,
    "markeredgewidth": 1.1,
}


@dataclass(frozen=True)
class InitialMetric:
    """Data of one figure.

    Attributes:
        measure: ``"accuracy"`` or ``"loss"``, in nats, on the validation images.
        rows: backbones and inits, with the metric of each trained cell before training and after
            one epoch.
        chance: value without learning, marked by a line.
        meaning: name of that line.
    """

    measure: str
    rows: tuple[tuple[Group, tuple[Initial, ...]], ...]
    chance: float
    meaning: str


def initial_figures(analysis: Analysis) -> list[Figure]:
    """Return Figures 9 and 10, a row per backbone and init; empty if nothing was trained."""
    every, trained = (
        [group for group in groups if not is_fitted(group.head)]
        for groups in (analysis.groups, analysis.trained)
    )
    if not trained:
        return []
    groups = every if len(every) <= MOST else labels.most_accurate(trained, MOST)
    notes = [
        *labels.left_out(len(every), MOST),
        *labels.seeds_note(groups, "One dot per seed; the numbers are means over the seeds."),
        *labels.not_shown(every),
    ]
    return [
        _figure(number, data, notes)
        for number, data in enumerate(initial_data(analysis, groups), _FIRST)
    ]


def initial_data(analysis: Analysis, groups: Sequence[Group]) -> tuple[InitialMetric, ...]:
    """Return accuracy and loss at the start of training, with a row for each of the groups."""
    share, uniform = analysis.majority_share, math.log(len(analysis.dataset.counts))
    accuracy, loss = (
        tuple((group, _starts(group, measure)) for group in groups)
        for measure in ("accuracy", "loss")
    )
    return (
        InitialMetric("accuracy", accuracy, share, "largest class"),
        InitialMetric("loss", loss, uniform, "uniform prediction"),
    )


def _starts(group: Group, measure: str) -> tuple[Initial, ...]:
    histories = [one.history for one in group.qualities if one.history.epochs]
    return tuple(Initial(*getattr(one, f"validation_{measure}")[:2]) for one in histories)


def _status(group: Group, values: Sequence[Initial]) -> str:
    """Return the mean after one epoch, or why there is none."""
    if values:
        return f"{np.mean([one.first_epoch for one in values]):.3f}"
    return next((cell.status for cell in group.cells if cell.status != "ok"), "not measured")


def _figure(number: int, data: InitialMetric, notes: Sequence[str]) -> Figure:
    is_accuracy = data.measure == "accuracy"
    unit = "share, 0 to 1" if is_accuracy else "nats"
    chance = percent(data.chance) if is_accuracy else f"{data.chance:.3f}"
    words = [
        f"Validation {data.measure} ({unit}) after one epoch of training, which the paper calls "
        "initial: dots (pretrained filled, random hollow) and numbers. Bars: untrained network. "
        f"Dotted line: {data.meaning} ({chance}).",
        *notes,
    ]
    means = [
        f"{labels.name(group)} {_status(group, values)}" for group, values in data.rows if values
    ]
    return Figure(
        key=f"figure-{number}-initial-{data.measure}",
        title=f"Figure {number}. Initial {data.measure} on the validation images",
        caption=" ".join(words),
        alt=labels.briefly(f"Dot plot of validation {data.measure} after epoch 1: ", means),
        data=data,
        draw=_draw,
    )


def _draw(drawing: Drawing, data: InitialMetric) -> None:
    untrained = {**_DOT, "marker": "|", "markersize": 7.5, "color": SOFT}
    looks = {
        init: {**_DOT, "markeredgecolor": SERIES[0], "markerfacecolor": fill or SERIES[0]}
        for init, fill in FILLS.items()
        if any(group.init == init and values for group, values in data.rows)
    }
    keys = [
        ("untrained", untrained),
        *((f"epoch 1, {init}", look) for init, look in looks.items()),
        (data.meaning, GUIDE),
    ]
    height = _ROW * len(data.rows)
    (axes,) = add_axes(drawing, 1, 1, height, left=150, right=58, top=6, keys=keys)
    axes.set_xlabel(f"validation {data.measure}{'' if data.measure == 'accuracy' else ', nats'}")
    set_ticks(
        axes.yaxis,
        range(len(data.rows)),
        [labels.short_label(group.label) for group, _ in data.rows],
    )
    axes.set_ylim(len(data.rows) - 0.5, -0.5)
    dots = [
        (one, place, group.init)
        for place, (group, values) in enumerate(data.rows)
        for one in values
    ]
    set_scale(axes, "x", [data.chance, *(value for one, _, _ in dots for value in one)])
    axes.axvline(data.chance, gid="chance", **GUIDE)
    starts = [(one.untrained, place) for one, place, _ in dots]
    draw_line(axes, starts, "untrained", zorder=3, **untrained)
    for init, look in looks.items():
        shown = [(one.first_epoch, place) for one, place, own in dots if own == init]
        draw_line(axes, shown, f"epoch-1-{init}", zorder=3, **look)
    margin = axes.get_yaxis_transform()
    for place, (group, values) in enumerate(data.rows):
        look = {"color": INK if values else SOFT, "fontsize": 8, "va": "center"}
        axes.text(1.02, place, _status(group, values), transform=margin, **look)
