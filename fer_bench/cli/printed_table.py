"""Tables that commands print, as wide as the terminal allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.terminal import terminal_width

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


def table_text(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[str] = (),
    wrapped: Collection[str] = (),
) -> str:
    """Return a table without a title; control characters in it are escaped.

    Args:
        headings: heading of each column.
        rows: rows with one text for each column.
        right: headings of the columns that are aligned on the right.
        wrapped: headings of the columns whose texts may be wrapped to fit the terminal.
    """
    from fer_bench.report import Column, Row, Table
    from fer_bench.report.table_rendering import terminal

    head, *others = headings
    columns = tuple(
        Column(name, kind="number" if name in right else "text" if name in wrapped else "word")
        for name in others
    )
    table = Table("", "", head, columns, tuple(Row(label, tuple(texts)) for label, *texts in rows))
    return terminal([table], terminal_width())
