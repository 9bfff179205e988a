"""What the package says while it runs, kept for the end of the session."""

from __future__ import annotations

import logging


class Notes(logging.Handler):
    """Collects the package's warnings: damage that was found and mended.

    Attributes:
        lines: one for each, in their order.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one warning."""
        self.lines.append(record.getMessage())
