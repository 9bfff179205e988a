"""``fer-bench status``: the jobs of a launched run."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo, echo_lines

if TYPE_CHECKING:
    from fer_bench.cluster.plan import Job
    from fer_bench.cluster.run_directory import JobState, RunDirectory

run_argument = click.argument(
    "run", default=Path("run"), metavar="[DIR]", type=NonEmptyPath(file_okay=False)
)


@click.command("status", short_help="Show the jobs of a launched run.")
@run_argument
@click.option("-v", "--verbose", is_flag=True, help="List complete and waiting jobs too.")
def command(run: Path, verbose: bool) -> None:
    """Show the jobs of the run that 'fer-bench launch' started in DIR (default: run).

    Jobs that run, were killed, or lack the result of a cell are listed, the last two with the last
    lines of their logs.
    """
    from fer_bench.cli.printed_table import table_text
    from fer_bench.cluster.run_directory import RunDirectory

    opened = RunDirectory(Path(os.path.realpath(run)))
    plan = opened.plan()
    found = [(job, opened.state(job)) for job in plan.jobs]
    words = {job.id: _word(opened, job, state) for job, state in found}
    counts = Counter(words.values())
    total = len(plan.listed.cells)
    ok = {cell.id for _, state in found for cell in state.cells if cell.status == "ok"}
    echo(
        f"{len(found)} jobs: {', '.join(f'{count} {word}' for word, count in counts.items())}; "
        f"{len(ok)} of {total} cell{'s' * (total > 1)} have a result"
    )
    shown = [
        (job, state)
        for job, state in found
        if verbose or words[job.id] not in ("complete", "waiting")
    ]
    if shown:
        headings = ("job", "state", "attempts", "seconds", "process", "log")
        rows = [
            (
                job.id,
                words[job.id],
                str(state.attempts),
                f"{state.seconds:.0f}" if state.began else "",
                f"{state.process} on {state.host}" if state.process else opened.scheduled(job),
                str(opened.log(job).relative_to(opened.path)) if state.began else "",
            )
            for job, state in shown
        ]
        right = ("attempts", "seconds")
        echo_lines("\n" + table_text(headings, rows, right=right, wrapped=headings[4:]) + "\n")
    for job, state in shown:
        if words[job.id] in ("killed", "failed", "incomplete"):
            _show_trouble(opened, job, state)


def _word(run: RunDirectory, job: Job, state: JobState) -> str:
    """Return the state of a job in one word."""
    if state.status == "done":
        return "complete" if state.is_complete else "incomplete"
    if state.status == "running" and not run.is_held("job", job.id):
        return "killed"
    return state.status


def _show_trouble(run: RunDirectory, job: Job, state: JobState) -> None:
    echo()
    echo(f"{job.id}{': ' if state.reason else ''}{clean(state.reason)}")
    for cell in state.cells:
        if cell.status != "ok":
            echo(f"  {cell.id} {cell.status}: {clean(cell.reason)}")
    for line in run.last_lines(job):
        echo(f"  | {clean(line)}")
