"""Tables as plain data, independent of the output format."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

Entry = str | int | float | None


@dataclass(frozen=True)
class Column:
    """Column other than the first.

    Attributes:
        name: heading.
        group: heading shared with adjacent columns, for example a window of epochs.
        kind: ``"number"`` (right-aligned), ``"word"`` (left-aligned) or ``"text"`` (left-aligned,
            may be wrapped).
        decimals: number of decimals shown of a float.
        published: True if it holds the paper's values; a gap there is not a missing result.
        compared: True if it is like for like with the paper's values (in the next published column
            of its group, or in the last row of the paper's Table 1), so that the page shows the
            difference.
        keys: group and name in ``tables.csv``; None if they are those above.
        hidden: True if it is only in ``tables.csv``.
    """

    name: str
    group: str = ""
    kind: Literal["number", "word", "text"] = "number"
    decimals: int = 0
    published: bool = False
    compared: bool = False
    keys: tuple[str, str] | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Row:
    """Table row.

    Attributes:
        label: text of the first column.
        entries: one for each column; None if there is no value.
        reason: reason for missing values of the run, one line; may be empty.
        missing: short word shown for one of the missing values; the others show a dash.
        place: column index of the entry that shows ``missing``; None for the first gap.
        key: label in ``tables.csv``; empty if it is ``label``.
    """

    label: str
    entries: tuple[Entry, ...]
    reason: str = ""
    missing: str = ""
    place: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Table:
    """Table of a report.

    Attributes:
        key: identifier of the table in files: ``"table-2"``, ``"cells"``.
        title: one line.
        head: heading of the first column.
        columns: the other columns.
        rows: rows with as many entries as there are columns.
        notes: explanations below the table, one line each.

    Raises:
        ValueError: a row has more or fewer entries than there are columns.
    """

    key: str
    title: str
    head: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.entries) != len(self.columns):
                raise ValueError(
                    f"{self.key}: row {row.label!r} has {len(row.entries)} entries; "
                    f"accepted: {len(self.columns)}"
                )

    @property
    def visible(self) -> Table:
        """The table without its hidden columns."""
        places = [place for place, column in enumerate(self.columns) if not column.hidden]
        if len(places) == len(self.columns):
            return self
        return dataclasses.replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(
                dataclasses.replace(row, entries=tuple(row.entries[place] for place in places))
                for row in self.rows
            ),
        )
