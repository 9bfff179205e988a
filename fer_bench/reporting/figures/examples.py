"""Test pictures with what each network says of them: the paper's Figures 11 to 17."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.groups import groups
from fer_bench.reporting.figures.drawing import SMALL, WIDTH, sheet
from fer_bench.reporting.figures.figure import Figure
from fer_bench.reporting.figures.palette import SOFT
from fer_bench.reporting.figures.wording import left_out, name, not_shown, short, short_name
from fer_bench.reporting.render import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.groups import Group
    from fer_bench.results import CellResult, Example, Run

MOST = 16
"""Networks beside a picture."""
_FIRST, _LAST = 11, 17
_RIGHT, _WRONG = "\N{CHECK MARK}", "\N{BALLOT X}"
_SIDE, _ROW, _HEAD, _GAP = 80.0, 11.5, 26.0, 12.0
_NAME, _SAID, _SURE, _SEEDS = 85.0, 166.0, 231.0, 252.0
"""Where each column begins or, of numbers, ends; from the picture's left side."""


class _Said:
    """What the networks say of the pictures."""

    def __init__(self, run: Run) -> None:
        self.groups = groups(run)
        self.classes = [clean(word) for word, _ in run.dataset.counts]
        self.labels = run.dataset.labels
        known = [group for group in self.groups if any(map(_predicts, group.cells))]
        self.total = len(known)
        self.known = known[:MOST]
        self._made = [
            [
                (one.predicted, one.confidence)
                for one in (quality.predictions for quality in group.qualities)
                if one is not None
            ]
            for group in self.known
        ]

    def label(self, example: Example) -> str:
        return self.classes[int(self.labels[example.position])]

    def lines(self, example: Example) -> list[tuple[Group, bool, str, float, str]]:
        """Of each network: whether it is right, its class, confidence, and how many seeds are."""
        said = []
        for group, made in zip(self.known, self._made, strict=True):
            codes = [int(predicted[example.position]) for predicted, _ in made]
            right = [code == self.labels[example.position] for code in codes]
            sure = float(made[0][1][example.position])
            several = f"{sum(right)}/{len(right)}" if len(made) > 1 else ""
            said.append((group, right[0], self.classes[codes[0]], sure, several))
        return said


def _predicts(cell: CellResult) -> bool:
    return cell.quality is not None and cell.quality.predictions is not None


def example_figures(run: Run) -> list[Figure]:
    """A figure for each class with pictures to show, and one for the networks' mistakes."""
    said = _Said(run)
    if not run.examples or not said.known:
        return []
    of_class: dict[int, list[Example]] = {}
    others = []
    for example in run.examples:
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
                + f"What the networks see in pictures of {said.classes[code]}",
            )
        )
    if others:
        made.append(
            _figure(said, others, "mistakes", "Pictures that networks are most surely wrong about")
        )
    return made


def _figure(said: _Said, shown: Sequence[Example], stem: str, title: str) -> Figure:
    several = any(len(group.trained) > 1 for group in said.known)
    notes = [
        f"Each network's most probable class and its confidence; {_RIGHT}: as labelled, "
        f"{_WRONG}: not so. Pictures are chosen by a rule, not by hand: "
        + "; ".join(clean(example.why) for example in shown)
        + "."
    ]
    if several:
        notes.append(
            "Networks with several seeds: the first seed's answer, and how many of the seeds are "
            "right."
        )
    notes += left_out(said.total, MOST, "networks")
    notes += not_shown(said.groups, _predicts, "its predictions are not known")
    told = []
    for example in shown:
        answers = ", ".join(
            f"{name(group)} {word} {sure:.2f} ({'right' if right else 'wrong'})"
            for group, right, word, sure, _ in said.lines(example)
        )
        told.append(f"A picture of {said.label(example)}: {answers}.")
    return Figure(stem, title, " ".join(notes), " ".join(told), lambda: _draw(said, shown))


def _draw(said: _Said, shown: Sequence[Example]) -> Drawing:
    tall = _HEAD + max(_SIDE, _ROW * len(said.known)) + _GAP
    drawing, board = sheet(tall * -(-len(shown) // 2) - _GAP + 10)
    for index, example in enumerate(shown):
        _picture(board, said, example, index % 2 * (WIDTH / 2 + 2) + 2, index // 2 * tall)
    return drawing


def _picture(board: Axes, said: _Said, example: Example, left: float, top: float) -> None:
    board.text(left, top + 11, f"labelled {short(said.label(example), 22)}", weight="bold")
    board.text(left, top + 21, short(example.why, 34), fontsize=7, color=SOFT)
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
    for row, (group, right, word, sure, several) in enumerate(said.lines(example)):
        base = below + _ROW * (row + 0.75)
        board.text(left + _NAME, base, short_name(group, 11.4), fontsize=7)
        mark = _RIGHT if right else _WRONG
        board.text(left + _SAID, base, f"{mark} {short(word, 5.0)}", fontsize=SMALL)
        board.text(left + _SURE, base, f"{sure:.2f}", fontsize=SMALL, ha="right")
        if several:
            board.text(left + _SEEDS, base, several, fontsize=7, color=SOFT, ha="right")
