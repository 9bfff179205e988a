"""``fer-bench run``: the benchmarks, run by pytest from any directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

_ON_WINDOWS = os.name == "nt"

# python -c searches the current directory for modules, the command pytest does not.
_PROGRAM = """
import runpy, sys

if sys.path[0] == "":
    del sys.path[0]
runpy.run_module("pytest", run_name="__main__", alter_sys=True)
"""


class _PytestCommand(click.Command):
    """Command that passes all arguments on unread, unless the first one asks for help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] in (["-h"], ["--help"]):
            return super().parse_args(ctx, ["--help"])
        ctx.params["arguments"] = args
        return []

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from fer_bench.plugin.options import OPTIONS

        with formatter.section("Options of the benchmarks"):
            formatter.write_dl(
                [
                    (
                        f"{one.short or one.flag} {one.shown_value.removeprefix('=')}".rstrip(),
                        one.help,
                    )
                    for one in OPTIONS
                ]
            )


@click.command(
    "run",
    cls=_PytestCommand,
    options_metavar="[ARGUMENTS OF PYTEST]",
    short_help="Run the benchmarks with pytest.",
)
def command(arguments: Sequence[str]) -> None:
    """Run the benchmarks with pytest, in the current directory and without a clone.

    The same as 'pytest --pyargs fer_bench.benchmarks' with all arguments: the options below, which
    'pytest benchmarks' has too, and those of pytest, such as -k, -q and -v ('pytest --help'). A
    conftest.py in the current directory may register backbones and data sets.
    """
    words = pytest_words(arguments)
    sys.stdout.flush()
    # In a process of its own, since pytest rewrites only modules that are not imported yet.
    if _ON_WINDOWS:
        # Windows has no execv: its imitation would end this process at once, with status 0.
        # Ctrl-C goes to both processes; pytest alone decides what follows.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(subprocess.call(words))
    os.execv(sys.executable, words)  # noqa: S606


def pytest_words(arguments: Sequence[str]) -> list[str]:
    """Return the words of a command that runs the benchmarks with these arguments of pytest."""
    return [sys.executable, "-c", _PROGRAM, "--pyargs", _benchmarks(), *_join_values(arguments)]


def _benchmarks() -> str:
    """Return the package of the benchmarks: for an editable installation, that of its clone."""
    packaged = "fer_bench.benchmarks"
    return "benchmarks" if find_spec(packaged) is None else packaged


def _join_values(arguments: Sequence[str]) -> list[str]:
    """Join options of the benchmarks with the values that follow them, if any of these is a path.

    pytest would look for its root directory and conftest.py next to a path that stands on its own.
    """
    if not any(map(os.path.exists, arguments)):
        return [*arguments]
    from fer_bench.plugin.options import OPTIONS

    names = {name for one in OPTIONS if one.takes_next for name in (one.flag, one.short)}
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] in names:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
