"""An audit's page, contact sheets and data card as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, write_atomically
from fer_bench.reporting.audit.page import audit_page
from fer_bench.reporting.audit.places import OF_AUDIT
from fer_bench.reporting.audit.sheets import KEYS, draw
from fer_bench.reporting.card import is_card

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from fer_bench.reporting.audit.audited import AuditedData
    from fer_bench.reporting.audit.places import Places

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
    page = folder / PAGE
    write_atomically(page, audit_page(audited.found, audited.section(OF_AUDIT)))
    return [page, *write_beside(folder, audited, OF_AUDIT)]


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
    written = [folder / places.card]
    write_atomically(written[0], audited.card)
    for sheet in audited.sheets:
        written.append(folder / places.sheet(sheet.key))
        write_atomically(written[-1], draw(sheet, audited.dataset.images))
    _remove_sheets(folder, places, written)
    return written


def remove_beside(folder: Path, places: Places) -> None:
    """Removes data card and contact sheets that an earlier report of the kind left.

    Args:
        folder: where it lies.
        places: of the kind of report.

    Raises:
        FerBenchError: a file cannot be removed.
    """
    card = folder / places.card
    try:
        is_ours = is_card(card)
    except OSError as error:
        raise _stuck(card, error) from error
    if is_ours:
        _remove(card)
    _remove_sheets(folder, places)


def _remove_sheets(folder: Path, places: Places, kept: Collection[Path] = ()) -> None:
    for path in (folder / places.sheet(key) for key in KEYS):
        if path not in kept:
            _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _stuck(path, error) from error


def _stuck(path: Path, error: OSError) -> FerBenchError:
    return FerBenchError(
        f"{path} belongs to an earlier report and cannot be removed: {cause_of(error)}; "
        "remove it, or name another folder with --report-dir"
    )
