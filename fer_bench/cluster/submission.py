"""Backend ``submitit``: an array of jobs of Slurm or of another scheduler that submitit knows."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.cluster.attempt import TERMINATED, run_job
from fer_bench.cluster.run_directory import RunDirectory
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.cluster.plan import Job

_QUEUED = ("PENDING", "RUNNING", "REQUEUED", "SUSPENDED", "CONFIGURING", "COMPLETING")
"""States of a scheduler's job that will run or runs."""


@dataclass(frozen=True)
class JobRunner:
    """Function that the scheduler calls with the id of a job, and again after a time limit.

    Attributes:
        run: directory of the run.
    """

    run: str

    def __call__(self, name: str) -> None:
        """Run a job until it has ended, after any other process that runs it.

        If the benchmarks are terminated, the scheduler is about to end this process too: the
        attempt does not count, and the job waits until it is requeued or launched again.
        """
        run = RunDirectory(Path(self.run))
        plan = run.plan()
        (job,) = (one for one in plan.jobs if one.id == name)
        with run.locked(job):
            while not (before := run.state(job)).has_ended:
                run_job(run, plan, job)
                state = run.state(job)
                if state.reason == TERMINATED:
                    run.write_state(job, dataclasses.replace(state, attempts=before.attempts))
                    return

    def checkpoint(self, name: str) -> Any:
        """Return what is submitted again: the same job, as the store has its progress."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, name)


def submit(run: RunDirectory, parameters: Mapping[str, Any]) -> list[tuple[Job, str]]:
    """Submit the jobs of a run that have not ended and are not in the scheduler's queue.

    The job that measures speeds is submitted to start after all others, alone on its node. Outside
    Slurm this function waits for the others first.

    Args:
        run: directory of the run.
        parameters: parameters of submitit's ``AutoExecutor``, and ``cluster``, its name for the
            scheduler, by default the one it finds.

    Returns:
        The submitted jobs, each with the scheduler's id of it.

    Raises:
        FerBenchError: submitit is not installed, or does not accept a parameter.
    """
    known = dict(parameters)
    executor = _executor(run, known.pop("cluster", None), known)
    plan = run.plan()
    waiting = [job for job in plan.jobs if not _is_taken(run, job, executor)]
    ordinary = [job for job in waiting if not job.is_timing]
    submitted = _submitted(run, ordinary, executor)
    for timing in (job for job in waiting if job.is_timing):
        if executor.cluster == "slurm":
            # The id of a job in an array begins with that of the array.
            going = [job for job in plan.ordinary if not run.state(job).has_ended]
            arrays = sorted({run.scheduled(job).partition("_")[0] for job in going} - {""})
            after = ":".join(["afterany", *arrays]) if arrays else None
            executor.update_parameters(slurm_exclusive=True, slurm_dependency=after)
        else:
            for _, handle in submitted:
                handle.wait()
        submitted += _submitted(run, [timing], executor)
    if executor.cluster == "debug":
        for _, handle in submitted:
            handle.wait()
    return [(job, str(handle.job_id)) for job, handle in submitted]


def _executor(run: RunDirectory, cluster: str | None, parameters: Mapping[str, Any]) -> Any:
    try:
        import submitit
    except ImportError:
        raise FerBenchError(
            "backend 'submitit' needs submitit, which is not installed",
            "backend: local",
            "pip install submitit",
        ) from None
    try:
        of_class = {name: value for name, value in parameters.items() if _is_of_class(name)}
        others = {name: value for name, value in parameters.items() if name not in of_class}
        executor = submitit.AutoExecutor(run.path / "scheduler", cluster=cluster, **of_class)
        executor.update_parameters(name="fer_bench", **others)
    except (AssertionError, NameError, RuntimeError, TypeError, ValueError) as error:
        raise FerBenchError(
            f"submitit: {' '.join(str(error).split())}", "the parameters of its AutoExecutor"
        ) from error
    return executor


def _is_of_class(name: str) -> bool:
    """Return True for the parameters that submitit takes when an executor is made."""
    return name.endswith(("_max_num_timeout", "_max_pickle_size_gb", "_python"))


def _is_taken(run: RunDirectory, job: Job, executor: Any) -> bool:
    if run.state(job).has_ended or run.is_held("job", job.id):
        return True
    name = run.scheduled(job)
    if not name or executor.cluster == "debug":
        return False
    handle = executor._executor.job_class(executor.folder, name)
    return str(handle.state).upper() in _QUEUED


def _submitted(run: RunDirectory, jobs: Sequence[Job], executor: Any) -> list[tuple[Job, Any]]:
    if not jobs:
        return []
    handles = executor.map_array(JobRunner(str(run.path)), [job.id for job in jobs])
    for job, handle in zip(jobs, handles, strict=True):
        run.write_scheduled(job, str(handle.job_id))
    return list(zip(jobs, handles, strict=True))
