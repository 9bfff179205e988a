"""What the package says while it runs, kept for the end of the session."""

from __future__ import annotations

import logging

from fer_bench.runtime.escapes import inert, printable


class Notes(logging.Handler):
    """Collects what the package logs: what it went on from, damage that was found and mended.

    Attributes:
        lines: one for each, in their order.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, and make it safe for pytest's own reports of the log."""
        record.msg, record.args = inert(printable(record.getMessage())), ()
        self.lines.append(record.msg)
