"""Output of an audit's page, contact sheets and data card as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.report.audit.contact_sheets import draw, sheets
from fer_bench.report.audit.data_card import data_card
from fer_bench.report.audit.page import audit_page, audit_section
from fer_bench.report.output_files import remove_files, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.prepare import PreparedData

PAGE = "audit.html"


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


def write_audit(directory: Path, data: PreparedData) -> list[Path]:
    """Write the page, the data card and the contact sheets, each file atomically.

    Sheets of an earlier audit that this one does not contain are removed; a report of the
    benchmark in the directory is left unchanged.

    Returns:
        The page, the card, then the sheets.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    made = audit_page(data.audit, audit_section(data, OF_AUDIT))
    return [*write_files(directory, {PAGE: made}), *write_attachments(directory, data, OF_AUDIT)]


def write_attachments(directory: Path, data: PreparedData, places: Places) -> list[Path]:
    """Write data card and contact sheets, and remove obsolete sheets of the same kind of report.

    Returns:
        The card, then the sheets.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    drawn = {
        places.sheet(sheet.key): draw(sheet, data.source.images)
        for sheet in sheets(data.audit, data.source)
    }
    written = write_files(directory, {places.card: data_card(data), **drawn})
    remove_files(directory, places.holds, written)
    return written
