"""An audit's page, contact sheets and data card as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.audit.contact_sheets import draw
from fer_bench.report.audit.page import audit_page
from fer_bench.report.audit.paths import OF_AUDIT
from fer_bench.report.output_files import remove_files, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.report.audit.audited_dataset import AuditedData
    from fer_bench.report.audit.paths import Places

PAGE = "audit.html"


def write_audit(folder: Path, audited: AuditedData) -> list[Path]:
    """Writes the page, the data card and the contact sheets, each file atomically.

    Sheets that an earlier audit left and this one has not are removed.

    Args:
        folder: where to; a report of the benchmark there stays as it is.
        audited: what was audited, and what was found.

    Returns:
        The page, the card, then the sheets.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    made = audit_page(audited.found, audited.section(OF_AUDIT))
    return [*write_files(folder, {PAGE: made}), *write_beside(folder, audited, OF_AUDIT)]


def write_beside(folder: Path, audited: AuditedData, places: Places) -> list[Path]:
    """Writes data card and contact sheets, and removes sheets of an earlier report of the kind.

    Args:
        folder: where the report goes.
        audited: what was audited, and what was found.
        places: of the kind of report.

    Returns:
        The card, then the sheets.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    drawn = {
        places.sheet(sheet.key): draw(sheet, audited.dataset.images) for sheet in audited.sheets
    }
    written = write_files(folder, {places.card: audited.card, **drawn})
    remove_files(folder, places.holds, written)
    return written


def remove_beside(folder: Path, places: Places) -> None:
    """Removes data card and contact sheets that an earlier report of the kind left.

    Args:
        folder: where it lies.
        places: of the kind of report.

    Raises:
        FerBenchError: a file cannot be removed.
    """
    remove_files(folder, places.holds)
