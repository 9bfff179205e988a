"""Confusion matrices of the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba

from fer_bench.report.plots.canvas import WIDTH, sheet
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import (
    briefly,
    left_out,
    most_accurate,
    name,
    not_shown,
    seeds_note,
    short,
    short_name,
)
from fer_bench.report.plots.palette import SERIES, SOFT
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

MOST_FULL = 4
"""Maximum number of panels with all numbers; with more, only the diagonals hold numbers."""
MOST_NUMBERS = 10
"""Maximum number of classes with numbers; with more, shares are shown by colour only."""
DEEPEST = 0.55
"""Opacity of a share of 1, on which text is still legible."""
_LEFT, _RIGHT, _HEAD, _FOOT, _GAP = 50.0, 6.0, 18.0, 52.0, 12.0
_LEAST_FONT = 4.0


def confusion(analysis: Analysis) -> list[Figure]:
    """Return one figure with a panel per backbone and init; empty if nothing was tested."""
    if not analysis.trained or not analysis.dataset.has_test:
        return []
    trained = most_accurate(analysis.trained)
    classes = [clean(word) for word, _ in analysis.dataset.counts]
    counts = [np.sum([one.confusion for one in group.qualities], axis=0) for group in trained]
    full = len(trained) <= MOST_FULL
    numbers = "; numbers: per cent" if full else "; numbers: recall in per cent"
    if len(classes) > MOST_NUMBERS:
        numbers = ""
    notes = [
        "Rows: true class; columns: predicted class, in the same order. Colour: share of the "
        f"row's test images{numbers}. Rows without test images are empty.",
        *seeds_note(analysis.groups, "Counts are summed over all seeds."),
        *left_out(len(analysis.trained)),
        *not_shown(analysis.groups, lambda cell: cell.quality is not None),
    ]
    return [
        Figure(
            key="confusion",
            title="Confusion matrices",
            caption=" ".join(notes),
            alt=briefly(
                "Confusion matrices. Accuracy and most frequent error: ",
                [_told(group, one, classes) for group, one in zip(trained, counts, strict=True)],
            ),
            draw=lambda: _draw(trained, counts, classes),
        )
    ]


def _told(group: Group, counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    diagonal = int(np.trace(counts))
    told = f"{name(group)} {diagonal / max(int(counts.sum()), 1):.0%}"
    wrong = _shares(counts)
    np.fill_diagonal(wrong, 0)
    label, predicted = divmod(int(wrong.argmax()), len(classes))
    if wrong[label, predicted] > 0:
        told += (
            f", {short(classes[label], 12)} as {short(classes[predicted], 12)} "
            f"({wrong[label, predicted]:.0%})"
        )
    return told


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of each entry in its row; 0 in rows without images."""
    totals = counts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = counts / np.maximum(totals, 1)
    return shares


def _draw(
    trained: Sequence[Group], counts: Sequence[NDArray[np.int64]], classes: Sequence[str]
) -> Drawing:
    columns = 2 if len(trained) <= 2 else 3 if len(trained) <= 6 else 4
    side = (WIDTH - _LEFT - _RIGHT - (columns - 1) * _GAP) / columns
    rows = -(-len(trained) // columns)
    drawing, board = sheet(rows * (_HEAD + side) + _FOOT)
    for index, (group, one) in enumerate(zip(trained, counts, strict=True)):
        row, column = divmod(index, columns)
        left, top = _LEFT + column * (side + _GAP), _HEAD + row * (_HEAD + side)
        board.text(left, top - 5, short_name(group, side / 7.2), fontsize=7.5)
        _panel(board, one, left, top, side, full=len(trained) <= MOST_FULL)
        step = side / len(classes)
        size = min(7.5, 0.85 * step)
        if size < _LEAST_FONT:
            continue
        for code, word in enumerate(classes):
            middle = (code + 0.5) * step
            label = short(word, 44 / size)
            if column == 0:
                board.text(left - 4, top + middle + 0.36 * size, label, fontsize=size, ha="right")
            if index + columns >= len(trained):
                place = (left + middle, top + side + 4)
                board.text(*place, label, fontsize=size, rotation=90, ha="center", va="top")
    return drawing


def _panel(
    board: Axes, counts: NDArray[np.int64], left: float, top: float, side: float, *, full: bool
) -> None:
    step = side / len(counts)
    shares = _shares(counts)
    tested = counts.sum(axis=1) > 0
    size = min(8, 0.42 * step)
    at = np.arange(len(counts)) * step
    squares, colours = [], []
    for row, y in enumerate(top + at):
        for column, x in enumerate(left + at):
            percent = round(100 * shares[row, column])
            if percent:
                squares.append([(x, y), (x + step, y), (x + step, y + step), (x, y + step)])
                colours.append(to_rgba(SERIES[0], DEEPEST * percent / 100))
            if tested[row] and len(counts) <= MOST_NUMBERS and (full or row == column):
                board.text(
                    x + step / 2,
                    y + step / 2 + 0.36 * size,
                    str(percent),
                    fontsize=size,
                    ha="center",
                    weight="bold" if row == column else "normal",
                )
    board.add_collection(PolyCollection(squares, facecolors=colours, linewidths=0, clip_on=False))
    frame = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    board.add_collection(
        PolyCollection([frame], facecolors="none", edgecolors=SOFT, linewidths=0.7, clip_on=False)
    )
