"""The one exception that stands for a user's mistake or a thing that is not there."""

from __future__ import annotations


class FerBenchError(Exception):
    """A mistake that its reader can mend.

    The text is one line: the cause, the offending value, what is accepted, and the next step.
    The plugin prints it without a traceback and ends the run with a non-zero exit status.

    Args:
        text: names of files and what stands in them may hold anything; what does not print, such
            as line ends and escapes that command a terminal, is shown as Python writes it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text if text.isprintable() else "".join(map(_visible, text)))


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
