"""Rows of tables for cells, with the reason for what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.protocol.head import is_fitted
from fer_bench.report.table import Row
from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.report.table import Entry
    from fer_bench.results.records import CellResult, DatasetSummary


def cell_row(
    cell: CellResult,
    measured: bool,
    entries: Sequence[Entry],
    *,
    part: str = "",
    seed: bool = False,
    data: DatasetSummary | None = None,
) -> Row:
    """Return the row of a cell, or of the mean of a group.

    Args:
        cell: the cell.
        measured: True if the row has all its values.
        entries: entries of the row.
        part: end of label and key, such as a class after a comma; empty if the cell has one row.
        seed: True to name the cell with its seed.
        data: the data set if the row needs a test part, else None.
    """
    reason, missing = why_missing(cell, measured, data)
    label, key = cell.label, cell.row_key
    if seed:
        label, key = cell.name, f"{key}, seed {cell.seed}"
    return Row(f"{label}{part}", tuple(entries), reason, missing, key=f"{key}{part}")


def why_missing(
    cell: CellResult, measured: bool, data: DatasetSummary | None = None
) -> tuple[str, str]:
    """Return the reason and the short word shown for missing values of a row.

    The word is empty if the row is fully measured. A cell that was measured but did not end with
    status "ok" still has a reason. Arguments are as for ``cell_row``.
    """
    if data is not None and not data.has_test and cell.quality is not None:
        reason = f"{NO_TEST}: split {data.split!r} has training and validation images only"
        return (reason if cell.status == "ok" else f"{cell.status}: {cell.reason}"), NO_TEST
    if cell.status != "ok":
        return f"{cell.status}: {cell.reason}", "" if measured else cell.status
    if not measured and is_fitted(cell.head) and cell.quality is not None:
        return "no epochs: the head is fitted in one step", ""
    return ("", "") if measured else ("not measured in this run", "")
