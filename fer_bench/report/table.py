"""A table as data, before it is text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Entry = str | int | float | None


@dataclass(frozen=True)
class Column:
    """One column after the first.

    Attributes:
        name: heading.
        group: heading that neighbours share, for example a window of epochs.
        kind: ``"number"`` (to the right), ``"word"`` (to the left) or ``"text"`` (to the left,
            may be broken into lines).
        decimals: shown of a float.
        published: whether it holds the paper's values, which no run can fail to give.
    """

    name: str
    group: str = ""
    kind: Literal["number", "word", "text"] = "number"
    decimals: int = 0
    published: bool = False


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        label: what stands in the first column.
        entries: one for each column; None where there is no value.
        reason: why values of the run are missing, one line, or empty.
        missing: a word for why, which one of them shows; the others show a dash.
        place: which one, by its column; None for the first.
    """

    label: str
    entries: tuple[Entry, ...]
    reason: str = ""
    missing: str = ""
    place: int | None = None


@dataclass(frozen=True)
class Table:
    """One table of a report.

    Attributes:
        key: names the table in files: ``"table-2"``, ``"cells"``.
        title: one line.
        head: heading of the first column.
        columns: the other columns.
        rows: all as long as ``columns``.
        notes: what a reader needs to know, one line each.

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
