"""Where card and sheets of an audit lie, beside the page that links to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """Names of one kind of report; no other kind has the same, so that both fit in one folder.

    Attributes:
        card: of the data card's file.
        sheets: of the folder of the contact sheets.
    """

    card: str
    sheets: str

    def sheet(self, key: str) -> str:
        """Where the sheet of this key lies."""
        return f"{self.sheets}/{key}.png"

    def holds(self, name: str) -> bool:
        """Check if a file of this name is the card or a sheet."""
        return name == self.card or name.startswith(f"{self.sheets}/")


OF_BENCHMARK = Places("data-card.md", "data-sheets")
"""Of what the benchmark tells of the data that it runs on."""

OF_AUDIT = Places("audit-card.md", "audit-sheets")
"""Of what ``fer-bench data audit`` tells."""
