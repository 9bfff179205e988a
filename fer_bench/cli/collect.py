"""``fer-bench collect``: the results of a launched run in one file, with its report."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.status import run_argument
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.terminal import echo, echo_lines, terminal_width


@click.command("collect", short_help="Merge the results of a launched run and write its report.")
@run_argument
@click.option(
    "--report-dir",
    type=NonEmptyPath(file_okay=False),
    default=Path("report"),
    metavar="DIR",
    show_default=True,
    help="Directory of the report and of results.json; replaces an earlier one.",
)
def command(run: Path, report_dir: Path) -> None:
    """Merge the results of the run that 'fer-bench launch' started in DIR (default: run).

    Jobs may still be running: a cell without a result is a row with the state of its job, and with
    the last lines of the job's log if that failed. Speeds come from jobs in one environment.

    Exit status: 0 every cell has a result, 1 some have none.
    """
    from fer_bench.cluster.collection import collect
    from fer_bench.cluster.run_directory import RunDirectory
    from fer_bench.report import Report, highlighted, terminal_text, write_report
    from fer_bench.results import write_json, written_at
    from fer_bench.results.fact_names import NOT_TIMED, SPEED

    merged = collect(RunDirectory(Path(os.path.realpath(run))))
    write_json(report_dir / "results.json", merged.document)
    times = tuple(filter(None, [written_at(merged.document)]))
    report = Report.of(merged.run, times=times)
    write_report(report_dir, report)
    echo_lines(terminal_text(report, terminal_width(), 0) + "\n", style=highlighted)
    missing = [cell for cell in merged.run.cells if cell.status != "ok"]
    for cell in missing:
        echo(f"{cell.name} {cell.status}: {clean(cell.reason)}", err=True)
    for fact, note in merged.run.environment:
        if fact == SPEED:
            is_missing = NOT_TIMED in note.split("; ")
            add = "; 'fer-bench launch --timing-job' measures speeds" if is_missing else ""
            echo(f"NOTE: speed: {clean(note)}{add}")
    echo(f"report: {report_dir / 'index.html'}")
    if missing:
        click.get_current_context().exit(1)
