"""Tables as plain data, independent of the output format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.metrics import Interval
    from fer_bench.results.metric_estimates import Estimate


@dataclass(frozen=True)
class Bracketed:
    """Value with its interval, shown together.

    Attributes:
        value: the value; None to show the interval alone.
        low: lower limit; None if there is no interval.
        high: upper limit; None likewise.
        shown: limits shown instead, if ``tables.csv`` has others.
    """

    value: float | None
    low: float | None
    high: float | None
    shown: tuple[float | None, float | None] | None = None


Entry = str | int | float | Bracketed | None


def bracketed(
    value: float | None,
    interval: Interval | Estimate | None = None,
    shown: Interval | Estimate | None = None,
) -> Bracketed | None:
    """Return a value with its interval, and the one shown instead; None without both."""
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    if value is None and low is None:
        return None
    return Bracketed(value, low, high, None if shown is None else (shown.low, shown.high))


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
        limits: True if its entries are ``Bracketed`` values.
        interval: end of the names of both limits in ``tables.csv`` if its entries are intervals
            without a value; else empty.
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
    interval: str = ""
    optional: bool = False
    repeated: bool = False

    def recorded(self, entry: Entry) -> list[tuple[str, str, Entry]]:
        """Return group, name and value of each number of an entry in ``tables.csv``."""
        if self.shown_only:
            return []
        group, name = self.keys or (self.group, self.name)
        names = [name]
        if self.interval:
            names = [f"low {self.interval}", f"high {self.interval}"]
        elif self.limits:
            names += ["low", "high"] if self.keys else [f"{name} low", f"{name} high"]
        values: Sequence[Entry] = [entry] * len(names)
        if isinstance(entry, Bracketed):
            values = [entry.value, entry.low, entry.high][-len(names) :]
        return [(group, one, value) for one, value in zip(names, values, strict=True)]


@dataclass(frozen=True)
class Row:
    """Table row.

    Attributes:
        label: text of the first column.
        entries: one for each column, None if there is no value; empty if there is none at all.
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
        notes: explanations below the table, one line each; empty ones are left out.

    Raises:
        ValueError: a row has more or fewer entries than there are columns.
    """

    key: str
    title: str
    head: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        gaps = (None,) * len(self.columns)
        rows = (row if row.entries else replace(row, entries=gaps) for row in self.rows)
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(rows))
        object.__setattr__(self, "notes", tuple(filter(None, self.notes)))
        for row in self.rows:
            if len(row.entries) != len(self.columns):
                raise ValueError(
                    f"{self.key}: row {row.label!r} has {len(row.entries)} entries; "
                    f"accepted: {len(self.columns)}"
                )

    @property
    def visible(self) -> Table:
        """The table as it is shown, without hidden columns."""
        return self.only(
            [
                index
                for index, column in enumerate(self.columns)
                if not column.hidden
                and (
                    not column.optional or any(row.entries[index] is not None for row in self.rows)
                )
            ]
        )

    def only(self, places: Sequence[int]) -> Table:
        """Return the table with the columns of these indices."""
        return replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(
                replace(
                    row,
                    entries=tuple(row.entries[place] for place in places),
                    place=places.index(row.place) if row.place in places else None,
                )
                for row in self.rows
            ),
        )
