"""Plan of a run: its cells, grouped into jobs."""

from __future__ import annotations

import dataclasses
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.protocol.cell import Cell  # noqa: TC001 - msgspec needs it at run time
from fer_bench.protocol.head import is_fitted
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

TIMING = "timing"
"""Id of the job that measures all speeds."""

_LONGEST = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class PlannedCell:
    """A cell and the display name of its backbone."""

    cell: Cell
    title: str


@dataclass(frozen=True)
class CellList:
    """The cells that a command line selects.

    Attributes:
        cells: in the order of the run, at least one.
        settings: name and value of each setting of data and protocol.
        store: directory of features, checkpoints and results.
        is_timed: if False, the command line has ``--no-timing``.
        is_data_parallel: if True, it has ``--data-parallel``.
    """

    cells: tuple[PlannedCell, ...]
    settings: dict[str, str]
    store: str
    is_timed: bool
    is_data_parallel: bool = False


@dataclass(frozen=True)
class Job:
    """Cells that one process runs, one after another.

    Attributes:
        id: unique within a plan, and fit for a file name.
        cells: ids of the cells.
        is_timing: if True, the job measures speeds, alone on its machine and after all others.
    """

    id: str
    cells: tuple[str, ...]
    is_timing: bool = False


@dataclass(frozen=True)
class Plan:
    """All that the processes of a run need to know.

    Attributes:
        command: words that start the benchmarks; options of a job are appended to them.
        options: the options of the benchmarks among these words.
        directory: working directory of the command.
        listed: the cells of the run.
        jobs: in the order in which they are started.
        shares_machine: if True, jobs run at the same time on one machine, so that their speeds do
            not count.
        retries: number of times that a killed job is started again.
    """

    command: tuple[str, ...]
    options: tuple[str, ...]
    directory: str
    listed: CellList
    jobs: tuple[Job, ...]
    shares_machine: bool
    retries: int

    @property
    def ordinary(self) -> tuple[Job, ...]:
        """The jobs without the one that measures speeds."""
        return tuple(job for job in self.jobs if not job.is_timing)

    def arguments(self, job: Job) -> list[str]:
        """Return the words that are appended to the command for a job."""
        alone = not self.shares_machine and self.ordinary == self.jobs
        timed = self.listed.is_timed and (job.is_timing or alone)
        return [f"--fer-cells={','.join(job.cells)}", *([] if timed else ["--fer-no-timing"])]

    def continued(self, other: Plan) -> Plan:
        """Return this plan with what may change when its command is given again, as ``other``.

        Raises:
            FerBenchError: ``other`` is the plan of another run.
        """
        for what, name in _NAMES.items():
            if getattr(self, what) != getattr(other, what):
                raise FerBenchError(
                    f"the directory has a run with another {name}: "
                    f"{' '.join(self.options) or 'no options'}, in {self.directory!r}",
                    "the same command, which continues the run",
                    "choose another --run-dir",
                )
        timing = [job for job in other.jobs if job.is_timing and job not in self.jobs]
        shares = self.shares_machine or other.shares_machine
        return dataclasses.replace(other, jobs=(*self.jobs, *timing), shares_machine=shares)


_NAMES = {
    "options": "command line",
    "directory": "working directory",
    "listed": "selection of cells",
}


def plan_jobs(
    cells: Sequence[PlannedCell], cells_per_job: int = 1, *, timing_job: bool = False
) -> tuple[Job, ...]:
    """Group the cells of a run into jobs of at most ``cells_per_job`` cells.

    The cells of a job have one backbone and init, and cells that share a frozen prefix follow each
    other. The first jobs are of different backbones and inits, so that each computes the features
    that later ones find in the store. The timing job measures the speeds of all networks.
    """
    groups: dict[Hashable, list[Cell]] = {}
    for one in cells:
        groups.setdefault((one.cell.backbone, one.cell.init), []).append(one.cell)
    parts = [[*_parts(_by_prefix(group), cells_per_job)] for group in groups.values()]
    rounds = itertools.zip_longest(*parts)
    chosen = [part for one in rounds for part in one if part is not None]
    digits = len(str(len(chosen)))
    jobs = [
        Job(
            f"{number:0{digits}}-{_UNSAFE.sub('-', part[0].id)[:_LONGEST]}",
            tuple(cell.id for cell in part),
        )
        for number, part in enumerate(chosen, 1)
    ]
    if timing_job:
        # Speed does not depend on the seed and is measured with the first one.
        seed = min(one.cell.seed for one in cells)
        timed = tuple(one.cell.id for one in cells if one.cell.seed == seed)
        jobs.append(Job(TIMING, timed, is_timing=True))
    return tuple(jobs)


def prefix_of(cell: Cell) -> Hashable:
    """Return a value that is equal for two cells of a run if they share a frozen prefix.

    The frozen layers of a random network depend on the seed. Heads that are fitted use the
    complete backbone, the others that without the trained layers.
    """
    seed = cell.seed if cell.init == "random" else None
    return cell.backbone, cell.init, seed, is_fitted(cell.head)


def _by_prefix(cells: Iterable[Cell]) -> list[Cell]:
    groups: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(prefix_of(cell), []).append(cell)
    return [cell for group in groups.values() for cell in group]


def _parts(cells: Sequence[Cell], size: int) -> Iterable[Sequence[Cell]]:
    return (cells[start : start + size] for start in range(0, len(cells), size))
