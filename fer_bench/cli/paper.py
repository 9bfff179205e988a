"""``fer-bench paper``: how the paper's published tables were made."""

from __future__ import annotations

import click

from fer_bench.cli import paper_search
from fer_bench.runtime.terminal import echo_lines, terminal_width


@click.group(
    "paper",
    invoke_without_command=True,
    commands=[paper_search.command],
    short_help="Test how the paper's published tables were made.",
)
@click.pass_context
def command(context: click.Context) -> None:
    """Test how the paper's published tables were made.

    An accuracy is a number of images divided by the number of all images, so the printed digits of
    the convergence and overfitting rates allow few numbers of images and of differences. Prints
    the hypotheses with the rates that fit them, and the exact numbers of images gained in each
    window. Needs no data and trains nothing; the command search does.
    """
    if context.invoked_subcommand is not None:
        return
    from fer_bench.analysis.paper_forensics import examine
    from fer_bench.report.paper_tables import forensics_sentences, forensics_tables
    from fer_bench.report.table_rendering import terminal, wrapped

    width = terminal_width()
    forensics = examine()
    for sentence in forensics_sentences(forensics):
        echo_lines("\n".join([*wrapped(sentence, width), ""]) + "\n")
    echo_lines(terminal(forensics_tables(forensics), width) + "\n")
