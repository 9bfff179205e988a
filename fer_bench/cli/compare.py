"""``fer-bench compare``: check if the results of one commit are worse than another's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_bench.cli.click_types import NonEmptyPath
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, write_atomically
from fer_bench.runtime.terminal import echo_command, echo_lines, terminal_width

if TYPE_CHECKING:
    from fer_bench.analysis.comparison import ComparisonResult

_SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command("compare", short_help="Compare the results of two commits.")
@click.argument("files", nargs=-1, metavar="BASE... HEAD", type=NonEmptyPath())
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json", "github"]),
    default="terminal",
    show_default=True,
    help="github: as terminal, with annotations for GitHub Actions on standard output, and "
    f"Markdown added to the file that {_SUMMARY} names.",
)
@click.option(
    "--output",
    type=NonEmptyPath(dir_okay=False),
    metavar="FILE",
    help="File of the comparison, replaced if it exists. Default: standard output.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="THRESHOLDS",
    help="Thresholds: how much worse a metric may get, as in 'accuracy: 0.5pp, vggface*: "
    "training.speed: 20%'. May be given several times.",
)
@click.pass_context
def command(
    context: click.Context,
    files: tuple[Path, ...],
    form: str,
    output: Path | None,
    fail_on: tuple[str, ...],
) -> None:
    """Compare results files of one commit, BASE, with those of another, HEAD.

    Each argument is a results file, or a directory of results files; files that cannot be read are
    skipped and named. The last argument is the head. Several arguments before it are repeated runs
    of the base; a directory as the head may hold repeated runs of the head.

    A metric is a regression if it got worse by more than its noise and by more than its threshold.
    Thresholds are the defaults (accuracy: 0.5pp, training.speed: 5%, inference.median: 5%, gone:
    on, determinism: on), then those under [tool.fer_bench.compare] of the nearest pyproject.toml,
    as in fail_on = ["accuracy: 0.5pp"], then those of --fail-on. The last one given for a metric
    applies.

    Exit status: 0 no regression, 1 a regression, 2 undecided.
    """
    from fer_bench.analysis.comparison import (
        compare,
        default_thresholds,
        load_run_set,
        parse,
        project_thresholds,
    )

    if len(files) < 2:
        raise click.UsageError(
            "BASE and HEAD must both be given: results files, or directories of them"
        )
    thresholds = default_thresholds() + project_thresholds(Path.cwd()) + parse(fail_on, "--fail-on")
    *base, head = files
    run_sets = load_run_set(base, "base"), load_run_set([head], "head")
    read = {os.path.realpath(name) for run_set in run_sets for name, _ in run_set.runs}
    if output is not None and os.path.realpath(output) in read:
        raise FerBenchError("--output is one of the files to compare", "another file", path=output)
    outcome = compare(*run_sets, thresholds)
    _report(outcome, form, output)
    context.exit(outcome.exit_status)


def _report(outcome: ComparisonResult, form: str, output: Path | None) -> None:
    from fer_bench.report.comparison import (
        coloured,
        json_text,
        markdown_text,
        terminal_text,
        workflow_commands,
    )

    if form == "json":
        text = json_text(outcome)
    elif form == "markdown":
        text = markdown_text(outcome)
    else:
        text = terminal_text(outcome, terminal_width())
    if output is not None:
        write_atomically(output, text)
    else:
        echo_lines(text, style=coloured if form == "terminal" else None)
    if form == "github":
        for line in workflow_commands(outcome):
            echo_command(line)
        _add_to_summary(markdown_text(outcome))


def _add_to_summary(text: str) -> None:
    """Append Markdown to the summary of a GitHub job, if there is one."""
    summary = os.environ.get(_SUMMARY)
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise FerBenchError(
                f"{_SUMMARY} cannot be written: {cause_of(error)}",
                "a writable file",
                path=Path(summary),
            ) from error
