"""The one exception that stands for a user's mistake, and how its text shows values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import inert, printable

if TYPE_CHECKING:
    from collections.abc import Sequence


INSTALL = "pip install -e '.[cpu]' in a clone of fer_bench"
"""The way to the libraries of networks: no registry has this package."""


class FerBenchError(Exception):
    """A mistake that its reader can mend.

    The text is one line: the cause, the offending value, what is accepted, and the next step.
    The plugin prints it without a traceback and ends the run with a non-zero exit status.

    Args:
        text: names of files and what stands in them may hold anything; what does not print, such
            as line ends and escapes that command a terminal, is shown as Python writes it, and
            what a runner of GitHub obeys is taken apart.
    """

    def __init__(self, text: str) -> None:
        super().__init__(inert(printable(text)))


def shown(value: object, most: int = 60) -> str:
    """A value as Python writes it, of which a text has at most so many characters."""
    return repr(cut(value, most)) if isinstance(value, str) else cut(repr(value), most)


def cut(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(words: Sequence[str], most: int) -> str:
    """The first words, and a sign of it where there are more than so many."""
    return ", ".join([*words[:most], *(["..."] if len(words) > most else [])])


def bytes_shown(count: int) -> str:
    """A number of bytes in the largest unit of which there is one."""
    for exponent, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << exponent:
            return f"{count / (1 << exponent):,.1f} {unit}"
    return f"{count} B"
