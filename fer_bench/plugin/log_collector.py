"""Log messages of the package, collected for the end of the session."""

from __future__ import annotations

import logging

from fer_bench.runtime.escapes import inert, printable


class Notes(logging.Handler):
    """Log handler that collects the package's messages, such as resumed training or fixed damage.

    Attributes:
        lines: one for each message, in order.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect one message, and escape it for pytest's own log reports."""
        record.msg, record.args = inert(printable(record.getMessage())), ()
        self.lines.append(record.msg)
