"""Door to the terminal: all that the command line and the plugin show passes through it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import displayed, encodable, printable
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def echo(line: str = "", *, err: bool = False, colour: str | None = None) -> None:
    """Show a line; line ends in it are no line ends.

    Args:
        line: any text.
        err: on standard error instead of standard output.
        colour: if the terminal has colours.

    Raises:
        FerBenchError: it cannot be written, such as to a full disk. A reader that went away, as
            ``head`` does, is no error.
    """
    import click

    def style(text: str) -> str:
        return text if colour is None else click.style(text[:-1], fg=colour) + "\n"

    echo_lines(printable(line) + "\n", err=err, style=style)


def echo_lines(text: str, *, err: bool = False, style: Callable[[str], str] | None = None) -> None:
    """Show lines that were laid out by us.

    Args:
        text: ending in a line end; names in it have none.
        err: as for ``echo``.
        style: adds colours to the text.

    Raises:
        FerBenchError: as for ``echo``.
    """
    stream = sys.stderr if err else sys.stdout
    shown = displayed(text, getattr(stream, "encoding", None))
    _write(shown if style is None else style(shown), stream)


def echo_command(line: str) -> None:
    """Show one of GitHub's workflow commands, which alone may look like one.

    Args:
        line: its names and texts are escaped.

    Raises:
        FerBenchError: as for ``echo``.
    """
    stream = sys.stdout
    _write(encodable(printable(line), getattr(stream, "encoding", None)) + "\n", stream)


def report_line(terminal: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    """Show a line in pytest's summary; line ends in it are no line ends."""
    report_lines(terminal, printable(line), None, **markup)


def report_lines(
    terminal: pytest.TerminalReporter,
    text: str,
    style: Callable[[str], str] | None = None,
    **markup: bool,
) -> None:
    """Show lines in pytest's summary that were laid out by us.

    Args:
        terminal: of the session.
        text: names in it have no line ends.
        style: adds colours to the text, if the terminal has them.
        markup: of pytest, for all of the text.
    """
    writer = terminal.config.get_terminal_writer()
    # What cannot be encoded pytest would escape itself, and all line ends beside it.
    shown = displayed(text, getattr(writer._file, "encoding", None))
    terminal.write_line(style(shown) if style and terminal.hasmarkup else shown, **markup)


def occupy_closed() -> None:
    """Keep files from taking the place of standard streams that the caller closed.

    Whatever a library prints there would stand in that file.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


def _write(text: str, stream: IO[Any] | None) -> None:
    import click

    if stream is None:  # closed by the caller
        return
    # click takes colours out if the stream is no terminal.
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        # The stream is named, as click would write UTF-8 to one that takes ASCII.
        click.echo(text, stream, nl=False, color=colour)  # noqa: TID251 - this is the door
    except OSError as error:
        _silence(stream)
        # Of standard error nobody could be told, and the exit status tells what went wrong.
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise FerBenchError(
                f"the output cannot be written: {cause_of(error)}; accepted: a terminal, a pipe "
                "or a file with room; name another one"
            ) from error


def _silence(stream: IO[Any]) -> None:
    """Send what is written from now on, and what waits to be, nowhere."""
    with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
