"""A process of the local backend, which runs one job after another: ``python -m ... RUN NUMBER``.

The slots of a run, on one machine or several, share its jobs through their locks alone. Each waits
until all jobs have ended, so that the jobs of a killed slot are finished by the others.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

from fer_bench.cluster.attempt import run_job
from fer_bench.cluster.run_directory import RunDirectory

_KIND = "slot"
"""Kind of the lock that a slot holds."""

_POLL_S = 1.0


def is_working(run: RunDirectory, number: int) -> bool:
    """Return True if this machine's slot of a number works on a run."""
    return run.is_held(_KIND, _name(number))


def work(run: RunDirectory) -> None:
    """Run the jobs of a run that no other process runs, until all have ended.

    Raises:
        FerBenchError: the plan or a state cannot be read or written.
    """
    while not _has_ended(run):
        if not _run_next(run):
            time.sleep(_POLL_S)


def _has_ended(run: RunDirectory) -> bool:
    return all(run.state(job).has_ended for job in run.plan().jobs)


def _run_next(run: RunDirectory) -> bool:
    """Run the first job that can be started; return False if there is none."""
    plan = run.plan()
    waiting = [job for job in plan.jobs if not run.state(job).has_ended]
    ordinary = [job for job in waiting if not job.is_timing]
    for job in ordinary or waiting:
        with run.lock_if_free("job", job.id) as is_free:
            if is_free and not run.state(job).has_ended:
                run_job(run, plan, job)
                return True
    return False


def _name(number: int) -> str:
    return f"{socket.gethostname()}-{number}"


def main() -> None:
    """Work as the slot of a number, unless a process does already."""
    path, number = sys.argv[1:]
    run = RunDirectory(Path(path))
    with run.lock_if_free(_KIND, _name(int(number))) as is_free:
        if is_free:
            work(run)


if __name__ == "__main__":
    main()
