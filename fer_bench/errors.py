"""The one exception that stands for a user's mistake or a thing that is not there."""

from __future__ import annotations


class FerBenchError(Exception):
    """A mistake that its reader can mend.

    The text is one line: the cause, the offending value, what is accepted, and the next step.
    The plugin prints it without a traceback and ends the run with a non-zero exit status.
    """
