"""Backend ``local``: processes on this machine, each with GPUs of its own if there are any.

Such a process, a slot, runs one job after another: ``python -m <this module> RUN NUMBER``.
The slots of a run, on one machine or several, share its jobs through their locks alone. Each waits
until all jobs have ended, so that the jobs of a killed slot are finished by the others.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.cluster.attempt import run_job
from fer_bench.cluster.run_directory import RunDirectory
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.cluster.plan import Job
    from fer_bench.cluster.run_directory import JobState

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_POLL_S = 1.0
_KIND = "slot"
"""Kind of the lock that a slot holds."""


def visible_gpus() -> list[str]:
    """Return the GPUs that the processes may use, as names for ``CUDA_VISIBLE_DEVICES``."""
    named = os.environ.get(_VISIBLE)
    if named is not None:
        return [name for name in named.split(",") if name and name != "-1"]
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    words = [command, "--query-gpu=index", "--format=csv,noheader"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else []


def start_slots(run: RunDirectory, processes: int) -> list[subprocess.Popen[bytes]]:
    """Start the slots of a run that are not working already, in sessions of their own.

    Each has one GPU or, if the run divides batches between devices, an equal share of them.

    Raises:
        FerBenchError: there are GPUs, but fewer than the slots need.
    """
    gpus = visible_gpus()
    if gpus and processes > len(gpus):
        raise FerBenchError(
            f"{processes} processes cannot have a GPU each: there {_are(len(gpus))}",
            f"processes of at most {len(gpus)}",
        )
    share = len(gpus) // processes if run.plan().listed.is_data_parallel else 1
    if gpus and run.plan().listed.is_data_parallel and share < 2:
        raise FerBenchError(
            f"--data-parallel: {processes} processes cannot have two GPUs each: there "
            f"{_are(len(gpus))}",
            f"processes of at most {len(gpus) // 2}" if len(gpus) > 1 else "two GPUs or more",
            "omit --data-parallel for one GPU each",
        )
    # Not the user's directory, in which python -m would look for modules first.
    with (run.path / "slots.log").open("ab") as log:
        return [
            subprocess.Popen(
                [sys.executable, "-m", __name__, str(run.path), str(number)],
                cwd=run.path,
                env={
                    **os.environ,
                    **({_VISIBLE: ",".join(gpus[number * share :][:share])} if gpus else {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for number in range(processes)
            if not is_working(run, number)
        ]


def wait(
    run: RunDirectory,
    slots: list[subprocess.Popen[bytes]],
    report: Callable[[Job, JobState], object],
) -> None:
    """Wait until all jobs have ended, or no slot works on them any more.

    The slots are those that this process started; each job is reported once when it has ended.

    Raises:
        FerBenchError: all slots have ended before the jobs.
    """
    pending = list(run.plan().jobs)
    while True:
        ends = all(one.poll() is not None for one in slots)
        for job in [*pending]:
            state = run.state(job)
            if state.has_ended:
                report(job, state)
                pending.remove(job)
        if not pending:
            for one in slots:
                one.wait()
            return
        if ends and not any(run.is_held("job", job.id) for job in pending):
            raise FerBenchError(
                f"all processes have ended, but not {len(pending)} jobs; see "
                f"{str(run.path / 'slots.log')!r}",
                hint="the same command continues",
            )
        time.sleep(_POLL_S)


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def is_working(run: RunDirectory, number: int) -> bool:
    """Return True if this machine's slot of a number works on a run."""
    return run.is_held(_KIND, _name(number))


def work(run: RunDirectory) -> None:
    """Run the jobs of a run that no other process runs, until all have ended.

    Raises:
        FerBenchError: the plan or a state cannot be read or written.
    """
    while not all(run.state(job).has_ended for job in run.plan().jobs):
        if not _run_next(run):
            time.sleep(_POLL_S)


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
