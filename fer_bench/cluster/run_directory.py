"""Directory of a run: its plan, and state, log and results of each job.

Every file is written atomically, so that any process can read the directory at any time.
``RUN/plan.json`` is the plan; ``RUN/jobs/<id>/`` has ``state.json``, ``log`` and the report of the
job with its ``results.json``. A process that runs a job holds the lock of the job, which ends with
the process: a job that is recorded as running without a held lock was killed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from fer_bench.cluster.plan import Plan
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular, write_atomically
from fer_bench.runtime.locks import lock_if_free, locked

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.cluster.plan import Job

T = TypeVar("T")

_PLAN, _STATE, _SCHEDULED = "plan.json", "state.json", "scheduled"
_LARGEST = 1 << 28
_TAIL_BYTES = 1 << 14


@dataclass(frozen=True)
class CellOutcome:
    """Outcome of a cell in a finished job, as in ``CellResult``."""

    id: str
    status: Literal["ok", "skipped", "failed"]
    reason: str = ""


@dataclass(frozen=True)
class JobState:
    """State of a job.

    Attributes:
        status: ``"waiting"`` until it is first started and after it was interrupted; ``"done"`` if
            it has results, of failed cells too; ``"failed"`` if it has none.
        attempts: number of times it was started, without those that the scheduler interrupted.
        host, process: host and id of the process that last ran it.
        began, ended: time in seconds since 1970, 0 if it did not.
        reason: reason for its status, one line; empty if it is waiting or done.
        cells: the outcomes of its cells, if it is done.
    """

    status: Literal["waiting", "running", "done", "failed"] = "waiting"
    attempts: int = 0
    host: str = ""
    process: int = 0
    began: float = 0.0
    ended: float = 0.0
    reason: str = ""
    cells: tuple[CellOutcome, ...] = ()

    @property
    def has_ended(self) -> bool:
        """True if the job is not started again unless its run is launched again."""
        return self.status in ("done", "failed")

    @property
    def is_complete(self) -> bool:
        """True if all its cells have a result."""
        return self.status == "done" and all(cell.status == "ok" for cell in self.cells)

    @property
    def seconds(self) -> float:
        """Duration of the last attempt, so far or in total."""
        return (self.ended or time.time()) - self.began if self.began else 0.0


@dataclass(frozen=True)
class RunDirectory:
    """Files of a run.

    Attributes:
        path: the directory, absolute.
    """

    path: Path

    @property
    def has_plan(self) -> bool:
        """True if a run was launched here."""
        return (self.path / _PLAN).is_file()

    def plan(self) -> Plan:
        """Return the plan of the run.

        Raises:
            FerBenchError: there is none, or it cannot be read.
        """
        if not self.has_plan:
            raise FerBenchError(
                "no run was launched here", f"a directory with {_PLAN}", path=self.path
            )
        return _read(self.path / _PLAN, Plan)

    def write_plan(self, plan: Plan) -> None:
        """Write the plan.

        Raises:
            FerBenchError: it cannot be written.
        """
        write_atomically(self.path / _PLAN, msgspec.json.encode(plan))

    def directory(self, job: Job) -> Path:
        """Return the directory of a job."""
        return self.path / "jobs" / job.id

    def results(self, job: Job) -> Path:
        """Return the path of a job's results file, which need not exist."""
        return self.directory(job) / "results.json"

    def log(self, job: Job) -> Path:
        """Return the path of a job's log, which need not exist."""
        return self.directory(job) / "log"

    def state(self, job: Job) -> JobState:
        """Return the state of a job.

        Raises:
            FerBenchError: it cannot be read.
        """
        path = self.directory(job) / _STATE
        return _read(path, JobState) if path.exists() else JobState()

    def write_state(self, job: Job, state: JobState) -> None:
        """Write the state of a job; the caller holds its lock.

        Raises:
            FerBenchError: it cannot be written.
        """
        write_atomically(self.directory(job) / _STATE, msgspec.json.encode(state))

    def restart(self, job: Job) -> None:
        """Let a job that ended without a result of each cell wait again, if none runs it."""
        with self.lock_if_free("job", job.id) as held:
            state = self.state(job)
            if held and not state.is_complete:
                self.write_state(job, dataclasses.replace(state, status="waiting", attempts=0))

    def scheduled(self, job: Job) -> str:
        """Return the scheduler's id of a job, empty if it was not submitted."""
        with contextlib.suppress(FileNotFoundError):
            return (self.directory(job) / _SCHEDULED).read_text("utf-8")
        return ""

    def write_scheduled(self, job: Job, name: str) -> None:
        """Write the scheduler's id of a job.

        Raises:
            FerBenchError: it cannot be written.
        """
        write_atomically(self.directory(job) / _SCHEDULED, name)

    def last_lines(self, job: Job, most: int = 5) -> list[str]:
        """Return the last non-empty lines of a job's log, at most ``most``."""
        try:
            with self.log(job).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-most:]

    def lock_if_free(self, kind: str, name: str) -> contextlib.AbstractContextManager[bool]:
        """Hold a lock of the run if it is free; yields True if it was."""
        return lock_if_free(self.path, kind, name)

    def locked(self, job: Job) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of a job, after waiting for any process that runs it."""
        return locked(self.path, "job", job.id)

    def is_held(self, kind: str, name: str) -> bool:
        """Return True if a process holds a lock of the run."""
        with self.lock_if_free(kind, name) as free:
            return not free


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(read_regular(path, _LARGEST), type=kind)
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise FerBenchError(
            f"cannot be read: {cause_of(error)}", "a file of fer-bench launch", path=path
        ) from error
