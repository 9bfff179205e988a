"""Figures over several stored runs, and where they moved, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.compared_metrics import Figure
    from fer_bench.analysis.comparison.outcome import Verdict
    from fer_bench.analysis.history.archive import Archive


@dataclass(frozen=True)
class Point:
    """A figure in one run.

    Attributes:
        run: which one, from 0.
        value: the mean over the seeds, or the speed as it was measured.
    """

    run: int
    value: float


@dataclass(frozen=True)
class Move:
    """A run in which a figure differs from the runs before.

    Attributes:
        run: which one, from 0.
        base: the figure in the runs before, as the comparison took it; None where the whole cell
            moved.
        head: the same in this run, or in this and later runs where they told the move together.
        verdict: ``"better"``, ``"worse"``, ``"moved"`` or ``"not deterministic"``.
        why: how it was decided: one line.
        undone: whether it is a speed, and the next run that measured it is back where it was,
            unlike this one: then the machine was odd in this run, and the figure did not move.
    """

    run: int
    base: float | None
    head: float | None
    verdict: Verdict
    why: str
    undone: bool = False


@dataclass(frozen=True)
class Series:
    """One figure of one backbone and init over the stored runs.

    Attributes:
        cell: backbone and init.
        figure: None where the whole cell is meant, which moves where it is not deterministic.
        of: which one of several: a class, a batch size, or empty.
        points: of each run that measured it, in their order; none of a whole cell.
        moves: in their order.
    """

    cell: str
    figure: Figure | None
    of: str
    points: tuple[Point, ...]
    moves: tuple[Move, ...]

    @property
    def name(self) -> str:
        """The figure's name with what it is of."""
        return "the whole cell" if self.figure is None else self.figure.named(self.of)

    @property
    def lasting(self) -> tuple[Move, ...]:
        """The moves that the next run did not undo."""
        return tuple(move for move in self.moves if not move.undone)

    @property
    def first(self) -> Move | None:
        """The first of them: where the figure first moved since the oldest run."""
        return next(iter(self.lasting), None)

    @property
    def latest(self) -> Move | None:
        """The last of them."""
        return next(reversed(self.lasting), None)


@dataclass(frozen=True)
class Restart:
    """A run that could not be compared with those before, so that comparing starts anew there.

    Attributes:
        run: which one, from 0.
        series: cell and name of the figures that this is said of.
        why: one line.
    """

    run: int
    series: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Trend:
    """All figures over the stored runs.

    Attributes:
        archive: the runs.
        series: by cell, those of the newest run first; then by figure, the whole cell first.
        restarts: in the order of the runs.
    """

    archive: Archive
    series: tuple[Series, ...]
    restarts: tuple[Restart, ...]
