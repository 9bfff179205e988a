"""``fer-bench``: commands outside pytest. Each command is a module of this package.

A new command is a module with a ``command``, listed in ``_COMMANDS``. The module must not import
anything slow at its top level, as ``fer-bench --help`` imports all of them.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from fer_bench.cli import (
    backbones,
    benchmark,
    cache,
    cells,
    collect,
    compare,
    data,
    export,
    export_backbone,
    heads,
    launch,
    merge,
    paper,
    predict,
    profile,
    recommend,
    report,
    run,
    status,
    weights,
)
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import printable
from fer_bench.runtime.terminal import echo, echo_lines, occupy_closed
from fer_bench.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (
    backbones.command,
    benchmark.command,
    cache.command,
    cells.command,
    collect.command,
    compare.command,
    data.command,
    export.command,
    export_backbone.command,
    heads.command,
    launch.command,
    merge.command,
    paper.command,
    predict.command,
    profile.command,
    recommend.command,
    report.command,
    run.command,
    status.command,
    weights.command,
)


_ENDING_WITH_2 = (compare.command.name, merge.command.name)
"""Commands that exit with status 2, not 1, on any error, bugs included."""


class _Program(click.Group):
    """Command group that ends with one line and exit status 2 or 1 on ``FerBenchError``.

    Other errors are bugs and keep their traceback. click's own error messages are printed through
    ``echo_lines``, like all other output.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        occupy_closed()
        try:
            status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            echo_lines(_usage_message(error), err=True)
            status = error.exit_code
        except click.Abort:
            echo("Aborted!", err=True)
            status = 1
        sys.exit(status)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except FerBenchError as error:
            echo(f"Error: {error}", err=True)
        except Exception:
            echo_lines(traceback.format_exc(), err=True)
        return ctx.exit(2 if ctx.invoked_subcommand in _ENDING_WITH_2 else 1)


def _usage_message(error: click.ClickException) -> str:
    """Return click's message about a usage error, with the user's input on one line."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # the help of a group, in new versions
        return f"{message}\n"
    usage = ""
    if context is not None:
        usage = f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n\n"
    return f"{usage}Error: {printable(message)}\n"


@click.group(
    cls=_Program,
    commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="fer-bench")
def main() -> None:
    """Benchmark of pretrained and random backbones for facial emotion recognition.

    'run' runs the benchmarks with pytest; the other commands prepare data and process results.
    """
