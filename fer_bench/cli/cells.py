"""``fer-bench cells``: the cells of a run, as jobs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.run import pytest_words
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.cluster.plan import CellList

PASSED_ON = {"ignore_unknown_options": True}
"""Context settings of commands that pass all other options on to the benchmarks."""


@click.command(
    "cells", context_settings=PASSED_ON, short_help="List the cells of a run, grouped into jobs."
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF THE RUN]...")
@click.option(
    "--json", "as_json", is_flag=True, help="Print a matrix of jobs for GitHub Actions on one line."
)
@click.option(
    "--cells-per-job",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Largest number of cells in a job.",
)
def command(options: Sequence[str], as_json: bool, cells_per_job: int) -> None:
    """List the cells that a run with these options has, a job on each line.

    The options are those of 'fer-bench run', such as --backbone=all --seeds=5. A job runs its cells
    with the same options and --cells=IDS.
    """
    from fer_bench.cluster.plan import plan_jobs

    jobs = plan_jobs(list_cells(options).cells, cells_per_job)
    if as_json:
        rows = [{"job": job.id, "cells": ",".join(job.cells)} for job in jobs]
        echo(json.dumps({"include": rows}))
    else:
        for job in jobs:
            echo(f"{job.id}: {','.join(job.cells)}")


def list_cells(options: Sequence[str]) -> CellList:
    """Return the cells that options of the benchmarks select; builds no network.

    Raises:
        FerBenchError: an option is not accepted, or no cell is selected.
    """
    import msgspec

    from fer_bench.cluster.plan import CellList
    from fer_bench.plugin import listed_cells

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "cells.json"
        plugin = ["-p", listed_cells.__name__, f"{listed_cells.OPTION}={path}"]
        words = pytest_words([*options, "--collect-only", "-q", *plugin])
        # pytest repeats arguments, which need not be text.
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
        listed = msgspec.json.decode(path.read_bytes(), type=CellList) if path.exists() else None
    if done.returncode or listed is None or not listed.cells:
        output = (done.stderr.strip() or done.stdout.strip()).splitlines()
        errors = [line for line in output if line.startswith("ERROR: ")] or output[-1:]
        raise FerBenchError(
            " ".join(errors).removeprefix("ERROR: ") or f"pytest ended with {done.returncode}",
            hint="" if errors else "'fer-bench run --collect-only' shows the tests",
        )
    return listed
