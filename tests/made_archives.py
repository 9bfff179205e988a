"""Handmade stored runs, each from a few metrics, and their files."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from made_runs import document, made_cell, made_run

from fer_bench.analysis.comparison import default_thresholds
from fer_bench.analysis.history.archive import Archive, StoredRun
from fer_bench.analysis.history.trend import find_trend

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fer_bench.analysis.history.series import Series, Trend
    from fer_bench.results.records import CellResult, Run

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
UNEVEN = (1.0, 1.004, 0.997, 1.002, 0.999, 1.001, 0.998, 1.003)
"""Relative speeds of the rounds of one process; ten rounds repeat the first two."""


def rounds(speed: float) -> list[float]:
    """Return images per second of ten rounds around a speed."""
    return [speed * UNEVEN[index % len(UNEVEN)] for index in range(10)]


def mini(test: float = 0.4, speed: float | None = None, **other: Any) -> CellResult:
    """Return a cell of ``mini``, pretrained by default."""
    init = other.pop("init", "pretrained")
    return made_cell("mini", init, test, speed=None if speed is None else rounds(speed), **other)


def run_of(*cells: CellResult, facts: dict[str, str] | None = None, **settings: Any) -> Run:
    """Return a run with these cells, environment facts and protocol settings."""
    run = made_run(*cells, **settings)
    return dataclasses.replace(run, environment=tuple((facts or {}).items()))


def stored(run: Run, number: int = 0) -> StoredRun:
    """Return the run as a stored file; each number is measured a day after the previous one."""
    return StoredRun(f"{number:04}.json", START + timedelta(days=number), run)


def archive_of(*runs: Run) -> Archive:
    return Archive(tuple(stored(run, number) for number, run in enumerate(runs)))


def trend_of(*runs: Run) -> Trend:
    return find_trend(archive_of(*runs), default_thresholds())


def of_accuracies(*shares: float) -> Trend:
    """Return the trend of runs of one cell with these test accuracies."""
    return trend_of(*(run_of(mini(share)) for share in shares))


def of_speeds(*speeds: float) -> Trend:
    """Return the trend of runs of one cell with these speeds in images per second."""
    return trend_of(*(run_of(mini(speed=speed)) for speed in speeds))


def series_of(found: Trend, name: str, cell: str = "mini-pretrained") -> Series:
    (one,) = [one for one in found.series if (one.cell, one.name) == (cell, name)]
    return one


def change_points_of(
    found: Trend, name: str, cell: str = "mini-pretrained"
) -> list[tuple[int, str, bool]]:
    """Return each change of a metric as (run, verdict, True if the next run undid it)."""
    change_points = series_of(found, name, cell).change_points
    return [(move.run, move.verdict, move.outlier) for move in change_points]


def document_of(run: Run, time: str | None) -> dict[str, Any]:
    """Return a minimal pytest-benchmark document of a run."""
    return document(run) | ({} if time is None else {"datetime": time})


def write_stored(directory: Path, runs: Iterable[Run]) -> list[Path]:
    """Write the runs of ``archive_of`` to files, alternating between two directories."""
    paths = []
    for number, run in enumerate(runs):
        one = stored(run, number)
        path = directory / f"machine-{number % 2}" / one.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document_of(run, one.time.isoformat())))
        paths.append(path)
    return paths
