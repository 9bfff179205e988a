"""``fer-bench launch``: the cells of a run as jobs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.cells import PASSED_ON, list_cells
from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.run import pytest_words
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.cluster.parallel_config import ParallelConfig
    from fer_bench.cluster.plan import CellList, Job, Plan
    from fer_bench.cluster.run_directory import JobState, RunDirectory


@click.command(
    "launch", context_settings=PASSED_ON, short_help="Run the cells as jobs, here or on a cluster."
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS OF THE RUN]...")
@click.option(
    "--parallel-config",
    "config_file",
    type=NonEmptyPath(dir_okay=False),
    metavar="FILE",
    help="YAML file with the backend and its settings. Default: one process on each GPU of this "
    "machine, or one without GPUs or with --data-parallel.",
)
@click.option(
    "--run-dir",
    type=NonEmptyPath(file_okay=False),
    default=Path("run"),
    metavar="DIR",
    show_default=True,
    help="Directory of the run. If it has the same run, that continues.",
)
@click.option(
    "--timing-job",
    is_flag=True,
    help="Add a job that measures all speeds, after all others and alone on its machine.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print jobs, disk space and estimated time; start nothing."
)
def command(
    options: Sequence[str], config_file: Path | None, run_dir: Path, timing_job: bool, dry_run: bool
) -> None:
    """Run the benchmarks with these options, their cells divided into jobs.

    Processes on this machine go on if this command is interrupted; a cluster's jobs are submitted,
    and this command ends. A killed job is started again and continues from the store. The same
    command continues a run: it starts all jobs that have no result for each cell.

    'fer-bench status DIR' shows the jobs, 'fer-bench collect DIR' merges their results.

    Exit status: 0 all jobs have ended with a result for each cell, or were submitted; 1 otherwise.
    """
    from fer_bench.cluster.local import visible_gpus
    from fer_bench.cluster.parallel_config import ParallelConfig, read_config
    from fer_bench.cluster.run_directory import RunDirectory

    config = ParallelConfig() if config_file is None else read_config(config_file)
    listed = list_cells(options)
    processes = config.processes or (1 if listed.is_data_parallel else max(1, len(visible_gpus())))
    plan = _plan(options, config, listed, processes, timing_job)
    run = RunDirectory(run_dir.resolve())
    if dry_run:
        _show_plan(plan, processes)
        return
    if run.has_plan:
        plan = run.plan().continued(plan)
    run.write_plan(plan)
    for job in plan.jobs:
        if run.state(job).has_ended:
            run.restart(job)
    cells = len(plan.listed.cells)
    echo(f"{cells} cell{'s' * (cells > 1)} in {len(plan.jobs)} jobs: 'fer-bench status {run_dir}'")
    if config.backend == "submitit":
        from fer_bench.cluster.submission import submit

        submitted = submit(run, config.parameters)
        for job, name in submitted:
            echo(f"submitted {job.id} as {name}")
        echo(f"{len(submitted)} jobs submitted; 'fer-bench collect {run_dir}' collects results")
    else:
        _run_here(run, run_dir, processes)


def _plan(
    options: Sequence[str],
    config: ParallelConfig,
    listed: CellList,
    processes: int,
    timing_job: bool,
) -> Plan:
    from fer_bench.cluster.plan import Plan, plan_jobs
    from fer_bench.plugin import of_job

    if timing_job and not listed.is_timed:
        raise FerBenchError("--timing-job contradicts --no-timing", "one of them")
    has_node = bool(config.parameters.get("slurm_exclusive"))
    is_alone = has_node if config.backend == "submitit" else processes == 1
    return Plan(
        command=tuple(pytest_words([*options, "-p", of_job.__name__])),
        options=tuple(options),
        directory=str(Path.cwd()),
        listed=listed,
        jobs=plan_jobs(listed.cells, config.cells_per_job, timing_job=timing_job),
        shares_machine=not is_alone,
        retries=config.retries,
    )


def _run_here(run: RunDirectory, run_dir: Path, processes: int) -> None:
    from fer_bench.cluster.local import start_slots, wait

    slots = start_slots(run, processes)
    for one in slots:
        echo(f"process {one.pid} started; 'kill -- -{one.pid}' ends it and its job")
    total, count, complete = len(run.plan().jobs), 0, True

    def report(job: Job, state: JobState) -> None:
        nonlocal count, complete
        count += 1
        complete &= state.is_complete
        ended = "done" if state.is_complete else state.reason or "not all cells have a result"
        echo(f"[{count}/{total}] {job.id}: {ended} ({state.seconds:.0f} s)")

    try:
        wait(run, slots, report)
    except KeyboardInterrupt:
        echo(f"the processes go on: 'fer-bench status {run_dir}'", err=True)
        sys.exit(1)
    echo(f"'fer-bench collect {run_dir}' merges the results and writes the report")
    if not complete:
        sys.exit(1)


def _show_plan(plan: Plan, processes: int) -> None:
    from fer_bench.cluster.estimates import estimate

    for job in plan.jobs:
        kind = " (all speeds, alone)" if job.is_timing else ""
        echo(f"{job.id}{kind}: {', '.join(job.cells)}")
    for line in estimate(plan.listed, processes):
        echo(line)
