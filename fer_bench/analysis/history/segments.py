"""One figure on its way through the stored runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.history.series import Move, Point, Restart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.comparison.compared_metrics import Figure
    from fer_bench.analysis.comparison.outcome import Change, Verdict

MOVING: tuple[Verdict, ...] = ("better", "worse", "moved", "not deterministic")

Name = tuple[str, "Figure | None", str]
"""Of a series: its cell, its figure, and what that is of."""


class Walk:
    """What is known of one figure after some of the runs.

    Attributes:
        points: so far.
        moves: in the order in which they were found.
        restarts: run and why, in the order of the runs.
        stretch: the runs since the last move.
        earlier: the stretches before it, since the last restart.
        doubtful: whether later runs may still undo the last move or take it back.
        odd: runs since the last restart that are in no stretch.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.moves: list[Move] = []
        self.restarts: list[tuple[int, str]] = []
        self.stretch: tuple[int, ...] = ()
        self.earlier: list[tuple[int, ...]] = []
        self.doubtful = False
        self.odd: tuple[int, ...] = ()

    @property
    def told(self) -> tuple[Move, ...]:
        """The moves in the order of the runs."""
        return tuple(sorted(self.moves, key=lambda move: move.run))

    def stay(self, run: int) -> None:
        """Takes a run into the stretch."""
        self.stretch = (*self.stretch, run)

    def move(self, run: int, change: Change, *, doubtful: bool) -> None:
        """Begins a stretch with a run that moved."""
        self.stay(run)
        self.split(len(self.stretch) - 1, change)
        self.doubtful = doubtful

    def split(self, place: int, change: Change) -> None:
        """Begins a stretch within the present one, after so many of its runs."""
        before, after = self.stretch[:place], self.stretch[place:]
        self.moves.append(Move(after[0], change.base, change.head, change.verdict, change.why))
        self.earlier.append(before)
        self.stretch, self.doubtful = after, False

    def join(self) -> None:
        """Takes the last move back: the stretches around it are one."""
        self.moves.remove([move for move in self.moves if not move.undone][-1])
        self.stretch = (*self.earlier.pop(), *self.stretch)
        # What was told before of a shorter stretch has to be told anew.
        self.doubtful = bool(self.earlier)

    def undo(self, run: int) -> None:
        """Leaves the odd run out that the stretch consists of; this run is back before it."""
        self.moves[-1] = dataclasses.replace(self.moves[-1], undone=True)
        self.odd += self.stretch
        self.stretch = (*self.earlier.pop(), run)
        self.doubtful = bool(self.earlier)

    def include(self, odd: int) -> None:
        """Takes an odd run into the stretch."""
        self.moves = [move for move in self.moves if move.run != odd]
        self.odd = tuple(other for other in self.odd if other != odd)
        self.stretch = tuple(sorted((*self.stretch, odd)))

    def restart(self, run: int, why: str) -> None:
        """Begins a stretch without a move."""
        self.restarts.append((run, why))
        self.stretch, self.earlier, self.doubtful, self.odd = (run,), [], False, ()


def restarts(walks: Mapping[Name, Walk], names: Iterable[Name]) -> tuple[Restart, ...]:
    """Those of all figures, in the order of the runs."""
    found: dict[tuple[int, str], list[str]] = {}
    for cell, figure, of in names:
        for restart in walks[cell, figure, of].restarts:
            found.setdefault(restart, []).append(f"{cell} {figure.named(of) if figure else ''}")
    return tuple(Restart(run, tuple(found[run, why]), why) for run, why in sorted(found))
