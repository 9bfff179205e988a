"""``fer-bench``: what can be done without pytest. Each command is a module of this folder.

A new command is a module with a ``command``, named in ``_COMMANDS``. Its module imports at its top
nothing that takes long to load, as ``fer-bench --help`` loads all of them.
"""

from __future__ import annotations

from typing import Any

import click

import fer_bench
from fer_bench.cli import cache, compare, export_backbone, merge, profile, report, weights
from fer_bench.errors import FerBenchError

_COMMANDS = (
    cache.command,
    compare.command,
    export_backbone.command,
    merge.command,
    profile.command,
    report.command,
    weights.command,
)


class _EndsWith2(click.ClickException):
    exit_code = 2


_ERRORS = {compare.command.name: _EndsWith2, merge.command.name: _EndsWith2}
"""What ``FerBenchError`` becomes in the commands whose errors do not end with 1."""


class _OneLineErrors(click.Group):
    """Ends with one line where a command raises ``FerBenchError``, and its own exit status or 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FerBenchError as error:
            raise _ERRORS.get(ctx.invoked_subcommand, click.ClickException)(str(error)) from error


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
