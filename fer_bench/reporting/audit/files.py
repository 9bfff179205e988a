"""An audit's page, contact sheets and data card as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, write_atomically
from fer_bench.reporting.audit.page import audit_page
from fer_bench.reporting.audit.sheets import FOLDER, KEYS, draw
from fer_bench.reporting.card import CARD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.reporting.audit.audited import AuditedData
    from fer_bench.reporting.audit.sheets import Sheet

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
    page, card = folder / PAGE, folder / CARD
    made = audit_page(audited.found, audited.section)
    write_atomically(page, made)
    write_atomically(card, audited.card)
    return [page, card, *write_sheets(folder, audited.sheets, audited.dataset.images)]


def write_sheets(folder: Path, made: Sequence[Sheet], images: NDArray[np.uint8]) -> list[Path]:
    """Draws contact sheets to ``audit/`` and removes those that an earlier audit left there.

    Args:
        folder: where the report goes.
        made: the sheets.
        images: uint8, shape (n, height, width), that they name.

    Returns:
        The files written.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    written = []
    for sheet in made:
        written.append(folder / FOLDER / f"{sheet.key}.png")
        write_atomically(written[-1], draw(sheet, images))
    for path in (folder / FOLDER / f"{key}.png" for key in KEYS):
        if path not in written:
            _remove(path)
    return written


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FerBenchError(
            f"{path} belongs to an earlier audit and cannot be removed: {cause_of(error)}; "
            "remove it, or name another folder with --report-dir"
        ) from error
