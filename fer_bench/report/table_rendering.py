"""Rendering of tables as terminal text, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from fer_bench.report.table import Bracketed
from fer_bench.results.speed_units import speed_text
from fer_bench.runtime.escapes import clean, in_csv, in_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.report.table import Column, Entry, Table

DASH = "\N{EN DASH}"
_HEADING = 10
_LEAST_TEXT = 12
_LEAST_P = 0.0001
_HUGE = 1e9
"""Threshold for exponent notation, reached for example by the loss of a diverged training."""


@dataclass(frozen=True)
class Body:
    """Table body with entries as text and reasons as numbered notes.

    Attributes:
        labels: row labels, without the numbers of reasons.
        marks: number of each row's reason; None if it has none.
        cells: entries of each row, without the label.
        reasons: reasons in the order of their numbers, from 1.
    """

    labels: list[str]
    marks: list[int | None]
    cells: list[list[str]]
    reasons: list[str]


def body(table: Table) -> Body:
    """Return the table's rows as sanitised text, numbers formatted by their columns."""
    reasons = list(dict.fromkeys(clean(row.reason) for row in table.rows if row.reason))
    made = Body([], [], [], reasons)
    for row in table.rows:
        texts = [*map(entry_text, row.entries, table.columns)]
        # A missing published value is not a gap.
        gaps = [
            place
            for place, (entry, column) in enumerate(zip(row.entries, table.columns, strict=True))
            if entry is None and not column.published
        ]
        if row.missing and gaps:
            texts[gaps[0] if row.place is None else row.place] = clean(row.missing)
        made.labels.append(clean(row.label))
        made.marks.append(reasons.index(clean(row.reason)) + 1 if row.reason else None)
        made.cells.append(texts)
    return made


def entry_text(entry: Entry, column: Column) -> str:
    """Return an entry as text: a dash for None, numbers with thousands separators.

    A share in percent has as many decimals as its column says.
    """
    if entry is None:
        return DASH
    if isinstance(entry, str):
        return clean(entry)
    if isinstance(entry, Bracketed):
        low, high = entry.shown or (entry.low, entry.high)
        value = "" if entry.value is None else entry_text(entry.value, column)
        if low is None:
            return value
        return f"{value} [{entry_text(low, column)}, {entry_text(high, column)}]".lstrip()
    if isinstance(entry, int):
        return f"{entry:,}"
    if abs(entry) >= _HUGE:
        return f"{entry:.3e}"
    if column.style == "p" and entry < _LEAST_P:
        return f"< {_LEAST_P}"
    if column.style == "speed":
        return speed_text(entry)
    if column.style == "percent":
        entry *= 100
    text = f"{entry:,.{column.decimals}f}"
    return text.removeprefix("-") if not re.search("[1-9]", text) else text


def terminal(tables: Iterable[Table], width: int = 120) -> str:
    """Render tables for a terminal of ``width`` columns.

    A wider table of numbers is split between column groups into blocks, one below the other;
    long texts are wrapped. A reason already shown in full under an earlier table is cut to one
    line.
    """
    shown: set[str] = set()
    return "\n\n".join(_terminal(table.visible, width, shown) for table in tables)


def _terminal(table: Table, width: int, shown: set[str]) -> str:
    from tabulate import SEPARATING_LINE, tabulate

    made = body(table)
    labels = [
        label if mark is None else f"{label} [{mark}]"
        for label, mark in zip(made.labels, made.marks, strict=True)
    ]
    grids = []
    for block in _blocks(table, made, _longest([table.head, *labels]), width):
        columns = [table.columns[index] for index in block]
        rows = [
            [label, *(cells[index] for index in block)]
            for label, cells in zip(labels, made.cells, strict=True)
        ]
        widths = _text_widths(table.head, columns, rows, width)
        # Wrapped here because tabulate's own wrapping first parses texts that look like numbers
        # and fails on thousands separators.
        for row in rows:
            for place, most in widths.items():
                row[place] = textwrap.fill(row[place], most)
        # Headings are passed as rows: tabulate pads real ones by two, which costs a fifth of the
        # width.
        grid = tabulate(
            [*_headings(table.head, columns), SEPARATING_LINE, *rows],
            tablefmt="simple",
            disable_numparse=True,
            colalign=["left", *_alignments(columns)],
        )
        grids.append("\n".join(_grouped(grid.splitlines(), columns)))
    lines = [*([clean(table.title)] if table.title else []), "\n\n".join(grids)]
    for number, reason in enumerate(made.reasons, start=1):
        explanation = wrapped(f"[{number}] {reason}", width)
        if reason in shown and len(explanation) > 1:
            explanation = [f"{explanation[0][: width - 1]}\N{HORIZONTAL ELLIPSIS}"]
        lines += explanation
        shown.add(reason)
    for note in table.notes:
        lines += wrapped(clean(note), width)
    return "\n".join(lines) + "\n"


def markdown(table: Table) -> str:
    """Return the table in GitHub's Markdown, under a heading, ending with a newline."""
    from tabulate import tabulate

    table = table.visible
    made = body(table)
    rows = []
    for name, mark, cells in zip(made.labels, made.marks, made.cells, strict=True):
        label = in_markdown(name) + ("" if mark is None else f" <sup>{mark}</sup>")
        rows.append([label, *map(in_markdown, cells)])
    headings = [table.head, *(f"{column.group} {column.name}" for column in table.columns)]
    grid = tabulate(
        rows,
        list(map(in_markdown, headings)),
        tablefmt="pipe",
        disable_numparse=True,
        # tabulate 0.9 fails on colalign for a table without rows.
        colalign=["left", *_alignments(table.columns)] if rows else None,
    )
    reasons = [
        f"<sup>{number}</sup> {in_markdown(reason)}"
        for number, reason in enumerate(made.reasons, start=1)
    ]
    notes = [in_markdown(note) for note in table.notes]
    return "\n\n".join([f"## {in_markdown(table.title)}", grid, *reasons, *notes]) + "\n"


def tidy_csv(tables: Iterable[Table]) -> str:
    """Return all tables as one CSV in long format, a line for each entry.

    The columns are table, row, group, column, value and reason. Numbers are written at full
    precision; a value that the run lacks is empty and carries the row's reason. Text that a
    spreadsheet would evaluate as a formula is prefixed with an apostrophe.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["table", "row", "group", "column", "value", "reason"])
    for table in tables:
        for row in table.rows:
            for entry, column in zip(row.entries, table.columns, strict=True):
                for group, name, value in column.recorded(entry):
                    reason = row.reason if value is None and not column.published else ""
                    cells = (table.key, row.key or row.label, group, name, value, reason)
                    writer.writerow(in_csv(one) if isinstance(one, str) else one for one in cells)
    return target.getvalue()


def _alignments(columns: Sequence[Column]) -> list[str]:
    return ["right" if column.kind == "number" else "left" for column in columns]


def _longest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)


def _heading(column: Column) -> list[str]:
    """Return the lines of a heading, wrapped so that it does not widen its column."""
    return textwrap.wrap(clean(column.name), _HEADING, break_long_words=False)


def _grouped(grid: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """Insert a line of group headings, each spanning its columns, below the grid's first rule."""
    first, *others = (line.rstrip() for line in grid)
    if not any(column.group for column in columns):
        return [first, *others]
    label, *widths = map(len, first.split("  "))
    spans = []
    members = zip((column.group for column in columns), widths, strict=True)
    for group, sizes in groupby(members, key=lambda member: member[0]):
        span = sum(2 + size for _, size in sizes) - 2
        name = clean(group)
        spaced = f" {name} " if len(name) + 2 <= span else name
        spans.append(spaced.center(span, "-") if group else " " * span)
    return [first, "  ".join([" " * label, *spans]).rstrip(), *others]


def _headings(head: str, columns: Sequence[Column]) -> list[list[str]]:
    """Return the rows of headings."""
    return at_the_bottom([[clean(head)], *map(_heading, columns)])


def at_the_bottom(stacks: Sequence[list[str]]) -> list[list[str]]:
    """Return the lines of headings that stand next to each other, aligned at the bottom."""
    height = max(map(len, stacks))
    padded = [[""] * (height - len(stack)) + stack for stack in stacks]
    return [list(line) for line in zip(*padded, strict=True)]


def column_groups(columns: Sequence[Column]) -> list[list[int]]:
    """Return the indices of the columns under each heading; others stand alone."""
    places = groupby(range(len(columns)), key=lambda place: columns[place].group or place)
    return [list(members) for _, members in places]


def _blocks(table: Table, made: Body, label: int, width: int) -> list[list[int]]:
    """Return the column indices of each block; a group is never split.

    Repeated columns are in every block.
    """
    if any(column.kind == "text" for column in table.columns):
        return [list(range(len(table.columns)))]
    sizes = [
        2 + _longest([*_heading(column), *(row[index] for row in made.cells)])
        for index, column in enumerate(table.columns)
    ]
    blocks: list[list[int]] = []
    for group in column_groups(table.columns):
        if blocks and label + sum(sizes[index] for index in [*blocks[-1], *group]) <= width:
            blocks[-1] += group
        else:
            before = range(group[0]) if blocks else ()
            blocks.append([*(index for index in before if table.columns[index].repeated), *group])
    return blocks


def _text_widths(
    head: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> dict[int, int]:
    """Return the maximum width of each text column, by its index in a row."""
    lines = [*_headings(head, columns), *rows]
    longest = [_longest(line[index] for line in lines) for index in range(1 + len(columns))]
    texts = [index for index, column in enumerate(columns, start=1) if column.kind == "text"]
    others = sum(size for index, size in enumerate(longest) if index not in texts)
    left = width - 2 * len(columns) - others
    widths = {}
    # Shortest first, so that its unused width goes to the others.
    for done, index in enumerate(sorted(texts, key=lambda index: longest[index])):
        share = max(_LEAST_TEXT, left // (len(texts) - done))
        widths[index] = max(1, min(share, longest[index]))
        left -= min(share, longest[index])
    return widths


def wrapped(text: str, width: int) -> list[str]:
    """Wrap text to ``width`` columns, continuation lines indented."""
    return textwrap.wrap(text, width, subsequent_indent="    ", break_on_hyphens=False)
