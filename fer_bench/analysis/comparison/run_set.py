"""Base and head of a comparison, each consisting of one or more runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.results.records import CellResult, Run


@dataclass(frozen=True)
class RunSet:
    """Base or head of a comparison.

    Several runs are repetitions of one experiment at one commit; they show how much a speed varies
    from run to run.

    Attributes:
        runs: at least one, each with a name for errors and notes, such as its path.
        unreadable: for each unreadable file that was skipped in a directory, the reason.
    """

    runs: tuple[tuple[str, Run], ...]
    unreadable: tuple[str, ...] = ()


def timings(cell: CellResult) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield each timed operation of a cell with its seconds per round.

    The seconds identify a measurement, as no other has the same ones.
    """
    if cell.training is not None:
        yield "training", cell.training.seconds
    for speed in cell.inference:
        yield f"inference, batch {speed.batch_size}", speed.seconds


def measurement(run: Run) -> frozenset[tuple[str, str, tuple[float, ...]]]:
    """Return the timings that identify a run: cell, operation, and seconds of each round."""
    return frozenset(
        (cell.id, what, seconds) for cell in run.cells for what, seconds in timings(cell)
    )
