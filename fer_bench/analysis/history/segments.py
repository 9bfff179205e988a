"""Segmentation of one metric over the stored runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.history.series import ChangePoint, Point, Restart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.outcome import Change, ChangeKind

MOVING: tuple[ChangeKind, ...] = ("better", "worse", "moved", "not deterministic")

Name = tuple[str, "Metric | None", str]
"""Key of a series: its cell, its metric, and the class or batch size."""


class Segmentation:
    """Segmentation of one metric after some of the runs.

    A segment consists of runs between two change points.

    Attributes:
        points: values so far.
        moves: change points in the order in which they were found.
        restarts: run and reason of each restart, in the order of the runs.
        stretch: current segment: the runs since the last change point.
        earlier: previous segments since the last restart.
        doubtful: True if later runs may still mark the last change point as an outlier or remove
            it.
        odd: outliers since the last restart; they belong to no segment.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.moves: list[ChangePoint] = []
        self.restarts: list[tuple[int, str]] = []
        self.stretch: tuple[int, ...] = ()
        self.earlier: list[tuple[int, ...]] = []
        self.doubtful = False
        self.odd: tuple[int, ...] = ()

    @property
    def told(self) -> tuple[ChangePoint, ...]:
        """Change points in the order of the runs."""
        return tuple(sorted(self.moves, key=lambda move: move.run))

    def stay(self, run: int) -> None:
        """Add a run to the current segment."""
        self.stretch = (*self.stretch, run)

    def move(self, run: int, change: Change, *, doubtful: bool) -> None:
        """Start a new segment with a run that is a change point."""
        self.stay(run)
        self.split(len(self.stretch) - 1, change)
        self.doubtful = doubtful

    def split(self, place: int, change: Change) -> None:
        """Split the current segment after its first ``place`` runs."""
        before, after = self.stretch[:place], self.stretch[place:]
        self.moves.append(
            ChangePoint(after[0], change.base, change.head, change.verdict, change.why)
        )
        self.earlier.append(before)
        self.stretch, self.doubtful = after, False

    def join(self) -> None:
        """Remove the last change point and merge the segments around it."""
        self.moves.remove([move for move in self.moves if not move.undone][-1])
        self.stretch = (*self.earlier.pop(), *self.stretch)
        # Change points found against a shorter segment must be tested again.
        self.doubtful = bool(self.earlier)

    def undo(self, run: int) -> None:
        """Drop the outlier that is the current segment; add this run to the previous segment."""
        self.moves[-1] = dataclasses.replace(self.moves[-1], undone=True)
        self.odd += self.stretch
        self.stretch = (*self.earlier.pop(), run)
        self.doubtful = bool(self.earlier)

    def include(self, odd: int) -> None:
        """Add an outlier to the current segment."""
        self.moves = [move for move in self.moves if move.run != odd]
        self.odd = tuple(other for other in self.odd if other != odd)
        self.stretch = tuple(sorted((*self.stretch, odd)))

    def restart(self, run: int, why: str) -> None:
        """Start a new segment without a change point."""
        self.restarts.append((run, why))
        self.stretch, self.earlier, self.doubtful, self.odd = (run,), [], False, ()


def restarts(walks: Mapping[Name, Segmentation], names: Iterable[Name]) -> tuple[Restart, ...]:
    """Return the restarts of all metrics, in the order of the runs."""
    found: dict[tuple[int, str], list[str]] = {}
    for cell, figure, of in names:
        for restart in walks[cell, figure, of].restarts:
            found.setdefault(restart, []).append(f"{cell} {figure.named(of) if figure else ''}")
    return tuple(Restart(run, tuple(found[run, why]), why) for run, why in sorted(found))
