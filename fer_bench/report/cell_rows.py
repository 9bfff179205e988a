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
    entries: Sequence[Entry] | None,
    *,
    measured: bool | None = None,
    part: str = "",
    seed: bool = False,
    data: DatasetSummary | None = None,
) -> Row:
    """Return the row of a cell, or of the mean of a group.

    The word for a gap is empty if the row is fully measured. A cell that was measured but did not
    end with status "ok" still has a reason.

    Args:
        cell: the cell.
        entries: entries of the row; None if it was not measured.
        measured: True if the row has all its values; None if it has them unless there are none.
        part: end of label and key, such as a class after a comma; empty if the cell has one row.
        seed: True to name the cell with its seed.
        data: the data set if the row needs a test part, else None.
    """
    label, key = cell.label, cell.row_key
    if seed:
        label, key = cell.name, f"{key}, seed {cell.seed}"
    if measured is None:
        measured = entries is not None
    reason = missing = ""
    if cell.status != "ok":
        reason, missing = f"{cell.status}: {cell.reason}", "" if measured else cell.status
    elif not measured and is_fitted(cell.head) and cell.quality is not None:
        reason = "no epochs: the head is fitted in one step"
    elif not measured:
        reason = "not measured in this run"
    if data is not None and not data.has_test and cell.quality is not None:
        missing = NO_TEST
        if cell.status == "ok":
            reason = f"{NO_TEST}: split {data.split!r} has training and validation images only"
    return Row(f"{label}{part}", tuple(entries or ()), reason, missing, key=f"{key}{part}")
