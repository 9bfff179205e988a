"""Tables as the page shows them: text, sort keys, differences from the paper."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from fer_bench.report.table import Bracketed
from fer_bench.report.table_rendering import DASH, body, entry_text
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.report.table import Column, Entry, Table

_TONES = {
    "ok": "good",
    "skipped": "fair",
    "failed": "bad",
    "supported": "good",
    "contradicted": "bad",
    "undecided": "fair",
    "not testable here": "none",
    "not published": "none",
    "better": "good",
    "worse": "bad",
    "moved": "fair",
    "not deterministic": "bad",
    "only in this run": "none",
}
"""Tones of the words for the outcome of a cell, a claim or a metric."""

_UNMEASURED = {"speed": "Speed was not measured: run without --no-timing."}
"""Sentences, by key, for tables in which every value may be missing on request."""

_AT_END = re.compile(r"(.*?)( \([^()]*\))?", re.DOTALL)
"""Title, and brackets at its end."""


@dataclass(frozen=True)
class PageEntry:
    """One entry of a table.

    Attributes:
        text: as in every other form of the table.
        order: sort key: the number in full precision, empty if the entry is not a number.
        distance: our value minus the paper's, empty if either is missing.
        tone: highlighting: ``"good"``, ``"fair"``, ``"bad"``, ``"none"`` or empty.
        empty: True if the table has no value here.
    """

    text: str
    order: str
    distance: str
    tone: str
    empty: bool


@dataclass(frozen=True)
class Grid:
    """One table.

    Attributes:
        key: identifier of the table in files.
        id: the table's anchor.
        title: one line.
        head: heading of the first column.
        groups: headings above the columns with the number of columns below; empty if there are
            none.
        columns: the other columns, with escaped names.
        lines: the rows: text of the first column, number of the row's reason (None if it has
            none) and entries of the other columns.
        reasons: reasons for missing values, in the order of their marks, from 1.
        notes: notes below the table.
        unmeasured: sentence that replaces the rows of a table without any value; empty otherwise.
        folded: if True, only the title is visible at first.
        reasons_at: anchor of the list that holds the reasons of skipped and failed cells in full;
            empty if the table gives them itself.
    """

    key: str
    id: str
    title: str
    head: str
    groups: Sequence[tuple[str, int]]
    columns: Sequence[Column]
    lines: Sequence[tuple[str, int | None, Sequence[PageEntry]]]
    reasons: Sequence[str]
    notes: Sequence[str]
    unmeasured: str = ""
    folded: bool = False
    reasons_at: str = ""

    def is_elsewhere(self, reason: str) -> bool:
        """Check if the reason is given in full in the list at ``reasons_at``."""
        return bool(self.reasons_at) and reason.startswith(("skipped: ", "failed: "))


def grid(table: Table) -> Grid:
    """Return the table as plain data for the page."""
    table = table.visible
    made = body(table)
    away = list(_distances(table))
    lines = []
    for row, label, mark, texts, far in zip(
        table.rows, made.labels, made.marks, made.cells, away, strict=True
    ):
        entries = [
            PageEntry(text, _order(entry), distance, _tone(text, entry, column), entry is None)
            for entry, column, text, distance in zip(
                row.entries, table.columns, texts, far, strict=True
            )
        ]
        lines.append((label, mark, entries))
    notes = [clean(note) for note in table.notes]
    if any(any(far) for far in away):
        notes.append("Small print: this run minus the paper.")
    return Grid(
        key=table.key,
        id=f"table-of-{table.key}",
        title=clean(table.title),
        head=clean(table.head),
        groups=_groups(table.columns),
        columns=[
            dataclasses.replace(one, name=clean(one.name), group=clean(one.group))
            for one in table.columns
        ],
        lines=lines,
        reasons=made.reasons,
        notes=notes,
        unmeasured=_UNMEASURED.get(table.key, "") if _is_unmeasured(table) else "",
    )


def _is_unmeasured(table: Table) -> bool:
    """Return True if no row has a value, and not because all cells were skipped or failed."""
    trained = [row for row in table.rows if row.missing not in ("skipped", "failed")]
    return bool(trained) and all(entry is None for row in table.rows for entry in row.entries)


def short_title(title: str) -> str:
    """Return ``Table 2`` of ``Table 2. Mean rate``; other titles up to a colon or comma.

    Brackets at the end of the title, which distinguish it from others, are kept.
    """
    title, name = _AT_END.fullmatch(clean(title)).groups("")  # type: ignore[union-attr]
    number, dot, _ = title.partition(". ")
    if not dot or not number.startswith(("Table", "Figure")):
        number = re.split(r"[:,] ", title)[0]
    return f"{number}{name}"


def _groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    if not any(column.group for column in columns):
        return []
    found = groupby(columns, key=lambda column: column.group)
    return [(clean(name), len(list(members))) for name, members in found]


def _order(entry: Entry) -> str:
    if isinstance(entry, Bracketed):
        entry = entry.low if entry.value is None else entry.value
    return repr(entry) if isinstance(entry, int | float) else ""


def _tone(text: str, entry: Entry, column: Column) -> str:
    """Return the tone of an entry that gives the outcome of a cell or a claim, else empty."""
    if entry is None:
        return "" if text == DASH else _TONES.get(text, "fair")
    # An outcome may be followed by its cause: ``undecided: one seed``.
    return "" if column.kind == "number" else _TONES.get(text.partition(":")[0], "")


def _distances(table: Table) -> Iterator[list[str]]:
    """Yield for each row the differences of its entries from the paper's, as text."""
    theirs = _counterparts(table.columns)
    for row in table.rows:
        paper = dict(enumerate(row.entries))
        if table.key == "table-1":  # here the paper's values form the last row
            paper = dict(enumerate(table.rows[-1].entries)) if row is not table.rows[-1] else {}
            theirs = {index: index for index, one in enumerate(table.columns) if one.compared}
        yield [
            _distance(entry, paper.get(theirs.get(index, -1)), column)
            for index, (entry, column) in enumerate(zip(row.entries, table.columns, strict=True))
        ]


def _counterparts(columns: Sequence[Column]) -> dict[int, int]:
    """Map the index of each compared column to that of the next published one of its group."""
    found: dict[int, int] = {}
    published: dict[str, int] = {}
    for index, column in reversed(list(enumerate(columns))):
        if column.compared and column.group in published:
            found[index] = published[column.group]
        if column.published:
            published[column.group] = index
    return found


def _distance(ours: Entry, paper: Entry, column: Column) -> str:
    if not isinstance(ours, int | float) or not isinstance(paper, int | float):
        return ""
    text = entry_text(ours - paper, column)
    return text if text.startswith("-") or not text.strip("0.,") else f"+{text}"
