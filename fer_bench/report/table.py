"""Tables as plain data, independent of the output format."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Bracketed:
    """Value with its interval, shown together.

    Attributes:
        value: the value; None to show the interval alone.
        low: lower limit; None if there is no interval.
        high: upper limit; None likewise.
    """

    value: float | None
    low: float | None
    high: float | None


Entry = str | int | float | Bracketed | None


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
        shown_only: True if it is in no ``tables.csv``: another column has its values there.
        style: ``"percent"`` for a share shown in percent, ``"p"`` for a p-value shown as
            ``< 0.0001`` if it is smaller, ``"speed"`` for three significant digits.
        limits: True if the next two columns are the limits of its interval, shown in brackets.
        interval: True if it and the next column are the limits of an interval without a value,
            shown as one column.
        optional: True if it is only shown if a row has a value.
        repeated: True if a terminal repeats it in each block of a table that is too wide.
    """

    name: str
    group: str = ""
    kind: Literal["number", "word", "text"] = "number"
    decimals: int = 0
    published: bool = False
    compared: bool = False
    keys: tuple[str, str] | None = None
    hidden: bool = False
    shown_only: bool = False
    style: Literal["", "percent", "p", "speed"] = ""
    limits: bool = False
    interval: bool = False
    optional: bool = False
    repeated: bool = False


def with_limits(value: Column) -> list[Column]:
    """Return a column and those of its interval's limits, which are shown with it."""
    ends = [
        dataclasses.replace(
            value, name=f"{value.name} {end}", keys=value.keys and (value.keys[0], end)
        )
        for end in ("low", "high")
    ]
    return [dataclasses.replace(value, limits=True), *ends]


def recorded_and_shown(columns: Sequence[Column]) -> list[Column]:
    """Return a value and its two limits twice: for ``tables.csv`` alone, and to be shown alone."""
    return [
        *(dataclasses.replace(one, hidden=True) for one in columns),
        *(dataclasses.replace(one, shown_only=True) for one in columns),
    ]


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
        """The table as it is shown: without hidden columns, and with intervals in brackets."""
        places: list[int] = []
        index = 0
        while index < len(self.columns):
            column = self.columns[index]
            values = [row.entries[index] for row in self.rows]
            if not (
                column.hidden or (column.optional and not any(one is not None for one in values))
            ):
                places.append(index)
            index += 3 if column.limits else 2 if column.interval else 1
        return dataclasses.replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(
                dataclasses.replace(
                    row,
                    entries=tuple(self._shown(row, place) for place in places),
                    place=places.index(row.place) if row.place in places else None,
                )
                for row in self.rows
            ),
        )

    def _shown(self, row: Row, place: int) -> Entry:
        column, (entry, *following) = self.columns[place], row.entries[place : place + 3]
        if entry is None or not (column.limits or column.interval):
            return entry
        value, low, high = (entry, *following) if column.limits else (None, entry, following[0])
        return Bracketed(*(one if isinstance(one, float) else None for one in (value, low, high)))
