"""What is compared: one or more runs on each side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.results.records import CellResult, Run


@dataclass(frozen=True)
class Side:
    """One side of a comparison: the base or the head.

    Several runs are repetitions of one experiment by one commit: they tell how far a speed
    varies from run to run.

    Attributes:
        runs: one or more, each with a name for errors and notes, for example its path.
        unreadable: for each file of a directory that was left out, as it cannot be read, why.
    """

    runs: tuple[tuple[str, Run], ...]
    unreadable: tuple[str, ...] = ()


def timings(cell: CellResult) -> Iterator[tuple[str, tuple[float, ...]]]:
    """What was timed of a cell, with the seconds of each round, which tell a measurement apart."""
    if cell.training is not None:
        yield "training", cell.training.seconds
    for speed in cell.inference:
        yield f"inference, batch {speed.batch_size}", speed.seconds


def measurement(run: Run) -> frozenset[tuple[str, str, tuple[float, ...]]]:
    """All that a run timed, which no other run has: cell, what, and seconds of each round."""
    return frozenset(
        (cell.id, what, seconds) for cell in run.cells for what, seconds in timings(cell)
    )
