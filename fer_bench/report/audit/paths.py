"""Paths of an audit's data card and contact sheets, relative to the page that links to them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """File names of one kind of report, unique to it so that both kinds can share a directory.

    Attributes:
        card: name of the data card's file.
        sheets: name of the contact sheets' directory.
    """

    card: str
    sheets: str

    def sheet(self, key: str) -> str:
        """Return the relative path of the sheet with this key."""
        return f"{self.sheets}/{key}.png"

    def holds(self, name: str) -> bool:
        """Check if a file of this name is the card or a sheet."""
        return name == self.card or name.startswith(f"{self.sheets}/")


OF_BENCHMARK = Places("data-card.md", "data-sheets")
"""Names in the benchmark's report."""

OF_AUDIT = Places("audit-card.md", "audit-sheets")
"""Names in the report of ``fer-bench data audit``."""
