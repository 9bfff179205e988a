"""Base and head of a comparison, each consisting of one or more runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.results import load_run, read_directory, read_run
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

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


def load_run_set(paths: Sequence[Path], which: str) -> RunSet:
    """Read the runs of base or head.

    A directory stands for all results files in it and in its subdirectories, ordered by path;
    unreadable ones are skipped and listed in ``unreadable``. A file that is named itself must be
    readable.

    Args:
        paths: results files and directories, at least one.
        which: name of the run set for errors: ``"base"``.

    Raises:
        FerBenchError: a file or directory cannot be read, a file is not a results file (see
            ``read_run`` for the causes), a directory contains none, or two files hold the same
            measurement, which would make the noise look smaller than it is.
    """
    runs: list[tuple[str, Run]] = []
    unreadable: list[str] = []
    try:
        if not paths:
            raise FerBenchError(
                "no results file", "at least one file or directory", "name what to compare"
            )
        _check_files(map(str, paths))
        for path in paths:
            # Path.is_dir raises for names that are too long; let these fail like any missing file.
            if os.path.isdir(path):  # noqa: PTH112
                found = read_directory(path, read_run)
                runs += [(str(file), run) for file, run in found.read]
                unreadable += found.unreadable
            else:
                runs.append((str(path), load_run(path)))
        _check_files(name for name, _ in runs)
        _check_measurements(runs)
    except FerBenchError as error:
        raise error.revised(problem=f"{error.problem} ({which})") from error
    return RunSet(tuple(runs), tuple(unreadable))


def _check_files(files: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for file in files:
        real = os.path.realpath(file)
        if real in seen:
            raise FerBenchError(f"{file} is the same file as {seen[real]}", "each file once")
        seen[real] = file


def _check_measurements(runs: Iterable[tuple[str, Run]]) -> None:
    """Check that no two files contain the same measurement, as duplicates or merged files do."""
    seen: dict[object, str] = {}
    for name, run in runs:
        for cell in run.cells:
            for what, seconds in timings(cell):
                other = seen.setdefault((cell.id, what, seconds), name)
                if other != name:
                    raise FerBenchError(
                        f"{name} and {other} contain the same times of {what} of {cell.name}",
                        "each measurement once",
                    )
