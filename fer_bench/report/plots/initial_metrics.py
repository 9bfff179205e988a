"""Accuracy and loss at the start of training: the paper's Figures 9 and 10."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.metrics.convergence import initial
from fer_bench.report.plots.canvas import INIT_FILLINGS, Plot, Scale, key, key_height, sheet
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import (
    briefly,
    left_out,
    most_accurate,
    name,
    not_shown,
    seeds_note,
    short_name,
)
from fer_bench.report.plots.palette import INK, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics.convergence import Initial

MOST = 16
"""Maximum number of rows."""
_ROW, _TOP = 15.0, 6.0
_DOT: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 5.5,
    "markeredgewidth": 1.1,
}


def initial_figures(analysis: Analysis) -> list[Figure]:
    """Return Figures 9 and 10, a row per backbone and init; empty if nothing was trained."""
    every, trained = analysis.groups, analysis.trained
    if not trained:
        return []
    found = every if len(every) <= MOST else most_accurate(trained, MOST)
    notes = [
        *left_out(len(every), MOST),
        *seeds_note(found, "One dot per seed; the numbers are means over the seeds."),
        *not_shown(every, lambda cell: cell.quality is not None),
    ]
    share, uniform = analysis.majority_share, math.log(len(analysis.dataset.counts))
    return [
        _figure(found, 9, "accuracy", share, f"share of the largest class ({share:.3f})", notes),
        _figure(found, 10, "loss", uniform, f"uniform prediction ({uniform:.3f})", notes),
    ]


def _figure(
    found: Sequence[Group],
    number: int,
    measure: str,
    chance: float,
    meaning: str,
    notes: Sequence[str],
) -> Figure:
    starts = [
        [initial(getattr(one.history, f"validation_{measure}")) for one in group.qualities]
        for group in found
    ]
    unit = "share, 0 to 1" if measure == "accuracy" else "nats"
    words = [
        f"Validation {measure} ({unit}) after one epoch of training, which the paper calls "
        "initial: dots (pretrained filled, random hollow) and numbers. Bars: untrained network. "
        f"Dotted line: {meaning}.",
        *notes,
    ]
    told = [
        f"{name(group)} {_mean(values, 1):.3f}"
        for group, values in zip(found, starts, strict=True)
        if values
    ]
    return Figure(
        key=f"figure-{number}-initial-{measure}",
        title=f"Figure {number}. Initial {measure} on the validation images",
        caption=" ".join(words),
        alt=briefly(f"Dot plot of validation {measure} after epoch 1: ", told),
        draw=lambda: _draw(found, starts, measure, chance),
    )


def _mean(values: Sequence[Initial], index: int) -> float:
    return float(np.mean([one[index] for one in values]))


def _draw(
    found: Sequence[Group], starts: Sequence[Sequence[Initial]], measure: str, chance: float
) -> Drawing:
    height = _ROW * len(found)
    drawing, board = sheet(_TOP + height + 36 + key_height(4, 4))
    dots = [(one, row) for row, values in enumerate(starts) for one in values]
    everything = [chance, *(figure for one, _ in dots for figure in one)]
    place = Plot(
        board, 150, _TOP, 310, height, Scale.around(everything), Scale(len(found) - 0.5, -0.5)
    )
    names = [(row, short_name(group)) for row, group in enumerate(found)]
    place.frame(place.x.ticks(), names)
    place.footing(f"validation {measure}{'' if measure == 'accuracy' else ', nats'}")
    chance_look: dict[str, Any] = {"color": SOFT, "linestyle": ":", "linewidth": 1.1}
    place.line([chance, chance], [-0.5, len(found) - 0.5], gid="chance", **chance_look)
    untrained = {**_DOT, "marker": "|", "markersize": 7.5, "color": SOFT}
    rows = [row for _, row in dots]
    place.line([one.untrained for one, _ in dots], rows, gid="untrained", zorder=3, **untrained)
    entries: list[tuple[str, dict[str, Any]]] = [("untrained", untrained)]
    for init, filling in INIT_FILLINGS.items():
        ours = [(one, row) for one, row in dots if found[row].init == init]
        if ours:
            look = {**_DOT, "markeredgecolor": SERIES[0], "markerfacecolor": filling or SERIES[0]}
            firsts, lines = [one.first_epoch for one, _ in ours], [row for _, row in ours]
            place.line(firsts, lines, gid=f"epoch-1-{init}", zorder=3, **look)
            entries.append((f"epoch 1, {init}", look))
    for row, (group, values) in enumerate(zip(found, starts, strict=True)):
        ended = next((cell.status for cell in group.cells if cell.status != "ok"), "not measured")
        words, colour = (f"{_mean(values, 1):.3f}", INK) if values else (ended, SOFT)
        board.text(466, float(place.up(row)) + 3, words, fontsize=8, color=colour)
    last = "largest class" if measure == "accuracy" else "uniform prediction"
    key(board, place.bottom + 32, [*entries, (last, chance_look)], 4)
    return drawing
