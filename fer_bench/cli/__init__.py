"""``fer-bench``: what can be done without pytest. Each command is a module of this folder.

A new command is a module with a ``command``, named in ``_COMMANDS``. Its module imports at its top
nothing that takes long to load, as ``fer-bench --help`` loads all of them.
"""

from __future__ import annotations

from typing import Any

import click

import fer_bench
from fer_bench.cli import cache, data, export_backbone, profile, report
from fer_bench.errors import FerBenchError

_COMMANDS = (
    cache.command,
    data.command,
    export_backbone.command,
    profile.command,
    report.command,
)


class _OneLineErrors(click.Group):
    """Ends with one line and exit status 1 where a command raises ``FerBenchError``."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FerBenchError as error:
            raise click.ClickException(str(error)) from error


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
