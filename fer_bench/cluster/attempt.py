"""One attempt of a job: the benchmarks, run in a process of their own."""

from __future__ import annotations

import dataclasses
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from fer_bench.cluster.run_directory import CellOutcome, JobState
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.cluster.plan import Job, Plan
    from fer_bench.cluster.run_directory import RunDirectory

_ENDED = (0, 1)
"""Exit statuses of pytest for a session that ran to its end."""

TERMINATED = f"killed by signal {signal.SIGTERM:d}"
"""Reason of the state of a job after the signal that asks processes to end."""

_INTERRUPTED = 2
"""Exit status of pytest after Ctrl-C."""


def run_job(run: RunDirectory, plan: Plan, job: Job) -> None:
    """Start a job once more, wait for its end and record its state. The caller holds its lock.

    A job that was killed waits for its next attempt; after ``plan.retries`` of them it has failed.
    An attempt that ends with an exception of this process, such as a scheduler's request to
    checkpoint, does not count.

    Raises:
        FerBenchError: the state cannot be written.
    """
    before = run.state(job)
    if before.attempts > plan.retries:
        reason = before.reason or "killed"
        run.write_state(job, _ended(before, "failed", f"{reason} ({before.attempts} attempts)"))
        return
    run.directory(job).mkdir(parents=True, exist_ok=True)
    run.results(job).unlink(missing_ok=True)
    words = [*plan.command, *plan.arguments(job), f"--fer-report-dir={run.directory(job)}"]
    with run.log(job).open("ab") as log:
        child = subprocess.Popen(
            words,
            cwd=plan.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        state = JobState(
            "running", before.attempts + 1, socket.gethostname(), child.pid, time.time()
        )
        try:
            run.write_state(job, state)
            status = child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            run.write_state(job, _ended(state, "waiting", "interrupted", before.attempts))
            raise
    run.write_state(job, _after(run, job, state, status))


def _after(run: RunDirectory, job: Job, state: JobState, status: int) -> JobState:
    if status in _ENDED and run.results(job).exists():
        from fer_bench.results import load_run

        try:
            cells = load_run(run.results(job)).cells
        except FerBenchError as error:
            return _ended(state, "failed", str(error))
        outcomes = tuple(CellOutcome(cell.id, cell.status, cell.reason) for cell in cells)
        return dataclasses.replace(_ended(state, "done"), cells=outcomes)
    if status < 0:
        return _ended(state, "waiting", f"killed by signal {-status}")
    if status == _INTERRUPTED:
        return _ended(state, "waiting", "interrupted")
    return _ended(state, "failed", f"exit status {status}")


def _ended(state: JobState, status: str, reason: str = "", attempts: int | None = None) -> JobState:
    return dataclasses.replace(
        state,
        status=status,  # type: ignore[arg-type]
        reason=reason,
        ended=time.time(),
        attempts=state.attempts if attempts is None else attempts,
    )
