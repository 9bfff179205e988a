"""Base and head of a comparison: one or more runs each, and their cells in groups."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.results import load_run, read_directory, read_run
from fer_bench.results.fact_names import NOT_TIMED, SPEED
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, DatasetSummary, Run


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


@dataclass(frozen=True)
class CellGroup:
    """Cells of one backbone, init and head in all runs of base or head, by seed.

    Attributes:
        cells: for each seed at least one cell, each with the name of its run.
        dataset: data set of these runs.
        without_timing: True if all of these runs were requested not to measure speeds.
    """

    cells: Mapping[int, Sequence[tuple[str, CellResult]]]
    dataset: DatasetSummary
    without_timing: bool = False

    @property
    def qualities(self) -> dict[int, Quality]:
        """The first known quality of each seed."""
        return {
            seed: found[0]
            for seed, cells in self.cells.items()
            if (found := [cell.quality for _, cell in cells if cell.quality is not None])
        }

    @property
    def every(self) -> list[CellResult]:
        """All cells of all runs."""
        return [cell for cells in self.cells.values() for _, cell in cells]

    @property
    def is_timed(self) -> bool:
        """True if any run measured a speed."""
        return any(cell.training or cell.inference for cell in self.every)

    @property
    def is_untimed_by_request(self) -> bool:
        """True if its speeds are missing only because they were not requested."""
        failed = any(cell.status == "failed" for cell in self.every)
        return self.without_timing and not failed and not self.is_timed

    def is_measured(self, seed: int) -> bool:
        """Return True if any run measured quality or speed of this seed's cell."""
        return any(
            cell.quality or cell.training or cell.inference for _, cell in self.cells.get(seed, ())
        )

    def reason(self, seed: int) -> str:
        """Return why a cell was not measured."""
        if seed not in self.cells:
            return "not requested"
        _, cell = self.cells[seed][0]
        return f"{cell.status}: {cell.reason}" if cell.reason else "not measured"


def group_cells(run_set: RunSet) -> dict[str, CellGroup]:
    """Group the cells of base or head of a comparison by ``CellResult.group_id``, in run order."""
    found: dict[str, dict[int, list[tuple[str, CellResult]]]] = {}
    for name, run in run_set.runs:
        for cell in run.cells:
            seeds = found.setdefault(cell.group_id, {})
            seeds.setdefault(cell.seed, []).append((name, cell))
    dataset = run_set.runs[0][1].dataset
    untimed = {
        name
        for name, run in run_set.runs
        if NOT_TIMED in dict(run.environment).get(SPEED, "").split("; ")
    }
    return {
        name: CellGroup(
            seeds,
            dataset,
            without_timing=all(run in untimed for cells in seeds.values() for run, _ in cells),
        )
        for name, seeds in found.items()
    }
