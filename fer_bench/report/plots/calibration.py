"""Reliability diagrams: accuracy against confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from fer_bench.metrics.calibration import reliability
from fer_bench.report.plots.canvas import WIDTH, sheet
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
from fer_bench.report.plots.palette import GRID, PAPER, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics.calibration import Bin

BINS = 15
FEW = 10
"""Images per seed below which a bin is drawn hollow, as its accuracy alone means little."""
_COLUMNS = 4
_LEFT, _HEAD, _SIDE, _FOOT = 32.0, 30.0, 100.0, 26.0


@dataclass(frozen=True)
class _Panel:
    group: Group
    bins: Sequence[Bin]
    error: float

    @property
    def seeds(self) -> int:
        return len(self.group.trained)


def calibration(analysis: Analysis) -> list[Figure]:
    """Return one figure with a panel per backbone and init; empty if no predictions are known."""
    found = analysis.groups
    known = [group for group in found if group.correct is not None]
    if not known:
        return []
    panels = [panel for group in most_accurate(known) if (panel := _measured(group)) is not None]
    notes = [
        f"Test images in {BINS} bins by confidence, the probability of the predicted class. Dots: "
        "accuracy of a bin against its mean confidence; area: number of images, hollow if fewer "
        f"than {FEW}. On the diagonal the network is calibrated, below it overconfident. Bars: the "
        "gap. ECE: expected calibration error, the mean gap weighted by images; 0 is best.",
        *seeds_note(found, "Bins hold the images of all seeds; ECE: mean over the seeds."),
        *left_out(len(known)),
        *not_shown(
            found,
            lambda cell: cell.quality is not None and cell.quality.predictions is not None,
            "no predictions",
        ),
    ]
    told = [f"{name(panel.group)} {panel.error:.3f}" for panel in panels]
    return [
        Figure(
            key="calibration",
            title="Calibration: accuracy against confidence",
            caption=" ".join(notes),
            alt=briefly("Reliability diagrams. Expected calibration errors: ", told),
            draw=lambda: _draw(panels),
        )
    ]


def _measured(group: Group) -> _Panel | None:
    if group.correct is None or group.calibration_error is None:
        return None
    confidence = np.concatenate([one.confidence for one in group.predictions])
    bins = reliability(confidence, group.correct.ravel(), BINS)
    return _Panel(group, bins, group.calibration_error)


def _draw(panels: Sequence[_Panel]) -> Drawing:
    rows = -(-len(panels) // _COLUMNS)
    drawing, board = sheet(rows * (_HEAD + _SIDE) + (rows - 1) * 14 + _FOOT)
    step = (WIDTH - _LEFT - 4) / _COLUMNS
    for index, panel in enumerate(panels):
        row, column = divmod(index, _COLUMNS)
        left, top = _LEFT + column * step, _HEAD + row * (_HEAD + _SIDE + 14)
        last = index + _COLUMNS >= len(panels)
        _panel(board, panel, left, top, tick_rows=last, tick_columns=column == 0)
    board.text(9, _HEAD + _SIDE / 2, "accuracy", rotation=90, ha="center", va="center")
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
        PolyCollection(gaps, facecolors=SOFT, alpha=0.3, linewidths=0, clip_on=False)
    )
    few = images < FEW * panel.seeds
    board.scatter(
        x,
        y,
        s=3 + 120 * images / images.sum(),
        facecolors=[PAPER if one else SERIES[0] for one in few],
        edgecolors=SERIES[0],
        linewidths=0.8,
        zorder=3,
        clip_on=False,
    )
    for at in (0, 0.5, 1):
        if tick_rows:
            board.text(left + _SIDE * at, low + 9, f"{at:g}", fontsize=7, ha="center", color=SOFT)
        if tick_columns:
            base = low - _SIDE * at + 2.5
            board.text(left - 4, base, f"{at:g}", fontsize=7, ha="right", color=SOFT)
