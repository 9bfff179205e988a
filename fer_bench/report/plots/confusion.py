"""Confusion matrices of the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.report.confusion_matrices import heat_maps
from fer_bench.report.plots import labels
from fer_bench.report.plots.axes import SMALL, add_axes, set_ticks
from fer_bench.report.plots.figure import WIDTH, Figure
from fer_bench.report.plots.palette import SERIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.confusion_matrices import HeatMap

MOST_FULL = 4
"""Maximum number of panels with all numbers; with more, only the diagonals hold numbers."""
MOST_NUMBERS = 10
"""Maximum number of classes with numbers; with more, shares are shown by colour only."""
DEEPEST = 0.55
"""Opacity of a share of 1, on which text is still legible."""
_LEFT, _RIGHT, _GAP = 52.0, 6.0, (12.0, 20.0)
_LEAST_FONT = 4.0


def confusion_figures(analysis: Analysis) -> list[Figure]:
    """Return one figure with a panel per backbone and init; empty if nothing was tested."""
    if not analysis.trained or not analysis.dataset.has_test:
        return []
    data = heat_maps(analysis, labels.most_accurate(analysis.trained))
    numbers = "; numbers: per cent" if len(data) <= MOST_FULL else "; numbers: recall in per cent"
    if len(data[0].lines) > MOST_NUMBERS:
        numbers = ""
    notes = [
        "Rows: true class; columns: predicted class, in the same order. Colour: share of the "
        f"row's test images{numbers}. Rows without test images are empty.",
        *labels.seeds_note(analysis.groups, "Counts are summed over all seeds."),
        *labels.left_out(len(analysis.trained)),
        *labels.not_shown(analysis.groups),
    ]
    return [
        Figure(
            key="confusion",
            title="Confusion matrices",
            caption=" ".join(notes),
            alt=labels.briefly(
                "Confusion matrices. Accuracy and most frequent error: ", list(map(_summary, data))
            ),
            data=data,
            draw=_draw,
        )
    ]


def _summary(heat_map: HeatMap) -> str:
    text = f"{labels.short_label(heat_map.label)} {heat_map.accuracy or 0:.0%}"
    names = [labels.short(line.name, 16) for line in heat_map.lines]
    errors = [
        (one.share, f"{line} as {predicted}")
        for code, (line, row) in enumerate(zip(names, heat_map.lines, strict=True))
        for other, (predicted, one) in enumerate(zip(names, row.shares, strict=True))
        if one.share and other != code
    ]
    share, words = max(errors, key=lambda error: error[0], default=(0, ""))
    return f"{text}, {words} ({share:.0%})" if words else text


def _draw(drawing: Drawing, data: Sequence[HeatMap]) -> None:
    names = [line.name for line in data[0].lines]
    columns = 2 if len(data) <= 2 else 3 if len(data) <= 6 else 4
    side = (WIDTH - _LEFT - _RIGHT - (columns - 1) * _GAP[0]) / columns
    size = min(SMALL, 0.85 * side / len(names))
    words = [labels.short(name, int(68 / size)) if size >= _LEAST_FONT else "" for name in names]
    panels = add_axes(
        drawing, len(data), columns, side, left=_LEFT, right=_RIGHT, top=18, bottom=52, gap=_GAP
    )
    for index, (axes, heat_map) in enumerate(zip(panels, data, strict=True)):
        axes.set_title(labels.short_label(heat_map.label, 21), fontsize=SMALL, pad=4)
        set_ticks(axes.xaxis, ())
        set_ticks(axes.yaxis, ())
        for code, word in enumerate(words):
            if index % columns == 0:
                axes.text(-0.7, code, word, ha="right", va="center", fontsize=size)
            if index + columns >= len(data):
                look: dict[str, Any] = {
                    "rotation": 90,
                    "ha": "center",
                    "va": "top",
                    "fontsize": size,
                }
                axes.text(code, len(names) - 0.3, word, **look)
        shares = np.array([[one.share or 0 for one in line.shares] for line in heat_map.lines])
        colours = np.full((*shares.shape, 4), (*bytes.fromhex(SERIES[0][1:]), 0)) / 255
        colours[..., 3] = DEEPEST * shares
        axes.imshow(colours, interpolation="none")
        for row, line in enumerate(heat_map.lines if len(names) <= MOST_NUMBERS else ()):
            for column in range(len(names)) if len(data) <= MOST_FULL else [row]:
                if line.total:
                    look = {"ha": "center", "va": "center", "fontsize": SMALL}
                    look["weight"] = "bold" if row == column else "normal"
                    axes.text(column, row, f"{100 * shares[row, column]:.0f}", **look)
