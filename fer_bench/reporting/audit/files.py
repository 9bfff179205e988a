"""An audit's page and contact sheets as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, write_atomically
from fer_bench.reporting.audit.page import audit_page
from fer_bench.reporting.audit.sheets import KEYS, draw, sheets

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.audit import Audit
    from fer_bench.datasets import Dataset

PAGE = "audit.html"
SHEETS = "audit"
"""Folder of the contact sheets, beside the page."""


def write_audit(folder: Path, found: Audit, dataset: Dataset) -> list[Path]:
    """Writes the page and the contact sheets, each file atomically, once all of them are made.

    Sheets that an earlier audit left and this one has not are removed.

    Args:
        folder: where to; a report of the benchmark there stays as it is.
        found: the audit.
        dataset: what was audited.

    Returns:
        The page, then the sheets.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    pictures = [(sheet, draw(sheet, dataset.images)) for sheet in sheets(found, dataset)]
    written = [folder / PAGE]
    write_atomically(written[0], audit_page(found, pictures))
    for sheet, png in pictures:
        written.append(folder / SHEETS / f"{sheet.key}.png")
        write_atomically(written[-1], png)
    for path in (folder / SHEETS / f"{key}.png" for key in KEYS):
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
