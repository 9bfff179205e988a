"""``fer-bench``: what can be done without pytest. Each command is a module of this folder.

A new command is a module with a ``command``, named in ``_COMMANDS``. Its module imports at its top
nothing that takes long to load, as ``fer-bench --help`` loads all of them.
"""

from __future__ import annotations

import traceback
from typing import IO, Any

import click

import fer_bench
from fer_bench.cli import cache, compare, data, export_backbone, merge, profile, report, weights
from fer_bench.errors import FerBenchError

_COMMANDS = (
    cache.command,
    compare.command,
    data.command,
    export_backbone.command,
    merge.command,
    profile.command,
    report.command,
    weights.command,
)


_ENDING_WITH_2 = (compare.command.name, merge.command.name)
"""Commands whose errors do not end with 1, mistakes in the code among them."""


class _EndsWith2(click.ClickException):
    exit_code = 2


class _Unexpected(_EndsWith2):
    """Shows its cause with the traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        traceback.print_exception(self.__cause__, file=file)


class _OneLineErrors(click.Group):
    """Ends with one line where a command raises ``FerBenchError``, and 2 or 1 for its status.

    Other errors are mistakes in the code, and keep their traceback.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FerBenchError as error:
            ends_with_2 = ctx.invoked_subcommand in _ENDING_WITH_2
            kind = _EndsWith2 if ends_with_2 else click.ClickException
            raise kind(str(error)) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.invoked_subcommand in _ENDING_WITH_2:
                raise _Unexpected(repr(error)) from error
            raise


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
