"""``fer-bench``: what can be done without pytest. Each command is a module of this folder.

A new command is a module with a ``command``, named in ``_COMMANDS``. Its module imports at its top
nothing that takes long to load, as ``fer-bench --help`` loads all of them.
"""

from __future__ import annotations

from typing import Any

import click

import fer_bench
from fer_bench.cli import cache, compare, export_backbone, merge, profile, report
from fer_bench.errors import FerBenchError

_COMMANDS = (
    cache.command,
    compare.command,
    export_backbone.command,
    merge.command,
    profile.command,
    report.command,
)

_ERROR_STATUS = {compare.command.name: 2, merge.command.name: 2}
"""Exit status of the commands whose errors do not end with 1."""


class _OneLineErrors(click.Group):
    """Ends with one line where a command raises ``FerBenchError``, and its own exit status or 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FerBenchError as error:
            told = click.ClickException(str(error))
            told.exit_code = _ERROR_STATUS.get(ctx.invoked_subcommand, 1)
            raise told from error


@click.group(
    cls=_OneLineErrors,
    commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(fer_bench.__version__)
def main() -> None:
    """Benchmark of pretrained and random backbones for facial emotion recognition.

    The benchmark itself runs with pytest; these are the works around it.
    """
