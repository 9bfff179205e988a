r"""Rendering of tables as LaTeX: a ``longtable`` for each table, no wider than a page."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING

from fer_bench.report.table import Column
from fer_bench.report.table_rendering import at_the_bottom, body, column_groups
from fer_bench.runtime.escapes import clean, in_latex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.report.table import Table
    from fer_bench.report.table_rendering import Body

DIRECTORY = "tables"
"""Directory of the tables' files, next to the list of them."""

_NEEDED = r"""% To be read with \input by a document that loads array, booktabs and longtable.
% Names beyond Latin letters need LuaLaTeX or XeLaTeX and a font that has them.
"""

_PAGE = 345.0
r"""Greatest width of a table in points: \textwidth of ``article`` at 10 pt."""

_CHARACTER = 4.5
"""Width of a character at 8 pt: digits have 4.25, letters of names 4.2 on average."""

_WRAPPED = _PAGE / 3
"""Width from which words and numbers are wrapped, too."""

_SPACE = 6.0
r"""Space between columns: twice \tabcolsep."""

_HEADING, _WORD, _CHUNK, _LABEL = 12, 14, 10, 34
"""Number of characters after which headings are wrapped and words, their chunks and labels are
broken."""


def latex_files(tables: Iterable[Table]) -> dict[str, str]:
    r"""Return a LaTeX file for each table, and ``tables.tex``, which reads all of them.

    Paths are relative to the report's directory.
    """
    files = {f"{DIRECTORY}/{table.key}.tex": _NEEDED + latex(table) for table in tables}
    return {**files, "tables.tex": _NEEDED + "".join(rf"\input{{{name}}}" + "\n" for name in files)}


def latex(table: Table) -> str:
    r"""Return a table in booktabs style, for use with ``\input``.

    Columns beyond the width of a page follow below the others, groups of columns are kept together
    if they fit, and texts are wrapped. Rows continue on the next page.
    """
    table = table.visible
    made = body(table)
    widths = _widths(table, made)
    caption = rf"\caption{{{_breakable(_caption(table))}}}\label{{tab:fer-bench-{table.key}}}\\"
    lines = [
        r"\begingroup\footnotesize",
        r"\setlength{\tabcolsep}{3pt}\setlength{\LTcapwidth}{\linewidth}",
    ]
    for number, block in enumerate(_blocks(table, widths)):
        # A longtable counts as a table even without a caption.
        lines += [r"\addtocounter{table}{-1}"] if number else []
        lines += _longtable(table, made, widths, block, "" if number else caption)
    lines.append(r"{\raggedright\scriptsize")
    for number, reason in enumerate(made.reasons, start=1):
        lines.append(rf"\noindent\textsuperscript{{{number}}} {_breakable(reason)}\par")
    lines += [rf"\noindent {_breakable(clean(note))}\par" for note in table.notes]
    return "\n".join([*lines, r"}\endgroup", ""])


def _longtable(
    table: Table, made: Body, widths: Sequence[float], block: Sequence[int], caption: str
) -> list[str]:
    """Return the lines of a table with the columns of a block, and of the row labels."""
    columns = [Column(table.head, kind="word"), *(table.columns[index] for index in block)]
    room = [widths[0], *(widths[1 + index] for index in block)]
    wrapped = [
        column.kind == "text" or width >= (_WRAPPED if place else _LABEL * _CHARACTER)
        for place, (column, width) in enumerate(zip(columns, room, strict=True))
    ]
    kinds = [
        rf">{{\raggedright\arraybackslash}}p{{{width / _PAGE:.3f}\linewidth}}"
        if wraps
        else "r"
        if column.kind == "number"
        else "l"
        for column, width, wraps in zip(columns, room, wrapped, strict=True)
    ]
    head = [r"\toprule", *_headings(columns), r"\midrule"]
    lines = [
        rf"\begin{{longtable}}{{{''.join(kinds)}}}",
        *([caption] if caption else []),
        *head,
        r"\endfirsthead",
        *head,
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]
    for name, mark, cells in zip(made.labels, made.marks, made.cells, strict=True):
        entries = []
        texts = [name, *(cells[index] for index in block)]
        for text, column, wraps in zip(texts, columns, wrapped, strict=True):
            entry = _breakable(text) if wraps else in_latex(text)
            entries.append(_signed(entry) if column.kind == "number" else entry)
        if mark is not None:
            entries[0] += rf"\textsuperscript{{{mark}}}"
        lines.append(_line(entries))
    return [*lines, r"\end{longtable}"]


def _caption(table: Table) -> str:
    """Return the title with its number moved to the end, as LaTeX numbers the tables itself."""
    number, dot, title = table.title.partition(". ")
    return f"{title} ({number} of the paper)" if dot and number.startswith("Table") else table.title


def _widths(table: Table, made: Body) -> list[float]:
    """Return the widths of the labels and of each column in points, without space between them.

    Text columns have a least width, and share what the others leave by the square roots of their
    lengths: a column with four times the text gets twice as much and takes twice as many lines.
    """
    label = min(_LABEL, _longest([*_heading(table.head), *(f"{name}0" for name in made.labels)]))
    widths = [label * _CHARACTER]
    lengths = {}
    for index, column in enumerate(table.columns):
        texts = [cells[index] for cells in made.cells]
        if column.kind == "text":
            lengths[index] = math.sqrt(1 + sum(map(len, texts)))
        longest = _longest([*_heading(column.name), *texts])
        widths.append(0.0 if column.kind == "text" else min(_WRAPPED, longest * _CHARACTER))
    least = _CHUNK * _CHARACTER
    left = _PAGE - sum(widths) - _SPACE * len(widths) - least * len(lengths)
    for index, length in lengths.items():
        widths[1 + index] = least + max(0.0, left) * length / sum(lengths.values())
    return widths


def _blocks(table: Table, widths: Sequence[float]) -> list[list[int]]:
    """Return the indices of the columns next to each other, for each part of the table."""
    if any(column.kind == "text" for column in table.columns):
        return [list(range(len(table.columns)))]
    room = _PAGE - widths[0] - _SPACE
    # A group wider than a page is split.
    parts = [
        part
        for group in column_groups(table.columns)
        for part in ([group] if _width(table, widths, group) <= room else [[one] for one in group])
    ]
    blocks: list[list[int]] = []
    used = room
    for part in parts:
        needed = _width(table, widths, part)
        if blocks and used + needed <= room:
            blocks[-1] += part
            used += needed
        else:
            blocks.append(list(part))
            used = needed
    return blocks or [[]]


def _width(table: Table, widths: Sequence[float], part: Sequence[int]) -> float:
    """Return the width of adjacent columns of a group, which its heading may exceed."""
    below = sum(widths[1 + index] + _SPACE for index in part)
    return max(below, _longest([clean(table.columns[part[0]].group)]) * _CHARACTER + _SPACE)


def _longest(texts: Iterable[str]) -> int:
    """Return the number of characters of the longest text; East Asian ones count twice."""
    return max(
        (sum(1 + (unicodedata.east_asian_width(char) in "FW") for char in text) for text in texts),
        default=0,
    )


def _heading(name: str) -> list[str]:
    """Return the lines of a heading."""
    lines = textwrap.wrap(clean(name), _HEADING, break_long_words=False, break_on_hyphens=False)
    return [part for line in lines for part in textwrap.wrap(line, _WORD)]


def _breakable(text: str) -> str:
    """Escape cleaned text, and let long words, such as paths and digests, break."""
    words = []
    for word in text.split(" "):
        size = _CHUNK if len(word) > _WORD else max(1, len(word))
        chunks = [word[start : start + size] for start in range(0, len(word), size)]
        words.append(r"\allowbreak{}".join(map(in_latex, chunks)))
    return " ".join(words)


def _signed(text: str) -> str:
    """Return escaped numbers with minus signs in place of hyphens."""
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", text)


def _line(entries: Sequence[str]) -> str:
    return " & ".join(entries) + r" \\"


def _headings(columns: Sequence[Column]) -> list[str]:
    """Return lines of column names, preceded by group headings and rules if there are groups."""
    stacks = [_heading(column.name) for column in columns]
    names = [_line([*map(in_latex, line)]) for line in at_the_bottom(stacks)]
    spans, rules, first = [], [], 1
    for group, members in groupby(columns, key=lambda column: column.group):
        size = len(list(members))
        if group:
            spans.append(rf"\multicolumn{{{size}}}{{c}}{{{in_latex(group)}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{first + size - 1}}}")
        else:
            spans.append(" & " * (size - 1))
        first += size
    return [_line(spans), " ".join(rules), *names] if rules else names
