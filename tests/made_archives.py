"""Stored runs, made by hand from a few figures for each, and their files."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from made_runs import document, made_cell, made_run

from fer_bench.analysis.comparison import default_rules
from fer_bench.analysis.history.archive import Archive, Stored
from fer_bench.analysis.history.trend import trend

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fer_bench.analysis.history.series import Series, Trend
    from fer_bench.results.records import CellResult, Run

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
UNEVEN = (1.0, 1.004, 0.997, 1.002, 0.999, 1.001, 0.998, 1.003)
"""Of ten rounds the first eight, and then the first two again: what one process varies by."""


def rounds(speed: float) -> list[float]:
    """Images per second of ten rounds around a speed."""
    return [speed * UNEVEN[index % len(UNEVEN)] for index in range(10)]


def mini(test: float = 0.4, speed: float | None = None, **other: Any) -> CellResult:
    """A cell of ``mini``, pretrained unless said otherwise."""
    init = other.pop("init", "pretrained")
    return made_cell("mini", init, test, speed=None if speed is None else rounds(speed), **other)


def run_of(*cells: CellResult, facts: dict[str, str] | None = None, **settings: Any) -> Run:
    """A run with these cells, facts of its environment and settings of its protocol."""
    run = made_run(*cells, **settings)
    return dataclasses.replace(run, environment=tuple((facts or {}).items()))


def stored(run: Run, number: int = 0) -> Stored:
    """The run as the file of that number, measured at noon a day after the one before."""
    return Stored(f"{number:04}.json", START + timedelta(days=number), run)


def archive_of(*runs: Run) -> Archive:
    return Archive(tuple(stored(run, number) for number, run in enumerate(runs)))


def trend_of(*runs: Run) -> Trend:
    return trend(archive_of(*runs), default_rules())


def of_accuracies(*shares: float) -> Trend:
    """The trend of runs of one cell that recognises those shares of the test images."""
    return trend_of(*(run_of(mini(share)) for share in shares))


def of_speeds(*speeds: float) -> Trend:
    """The trend of runs of one cell that takes so many images per second."""
    return trend_of(*(run_of(mini(speed=speed)) for speed in speeds))


def series_of(found: Trend, name: str, cell: str = "mini-pretrained") -> Series:
    (one,) = [one for one in found.series if (one.cell, one.name) == (cell, name)]
    return one


def moves_of(found: Trend, name: str, cell: str = "mini-pretrained") -> list[tuple[int, str, bool]]:
    """Run, verdict and whether the next run undid it, of each move of a figure."""
    moves = series_of(found, name, cell).moves
    return [(move.run, move.verdict, move.undone) for move in moves]


def document_of(run: Run, time: str | None) -> dict[str, Any]:
    """What pytest-benchmark would write of a run, in its barest form."""
    return document(run) | ({} if time is None else {"datetime": time})


def write_stored(folder: Path, runs: Iterable[Run]) -> list[Path]:
    """Writes the runs as ``archive_of`` has them, each into a folder of its own."""
    paths = []
    for number, run in enumerate(runs):
        one = stored(run, number)
        path = folder / f"machine-{number % 2}" / one.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document_of(run, one.time.isoformat())))
        paths.append(path)
    return paths
