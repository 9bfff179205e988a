"""``fer-bench report``: report of existing results files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.cli.results_files import read, read_named
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo, echo_lines, terminal_width

if TYPE_CHECKING:
    from fer_bench.report import Report


@click.command("report", short_help="Write the report of results files.")
@click.argument(
    "results",
    nargs=-1,
    required=True,
    metavar="RUN...",
    type=NonEmptyPath(),
)
@click.option(
    "--report-dir",
    type=NonEmptyPath(file_okay=False),
    default=Path("report"),
    metavar="DIR",
    show_default=True,
    help="Directory of the report; replaces an earlier one.",
)
@click.option(
    "--history",
    type=NonEmptyPath(),
    metavar="DIR",
    help="Also show in which of the runs stored in DIR each metric first changed. All results "
    "files in it and its subdirectories are used, for example pytest-benchmark's .benchmarks; "
    "unreadable ones are listed.",
)
@click.option(
    "--runtimes",
    multiple=True,
    type=NonEmptyPath(dir_okay=False),
    metavar="JSON",
    help="Also show the inference speeds of exported cells that 'fer-bench benchmark -o JSON' "
    "measured. May be given several times.",
)
@click.option(
    "-v",
    "--verbose",
    "verbosity",
    count=True,
    help="Print more of the results; -vv prints all tables.",
)
def command(
    results: tuple[Path, ...],
    report_dir: Path,
    history: Path | None,
    runtimes: tuple[Path, ...],
    verbosity: int,
) -> None:
    """Write the page, plots and tables of runs, and print a summary.

    RUN is a results file, or a directory of them, whose unreadable files are left out. Runs of one
    protocol on the same images are merged; others are shown next to each other, with what differs,
    but are an error with --history. No network is built, and the results files are not changed.
    They do not contain the audit of the data:
    data-card.md and the contact sheets of an earlier report in DIR are removed, and the page states
    the command that makes them.
    """
    from fer_bench.report import Report, highlighted, terminal_text, write_report

    report = (
        Report.of_runs(*read_named(results))
        if history is None
        else _report_with_trend(results, history)
    )
    if runtimes:
        report = _with_runtimes(report, runtimes)
    write_report(report_dir, report)
    width = terminal_width()
    if report.trend is None:
        echo_lines(terminal_text(report, width, verbosity) + "\n", style=highlighted)
    else:
        from fer_bench.report.table_rendering import terminal

        tables = [table for table in report.tables if table.key == "trend"]
        echo_lines(terminal(tables, width) + "\n")
    echo(f"report: {report_dir / 'index.html'}")


def _with_runtimes(report: Report, paths: tuple[Path, ...]) -> Report:
    """Return the report with the speeds of its cells in exported files.

    Raises:
        FerBenchError: a file cannot be read, or has no speed of any of the cells.
    """
    from fer_bench.results.runtime_speeds import read_runtime_speeds

    measured = [read_runtime_speeds(path) for path in paths]
    for path, found in zip(paths, measured, strict=True):
        if not {one.fingerprint for one in found.files} & report.fingerprints.keys():
            raise FerBenchError(
                "none of its files is an exported cell of these results",
                hint="time files that 'fer-bench export' made of them",
                path=path,
            )
    return report.with_runtimes(measured)


def _report_with_trend(results: tuple[Path, ...], history: Path) -> Report:
    from fer_bench.analysis.comparison import default_thresholds, project_thresholds
    from fer_bench.analysis.history.archive import (
        build_archive,
        merge_stored_runs,
        read_stored_runs,
        stored_run,
    )
    from fer_bench.analysis.history.trend import find_trend
    from fer_bench.report import Report

    parts, left_out = read(results, stored_run)
    try:
        reported = merge_stored_runs(parts)
    except FerBenchError as error:
        raise error.revised(
            problem=f"--history reports one experiment, but {error.problem}",
            hint="leave out --history to show runs that differ next to each other",
        ) from error
    found = read_stored_runs(history)
    runs = [one for _, one in found.read]
    # The history may contain the reported directory.
    unreadable = dict.fromkeys([*left_out, *found.unreadable])
    archive = build_archive(runs, reported, parts, found.others, unreadable)
    thresholds = default_thresholds() + project_thresholds(Path.cwd())
    times = tuple(part.time for part in parts)
    return Report.of(reported.run, find_trend(archive, thresholds), times)
