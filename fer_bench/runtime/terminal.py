"""Terminal output: everything that the command line and the plugin print passes through here."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import displayed, encodable, printable
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def terminal_width() -> int:
    """Return the number of columns of the terminal; 120 if there is none."""
    return shutil.get_terminal_size((120, 24)).columns


def echo(line: str = "", *, err: bool = False, colour: str | None = None) -> None:
    """Print a line, with line breaks in it escaped, in a colour if the terminal supports it.

    Raises:
        FerBenchError: the line cannot be written, for example to a full disk. A closed pipe, as
            ``head`` leaves behind, is not an error.
    """
    import click

    def style(text: str) -> str:
        return text if colour is None else click.style(text[:-1], fg=colour) + "\n"

    echo_lines(printable(line) + "\n", err=err, style=style)


def echo_lines(text: str, *, err: bool = False, style: Callable[[str], str] | None = None) -> None:
    """Print lines that are already laid out, as ``echo``; ``style`` adds colours to them.

    The text ends in a line break; names in it must not contain any. Errors are those of ``echo``.
    """
    stream = sys.stderr if err else sys.stdout
    shown = displayed(text, getattr(stream, "encoding", None))
    _write(shown if style is None else style(shown), stream)


def echo_command(line: str) -> None:
    """Print a GitHub workflow command: the only output in which commands are not broken up.

    Its properties and message are already escaped. Errors are those of ``echo``.
    """
    stream = sys.stdout
    _write(encodable(printable(line), getattr(stream, "encoding", None)) + "\n", stream)


def report_line(terminal: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    """Print a line in pytest's summary, with line breaks in it escaped."""
    report_lines(terminal, printable(line), None, **markup)


def report_lines(
    terminal: pytest.TerminalReporter,
    text: str,
    style: Callable[[str], str] | None = None,
    **markup: bool,
) -> None:
    """Print lines in pytest's summary that are already laid out, as by ``echo_lines``."""
    writer = terminal.config.get_terminal_writer()
    # If a character cannot be encoded, pytest escapes it and all line breaks as well.
    shown = displayed(text, getattr(writer._file, "encoding", None))
    terminal.write_line(style(shown) if style and terminal.hasmarkup else shown, **markup)


def occupy_closed() -> None:
    """Occupy the descriptors 0 to 2 if the caller closed them, so that no file gets one.

    Otherwise whatever a library prints would end up in that file.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


def _write(text: str, stream: IO[Any] | None) -> None:
    import click

    if stream is None:  # closed by the caller
        return
    # With None, click strips colours if the stream is not a terminal.
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        # The stream is passed explicitly: click would write UTF-8 to an ASCII stream otherwise.
        click.echo(text, stream, nl=False, color=colour)  # noqa: TID251 - the one permitted call
    except OSError as error:
        _silence(stream)
        # An error of standard error cannot be reported anywhere; the exit status reflects it.
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise FerBenchError(
                f"the output cannot be written: {cause_of(error)}",
                "a terminal, a pipe or a file on a disk with free space",
                "redirect the output elsewhere",
            ) from error


def _silence(stream: IO[Any]) -> None:
    """Redirect a stream to the null device, including output that is still buffered."""
    with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
