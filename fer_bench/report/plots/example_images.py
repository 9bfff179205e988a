"""Test images with each network's predictions: the paper's Figures 11 to 17."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.report.plots.canvas import SMALL, WIDTH, sheet
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import (
    briefly,
    left_out,
    most_accurate,
    name,
    not_shown,
    short,
    short_name,
)
from fer_bench.report.plots.palette import SOFT
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult, Example

_FIRST, _LAST = 11, 17
_RIGHT, _WRONG = "\N{CHECK MARK}", "\N{BALLOT X}"
_SIDE, _ROW, _HEAD, _GAP = 72.0, 11.5, 26.0, 12.0
_NAME, _SAID, _SURE, _SEEDS = 77.0, 166.0, 231.0, 252.0
"""Left edge of each column, right edge for numbers, from the left side of the image."""


class _Line(NamedTuple):
    """A network's prediction for one image.

    Attributes:
        group: the network.
        seed: seed of the predicting cell.
        right: True if the prediction equals the label.
        word: name of the predicted class.
        sure: probability of the predicted class.
        several: seeds that are right out of all, as ``2/3``; empty if there is only one.
    """

    group: Group
    seed: int
    right: bool
    word: str
    sure: float
    several: str


class _Said:
    """Predictions of the networks for the example images."""

    def __init__(self, analysis: Analysis) -> None:
        self.groups = analysis.groups
        self.classes = [clean(word) for word, _ in analysis.dataset.counts]
        self.labels = analysis.dataset.labels
        self.known = [group for group in self.groups if any(map(_predicts, group.cells))]
        self.shown = most_accurate(self.known)
        self._made = {
            (group.backbone, group.init): [
                (cell.seed, made.predicted, made.confidence)
                for cell in group.cells
                if cell.quality is not None and (made := cell.quality.predictions) is not None
            ]
            for group in self.known
        }

    def label(self, example: Example) -> str:
        return self.classes[int(self.labels[example.position])]

    def answers(self, group: Group, example: Example) -> list[_Line]:
        """Return the predictions of the network's seeds, as far as they are known."""
        at, made = example.position, self._made[group.backbone, group.init]
        right = [int(predicted[at]) == int(self.labels[at]) for _, predicted, _ in made]
        several = f"{sum(right)}/{len(right)}" if len(made) > 1 else ""
        return [
            _Line(group, seed, ours, self.classes[int(predicted[at])], float(sure[at]), several)
            for ours, (seed, predicted, sure) in zip(right, made, strict=True)
        ]

    def surest_mistake(self, example: Example) -> _Line | None:
        """Return the most confident wrong prediction of all cells; None if all are right."""
        wrong = [
            line for group in self.known for line in self.answers(group, example) if not line.right
        ]
        return max(wrong, key=lambda line: line.sure, default=None)

    def lines(self, example: Example, mistake: _Line | None) -> list[_Line]:
        """Return the first seeds' predictions, or the mistake and those of the other networks."""
        rest = [
            self.answers(group, example)[0]
            for group in self.shown
            if mistake is None or group is not mistake.group
        ]
        return rest if mistake is None else [mistake, *rest][: len(self.shown)]


def _predicts(cell: CellResult) -> bool:
    return cell.quality is not None and cell.quality.predictions is not None


def example_figures(analysis: Analysis) -> list[Figure]:
    """Return a figure for each class with example images, and one for the networks' mistakes."""
    said, run = _Said(analysis), analysis.run
    labelled = [example for example in run.examples if example.position < len(said.labels)]
    if not labelled or not said.known:
        return []
    of_class: dict[int, list[Example]] = {}
    others = []
    for example in labelled:
        code = int(said.labels[example.position])
        if example.why.startswith(f"{run.dataset.counts[code][0]}: "):
            of_class.setdefault(code, []).append(example)
        else:
            others.append(example)
    numbered = len(run.dataset.counts) == _LAST - _FIRST + 1
    made = []
    for code, shown in sorted(of_class.items()):
        number = _FIRST + code
        made.append(
            _figure(
                said,
                shown,
                f"figure-{number}" if numbered else f"examples-{code + 1}",
                (f"Figure {number}. " if numbered else "")
                + f"Predictions for images of {said.classes[code]}",
            )
        )
    if others:
        made.append(
            _figure(
                said,
                others,
                "mistakes",
                "Most confident mistakes",
                [said.surest_mistake(example) for example in others],
            )
        )
    return made


def _figure(
    said: _Said,
    shown: Sequence[Example],
    stem: str,
    title: str,
    mistakes: Sequence[_Line | None] | None = None,
) -> Figure:
    several = any(len(group.trained) > 1 for group in said.known)
    pictures = list(zip(shown, mistakes or [None] * len(shown), strict=True))
    rule = "; ".join(clean(example.why) for example in shown)
    if mistakes:
        rule = "the most confident mistakes of all networks, in bold"
    notes = [
        f"Each network's most probable class and its confidence; {_RIGHT}: correct, {_WRONG}: "
        f"incorrect. Images are chosen by a rule, not by hand: {rule}."
    ]
    if several:
        notes.append(
            f"{'Others' if mistakes else 'Networks'} with several seeds: prediction of the first "
            "seed. Grey: number of correct seeds."
        )
    notes += left_out(len(said.known))
    notes += not_shown(said.groups, _predicts, "no predictions")
    told = [_told(said, example, mistake) for example, mistake in pictures]
    alt = briefly("Correct cells per image: ", told, "the figure")
    return Figure(stem, title, " ".join(notes), alt, lambda: _draw(said, pictures))


def _told(said: _Said, example: Example, mistake: _Line | None) -> str:
    answers = [line for group in said.known for line in said.answers(group, example)]
    right = sum(line.right for line in answers)
    told = f"{short(said.label(example), 12)} {right} of {len(answers)}"
    if mistake is not None:
        told += (
            f" (most confident mistake: {name(mistake.group)}, seed {mistake.seed}, "
            f"{short(mistake.word, 12)} {mistake.sure:.2f})"
        )
    return told


def _draw(said: _Said, pictures: Sequence[tuple[Example, _Line | None]]) -> Drawing:
    tall = _HEAD + max(_SIDE, _ROW * len(said.shown)) + _GAP
    drawing, board = sheet(tall * -(-len(pictures) // 2) - _GAP + 10)
    for index, (example, mistake) in enumerate(pictures):
        left, top = index % 2 * (WIDTH / 2 + 2) + 2, index // 2 * tall
        _picture(board, said, example, mistake, left, top)
    return drawing


def _picture(
    board: Axes, said: _Said, example: Example, mistake: _Line | None, left: float, top: float
) -> None:
    board.text(left, top + 11, f"label: {short(said.label(example), 22)}", weight="bold")
    why = short(example.why, 34)
    if mistake is not None:
        why = f"mistake of {short_name(mistake.group, 22)}, seed {mistake.seed}"
    board.text(left, top + 21, why, fontsize=7, color=SOFT)
    below = top + _HEAD
    pixels = np.frombuffer(example.pixels, np.uint8).reshape(example.height, example.width)
    scale = _SIDE / max(example.height, example.width)
    board.imshow(
        pixels,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="none",
        aspect="auto",
        extent=(left, left + scale * example.width, below + scale * example.height, below),
    )
    for row, line in enumerate(said.lines(example, mistake)):
        base = below + _ROW * (row + 0.75)
        weight = "bold" if line is mistake else "normal"
        board.text(left + _NAME, base, short_name(line.group, 12.5), fontsize=7)
        said_so = f"{_RIGHT if line.right else _WRONG} {short(line.word, 5.0)}"
        board.text(left + _SAID, base, said_so, fontsize=SMALL, weight=weight)
        sure = f"{line.sure:.2f}"
        board.text(left + _SURE, base, sure, fontsize=SMALL, ha="right", weight=weight)
        if line.several:
            board.text(left + _SEEDS, base, line.several, fontsize=7, color=SOFT, ha="right")
