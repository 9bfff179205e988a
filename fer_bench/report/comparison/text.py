"""Rendering of a comparison as terminal text and as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fer_bench.report.comparison.phrases import conclusion, counts_text, hidden_text
from fer_bench.report.comparison.tables import change_tables, differences_table, is_shown
from fer_bench.report.table_rendering import markdown, terminal, wrapped
from fer_bench.runtime.escapes import clean, in_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.comparison.comparison_result import ComparisonResult

MARK = "<!-- fer_bench comparison -->"
"""First line of the Markdown: an invisible comment that identifies the file."""

_COLOURS = {
    "WORSE": "red",
    "GONE": "red",
    "NOT DETERMINISTIC": "red",
    "REGRESSION": "red",
    "NOT DECIDED": "yellow",
    "DIFFERENT ENVIRONMENTS": "yellow",
    "NOTE": "yellow",
    "worse": "yellow",
    "gone": "yellow",
    "moved": "yellow",
    "not deterministic": "yellow",
    "not comparable": "yellow",
    "better": "green",
    "NO REGRESSION": "green",
}
_AT_START = ("REGRESSION", "NOT DECIDED", "NO REGRESSION", "DIFFERENT ENVIRONMENTS", "NOTE")


def terminal_text(outcome: ComparisonResult, width: int = 120) -> str:
    """Render the comparison for a terminal of ``width`` columns, the conclusion first."""
    differences = differences_table(outcome)
    parts = [
        _lines([": ".join(conclusion(outcome))], width),
        _lines([f"base: {outcome.base}", f"head: {outcome.head}"], width),
        *([] if differences is None else [terminal([differences], width)]),
        _lines([f"NOTE: {note}" for note in outcome.notes], width),
        *(terminal([table], width) for table in change_tables(outcome)),
        _lines([_summary(outcome)], width),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def markdown_text(outcome: ComparisonResult) -> str:
    """Render the comparison in GitHub's Markdown."""
    differences = differences_table(outcome)
    word, why = conclusion(outcome)
    parts = [
        f"{MARK}\n# Benchmark comparison",
        f"**{word}:** {in_markdown(why)}",
        f"base: {in_markdown(outcome.base)}",
        f"head: {in_markdown(outcome.head)}",
        *([] if differences is None else [markdown(differences)]),
        *(f"**Note:** {in_markdown(note)}" for note in outcome.notes),
        *map(markdown, change_tables(outcome)),
        _summary(outcome),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def coloured(text: str) -> str:
    """Return terminal text with ANSI colours on its verdicts."""
    import click

    def style(found: re.Match[str]) -> str:
        return click.style(found[0], fg=_COLOURS[found[0]], bold=found[0].isupper())

    starts = "|".join(_AT_START)
    # Verdicts are in the last column, two spaces after the previous one.
    ends = "|".join(word for word in _COLOURS if word not in _AT_START)
    return re.sub(rf"(?m)^(?:{starts})(?=:)|(?<=  )(?:{ends})$", style, text)


def _summary(outcome: ComparisonResult) -> str:
    hidden = hidden_text(change for change in outcome.changes if not is_shown(change))
    return f"{hidden} {counts_text(outcome)}".lstrip()


def _lines(texts: Sequence[str], width: int) -> str:
    return "\n".join(line for text in texts for line in wrapped(clean(text), width))
