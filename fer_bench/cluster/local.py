"""Backend ``local``: processes on this machine, each with GPUs of its own if there are any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from fer_bench.cluster import slot
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.cluster.plan import Job
    from fer_bench.cluster.run_directory import JobState, RunDirectory

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_POLL_S = 1.0


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

    Args:
        run: directory of the run.
        processes: number of slots.

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
                [sys.executable, "-m", slot.__name__, str(run.path), str(number)],
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
            if not slot.is_working(run, number)
        ]


def wait(
    run: RunDirectory,
    slots: list[subprocess.Popen[bytes]],
    report: Callable[[Job, JobState], object],
) -> None:
    """Wait until all jobs have ended, or no slot works on them any more.

    Args:
        run: directory of the run.
        slots: the slots that this process started.
        report: called once for each job when it has ended.

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
