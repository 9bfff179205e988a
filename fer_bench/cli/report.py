"""``fer-bench report``: report of existing results files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo, echo_lines

if TYPE_CHECKING:
    from fer_bench.analysis.experiments import NamedRun
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
    "-v",
    "--verbose",
    "verbosity",
    count=True,
    help="Print more of the results; -vv prints all tables.",
)
def command(
    results: tuple[Path, ...], report_dir: Path, history: Path | None, verbosity: int
) -> None:
    """Write the page, plots and tables of runs, and print a summary.

    RUN is a results file, or a directory of them. Runs of one protocol on the same images are
    merged; others are shown next to each other, with what differs. No network is
    built, and the results files are not changed. They do not contain the audit of the data:
    data-card.md and the contact sheets of an earlier report in DIR are removed, and the page states
    the command that makes them.
    """
    from fer_bench.report import highlighted, terminal_text, write_report

    report = _report(results) if history is None else _report_with_trend(results, history)
    write_report(report_dir, report)
    width = shutil.get_terminal_size((120, 24)).columns
    if report.trend is None:
        echo_lines(terminal_text(report, width, verbosity) + "\n", style=highlighted)
    else:
        from fer_bench.report.table_rendering import terminal

        tables = [table for table in report.tables if table.key == "trend"]
        echo_lines(terminal(tables, width) + "\n")
    echo(f"report: {report_dir / 'index.html'}")


def _report(paths: tuple[Path, ...]) -> Report:
    from fer_bench.report import Report

    runs, unreadable = _read(paths)
    for problem in unreadable:
        echo(f"WARNING: left out: {problem}", err=True)
    return Report.of_runs(runs, unreadable)


def _read(paths: tuple[Path, ...]) -> tuple[list[NamedRun], list[str]]:
    """Return the runs of results files and directories, and why the others cannot be read.

    Raises:
        FerBenchError: none of them can be read, or one is given twice.
    """
    from fer_bench.analysis.experiments import NamedRun
    from fer_bench.results import load_document, read_directory, read_run, written_at

    def named(document: Any, name: str) -> NamedRun:
        return NamedRun(name, read_run(document, name), written_at(document))

    runs: list[NamedRun] = []
    errors: list[FerBenchError] = []
    problems: list[str] = []
    for path in paths:
        try:
            if path.is_dir():
                found = read_directory(path, named)
                runs += [run for _, run in found.read]
                problems += found.unreadable
            else:
                runs.append(named(load_document(path), str(path)))
        except FerBenchError as error:
            errors.append(error)
    if not runs:
        raise errors[0]
    known: dict[str, str] = {}
    for run in runs:
        first = known.setdefault(os.path.realpath(run.name), run.name)
        if first is not run.name:
            raise FerBenchError(f"the same file as {first!r}", "each run once", path=Path(run.name))
    return runs, [*problems, *map(str, errors)]


def _report_with_trend(results: tuple[Path, ...], history: Path) -> Report:
    from fer_bench.analysis.comparison import default_thresholds, project_thresholds
    from fer_bench.analysis.history.archive import (
        build_archive,
        merge_stored_runs,
        read_stored_run,
        read_stored_runs,
    )
    from fer_bench.analysis.history.trend import find_trend
    from fer_bench.report import Report

    parts = [read_stored_run(path) for path in results]
    reported = merge_stored_runs(parts)
    found = read_stored_runs(history)
    runs = [one for _, one in found.read]
    archive = build_archive(runs, reported, parts, found.others, found.unreadable)
    thresholds = default_thresholds() + project_thresholds(Path.cwd())
    times = tuple(part.time for part in parts)
    return Report.of(reported.run, find_trend(archive, thresholds), times)
