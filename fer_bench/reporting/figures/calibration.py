"""Whether confidence means what it says: reliability diagrams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from fer_bench.evaluation.calibration import expected_calibration_error, reliability
from fer_bench.groups import groups
from fer_bench.reporting.figures.drawing import WIDTH, sheet
from fer_bench.reporting.figures.figure import Figure
from fer_bench.reporting.figures.palette import GRID, SERIES, SOFT
from fer_bench.reporting.figures.wording import left_out, name, not_shown, seeds_note, short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.evaluation.calibration import Bin
    from fer_bench.groups import Group
    from fer_bench.results import CellResult, Run

MOST = 16
"""Panels."""
BINS = 15
_COLUMNS = 4
_LEFT, _HEAD, _SIDE, _FOOT = 32.0, 30.0, 100.0, 26.0


@dataclass(frozen=True)
class _Panel:
    group: Group
    bins: Sequence[Bin]
    error: float


def calibration(run: Run) -> list[Figure]:
    """One figure, a panel for each backbone and init; none where no predictions are known."""
    labels = run.dataset.labels
    found = groups(run)
    panels = []

    def known(cell: CellResult) -> bool:
        return bool(
            len(labels) and cell.quality is not None and cell.quality.predictions is not None
        )

    for group in found:
        made = next((cell.quality for cell in group.cells if known(cell)), None)
        if made is not None and made.predictions is not None:
            sure, right = made.predictions.confidence, made.predictions.predicted == labels
            error = expected_calibration_error(sure, right, BINS)
            panels.append(_Panel(group, reliability(sure, right, BINS), error))
    if not panels:
        return []
    notes = [
        f"Test images in {BINS} bins by confidence, the probability of the predicted class. Dots: "
        "share recognised of a bin against its mean confidence; larger dots hold more images. On "
        "the diagonal confidence is what it says, below it the network is too sure. Bars: the "
        "gap. ECE: expected calibration error, the mean gap weighted by images; 0 is best.",
        *seeds_note(found, "Of several seeds: the first."),
        *left_out(len(panels), MOST, "panels"),
        *not_shown(
            [group for group in found if not any(map(known, group.cells))],
            known,
            "its predictions are not known",
        ),
    ]
    told = "; ".join(f"{name(panel.group)} {panel.error:.3f}" for panel in panels)
    return [
        Figure(
            key="calibration",
            title="Calibration: share recognised against confidence",
            caption=" ".join(notes),
            alt=f"Reliability diagrams. Expected calibration errors: {told}.",
            draw=lambda: _draw(panels[:MOST]),
        )
    ]


def _draw(panels: Sequence[_Panel]) -> Drawing:
    rows = -(-len(panels) // _COLUMNS)
    drawing, board = sheet(rows * (_HEAD + _SIDE) + (rows - 1) * 14 + _FOOT)
    step = (WIDTH - _LEFT - 4) / _COLUMNS
    for index, panel in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        left, top = _LEFT + column * step, _HEAD + row * (_HEAD + _SIDE + 14)
        last = index + _COLUMNS >= len(panels)
        _panel(board, panel, left, top, tick_rows=last, tick_columns=column == 0)
    board.text(9, _HEAD + _SIDE / 2, "share recognised", rotation=90, ha="center", va="center")
    board.text(
        _LEFT + _SIDE / 2, rows * (_HEAD + _SIDE) + (rows - 1) * 14 + 20, "confidence", ha="center"
    )
    return drawing


def _panel(
    board: Axes, panel: _Panel, left: float, top: float, *, tick_rows: bool, tick_columns: bool
) -> None:
    low = top + _SIDE
    board.text(left, top - 15, short_name(panel.group, 14.5), fontsize=7.5)
    board.text(left, top - 5, f"ECE {panel.error:.3f}", fontsize=7.5, color=SOFT)
    lines = [[(left + _SIDE * at, top), (left + _SIDE * at, low)] for at in (0, 0.5, 1)]
    lines += [[(left, low - _SIDE * at), (left + _SIDE, low - _SIDE * at)] for at in (0, 0.5, 1)]
    board.add_collection(LineCollection(lines, colors=GRID, linewidths=0.6, clip_on=False))
    diagonal_line = [(left, low), (left + _SIDE, top)]
    board.add_collection(
        LineCollection([diagonal_line], colors=SOFT, linewidths=0.9, linestyles=":", clip_on=False)
    )
    known = [
        (one.confidence, one.accuracy, one.images, one.high - one.low)
        for one in panel.bins
        if one.confidence is not None and one.accuracy is not None
    ]
    sure = np.array([one[0] for one in known])
    share = np.array([one[1] for one in known])
    images = np.array([one[2] for one in known])
    x, y, diagonal = left + _SIDE * sure, low - _SIDE * share, low - _SIDE * sure
    half = 0.4 * _SIDE * known[0][3]
    gaps = [
        [(at - half, ours), (at + half, ours), (at + half, ideal), (at - half, ideal)]
        for at, ours, ideal in zip(x, y, diagonal, strict=True)
    ]
    board.add_collection(
        PolyCollection(gaps, facecolors=SERIES[1], alpha=0.3, linewidths=0, clip_on=False)
    )
    board.add_artist(Line2D(x, y, color=SERIES[0], linewidth=1, clip_on=False))
    board.scatter(x, y, s=6 + 50 * images / images.sum(), color=SERIES[0], linewidths=0, zorder=3)
    for at in (0, 0.5, 1):
        if tick_rows:
            board.text(left + _SIDE * at, low + 9, f"{at:g}", fontsize=7, ha="center", color=SOFT)
        if tick_columns:
            base = low - _SIDE * at + 2.5
            board.text(left - 4, base, f"{at:g}", fontsize=7, ha="right", color=SOFT)
