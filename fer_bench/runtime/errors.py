"""Base exception for user errors, and formatting of values in its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import inert, printable

if TYPE_CHECKING:
    from collections.abc import Sequence


INSTALL = "pip install -e '.[cpu]' in a clone of fer_bench"
"""Install command for the deep-learning libraries; this package is not on PyPI."""


class FerBenchError(Exception):
    """An error that the user can fix.

    The message is one line: the cause, the offending value, what is accepted, and the next step.
    The plugin prints it without a traceback and ends the run with a non-zero exit status.

    Args:
        text: the message. It may contain untrusted file names and file contents: non-printable
            characters, such as line breaks and terminal escapes, are shown as Python escapes, and
            workflow commands that a GitHub runner would execute are broken up.
    """

    def __init__(self, text: str) -> None:
        super().__init__(inert(printable(text)))


def shown(value: object, most: int = 60) -> str:
    """Return ``repr(value)``, truncated to ``most`` characters (plus quotes for a string)."""
    return repr(cut(value, most)) if isinstance(value, str) else cut(repr(value), most)


def cut(text: str, most: int) -> str:
    """Truncate a text to at most ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(words: Sequence[str], most: int) -> str:
    """Join the first ``most`` words with commas, followed by ``...`` if there are more."""
    return ", ".join([*words[:most], *(["..."] if len(words) > most else [])])


def bytes_shown(count: int) -> str:
    """Format a number of bytes in the largest binary unit in which it is at least 1."""
    for exponent, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << exponent:
            return f"{count / (1 << exponent):,.1f} {unit}"
    return f"{count} B"
