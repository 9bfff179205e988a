"""Rendering of tables as LaTeX."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from fer_bench.report.table_rendering import body
from fer_bench.runtime.escapes import in_latex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.report.table import Table
    from fer_bench.report.table_rendering import Body

_HEAD = r"""% To be read with \input by a document that loads booktabs, tabularx and graphicx.
% Names beyond Latin letters need LuaLaTeX or XeLaTeX and a font that has them.
"""
_WIDE = 7


def latex(tables: Iterable[Table]) -> str:
    r"""Return all tables as LaTeX floats in booktabs style, for use with ``\input``."""
    return "\n".join([_HEAD, *(_float(table.visible) for table in tables)])


def _float(table: Table) -> str:
    made = body(table)
    texts = any(column.kind == "text" for column in table.columns)
    wide = len(table.columns) > _WIDE and not texts
    kinds = "l" + "".join(_specifications(table, made))
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize",
        rf"\caption{{{in_latex(_caption(table))}}}",
        rf"\label{{tab:fer-bench-{table.key}}}",
        *([r"\setlength{\tabcolsep}{3pt}"] if wide or texts else []),
        *([r"\resizebox{\linewidth}{!}{%"] if wide else []),
        rf"\begin{{tabularx}}{{\linewidth}}{{{kinds}}}"
        if texts
        else rf"\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        *_headings(table),
        r"\midrule",
    ]
    for label, mark, cells in zip(made.labels, made.marks, made.cells, strict=True):
        named = in_latex(label) + ("" if mark is None else rf"\textsuperscript{{{mark}}}")
        entries = [
            _number(text) if column.kind == "number" else in_latex(text)
            for text, column in zip(cells, table.columns, strict=True)
        ]
        lines.append(_line([named, *entries]))
    lines += [
        r"\bottomrule",
        r"\end{tabularx}" if texts else r"\end{tabular}" + ("}" if wide else ""),
        r"\par\smallskip\raggedright\scriptsize",
    ]
    for number, reason in enumerate(made.reasons, start=1):
        lines.append(rf"\textsuperscript{{{number}}} {in_latex(reason)}\par")
    lines += [rf"{in_latex(note)}\par" for note in table.notes]
    return "\n".join([*lines, r"\end{table}", ""])


def _caption(table: Table) -> str:
    """Return the title with its number moved to the end, as LaTeX numbers the tables itself."""
    number, dot, title = table.title.partition(". ")
    return f"{title} ({number} of the paper)" if dot and number.startswith("Table") else table.title


def _specifications(table: Table, made: Body) -> list[str]:
    """Return the column types; text columns share the width by the square roots of their lengths.

    A column with four times the text is twice as wide and takes twice as many lines.
    """
    roots = {
        index: math.sqrt(1 + sum(len(cells[index]) for cells in made.cells))
        for index, column in enumerate(table.columns)
        if column.kind == "text"
    }
    # tabularx requires the widths of all X columns to have a mean of 1.
    whole = sum(roots.values()) / max(1, len(roots))
    return [
        rf">{{\hsize={roots[index] / whole:.2f}\hsize\raggedright\arraybackslash}}X"
        if index in roots
        else {"number": "r", "word": "l"}[column.kind]
        for index, column in enumerate(table.columns)
    ]


def _number(text: str) -> str:
    return f"$-${in_latex(text[1:])}" if text.startswith("-") else in_latex(text)


def _line(entries: Sequence[str]) -> str:
    return " & ".join(entries) + r" \\"


def _headings(table: Table) -> list[str]:
    """Return a line of column names, preceded by group headings and rules if there are groups."""
    names = _line([in_latex(table.head), *(in_latex(column.name) for column in table.columns)])
    if not any(column.group for column in table.columns):
        return [names]
    spans, rules, first = [""], [], 2
    for group, members in groupby(table.columns, key=lambda column: column.group):
        size = len(list(members))
        spans.append(
            rf"\multicolumn{{{size}}}{{c}}{{{in_latex(group)}}}" if group else " & " * (size - 1)
        )
        if group:
            rules.append(rf"\cmidrule(lr){{{first}-{first + size - 1}}}")
        first += size
    return [_line(spans), " ".join(rules), names]
