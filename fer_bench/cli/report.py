"""``fer-bench report``: the report of results that were measured before."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report", short_help="Make the report of results files anew.")
@click.argument(
    "results",
    nargs=-1,
    required=True,
    metavar="RESULTS.json...",
    type=click.Path(path_type=Path),
)
@click.option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Where the report goes, over an earlier one.",
)
def command(results: tuple[Path, ...], report_dir: Path) -> None:
    """Make the page, figures and tables of results files anew.

    Several files are joined: they must be runs of one protocol on the same images. No network is
    built, and the results files stay as they are.
    """
    from fer_bench.joining import joined
    from fer_bench.reporting import Findings, write_report
    from fer_bench.results_json import load_run

    run = joined([(str(path), load_run(path)) for path in results])
    write_report(report_dir, Findings.of(run))
    click.echo(f"report: {report_dir / 'index.html'}")
