"""Rendering of a comparison as terminal text and as Markdown, with its tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.compared_metrics import (
    ACCURACY,
    INFERENCE_MEDIAN,
    TRAINING_SPEED,
    VALIDATION_ACCURACY,
)
from fer_bench.analysis.number_text import counted
from fer_bench.report.comparison.phrases import (
    change_text,
    conclusion,
    counts_text,
    name_text,
    threshold_text,
    value_text,
    verdict_text,
)
from fer_bench.report.table import Column, Row, Table
from fer_bench.report.table_rendering import markdown, terminal, wrapped
from fer_bench.runtime.escapes import clean, in_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.comparison.comparison_result import Change, ComparisonResult

MARK = "<!-- fer_bench comparison -->"
"""First line of the Markdown: an invisible comment that identifies the file."""

_AT_START = {
    "REGRESSION": "red",
    "NOT DECIDED": "yellow",
    "DIFFERENT ENVIRONMENTS": "yellow",
    "NOTE": "yellow",
    "NO REGRESSION": "green",
}
_AT_END = {
    **dict.fromkeys(("WORSE", "GONE", "NOT DETERMINISTIC"), "red"),
    **dict.fromkeys(("worse", "gone", "moved", "not deterministic", "not comparable"), "yellow"),
    "better": "green",
}
_ALWAYS = (ACCURACY, VALIDATION_ACCURACY, TRAINING_SPEED, INFERENCE_MEDIAN)


def terminal_text(outcome: ComparisonResult, width: int = 120) -> str:
    """Render the comparison for a terminal of ``width`` columns, the conclusion first."""
    parts = [
        _lines([": ".join(conclusion(outcome))], width),
        _lines([f"base: {outcome.base}", f"head: {outcome.head}"], width),
        *(terminal([table], width) for table in _differences(outcome)),
        _lines([f"NOTE: {note}" for note in outcome.notes], width),
        *(terminal([table], width) for table in _changes(outcome)),
        _lines([_summary(outcome)], width),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def markdown_text(outcome: ComparisonResult) -> str:
    """Render the comparison in GitHub's Markdown."""
    word, why = conclusion(outcome)
    parts = [
        f"{MARK}\n# Benchmark comparison",
        f"**{word}:** {in_markdown(why)}",
        f"base: {in_markdown(outcome.base)}",
        f"head: {in_markdown(outcome.head)}",
        *map(markdown, _differences(outcome)),
        *(f"**Note:** {in_markdown(note)}" for note in outcome.notes),
        *map(markdown, _changes(outcome)),
        _summary(outcome),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def coloured(text: str) -> str:
    """Return terminal text with ANSI colours on its verdicts."""
    import click

    def style(found: re.Match[str]) -> str:
        colour = {**_AT_START, **_AT_END}[found[0]]
        return click.style(found[0], fg=colour, bold=found[0].isupper())

    # Verdicts are in the last column, two spaces after the previous one.
    starts, ends = "|".join(_AT_START), "|".join(_AT_END)
    return re.sub(rf"(?m)^(?:{starts})(?=:)|(?<=  )(?:{ends})$", style, text)


def _summary(outcome: ComparisonResult) -> str:
    hidden = sum(not _is_shown(change) for change in outcome.changes)
    listed = f"Not listed: {counted(hidden, 'metric')} without a change. " if hidden else ""
    return listed + counts_text(outcome)


def _lines(texts: Sequence[str], width: int) -> str:
    return "\n".join(line for text in texts for line in wrapped(clean(text), width))


def _differences(outcome: ComparisonResult) -> list[Table]:
    """Return the table of environment differences, if there are any."""
    if not outcome.differences:
        return []
    return [
        Table(
            key="differences",
            title="DIFFERENT ENVIRONMENTS: base and head differ in more than the code",
            head="fact",
            columns=tuple(Column(name, kind="text") for name in ("base", "head", "meaning")),
            rows=tuple(
                Row(one.what, (one.base, one.head, one.meaning)) for one in outcome.differences
            ),
        )
    ]


def _is_shown(change: Change) -> bool:
    """Check if a change has its own row."""
    return change.verdict != "same" or change.metric in _ALWAYS


def _changes(outcome: ComparisonResult) -> list[Table]:
    """Return a table of changes of entire cells, if any, then one of metrics for each cell."""
    complete = [
        Row(
            outcome.names[change.cell],
            (threshold_text(change), verdict_text(change), change.why),
        )
        for change in outcome.changes
        if change.metric is None
    ]
    of_cells: dict[str, list[Change]] = {}
    for change in outcome.changes:
        if change.metric is not None and _is_shown(change):
            of_cells.setdefault(change.cell, []).append(change)
    columns = (
        Column("threshold", kind="word"),
        Column("verdict", kind="word"),
        Column("why", kind="text"),
    )
    cells = Table("complete-cells", "Complete cells", "cell", columns, tuple(complete))
    metrics = [_metrics(cell, changes, outcome) for cell, changes in of_cells.items()]
    return [cells, *metrics] if complete else metrics


def _metrics(cell: str, changes: Sequence[Change], outcome: ComparisonResult) -> Table:
    rows = []
    reasons: dict[str, list[str]] = {}
    for change in changes:
        values = [
            None if change.metric is None or value is None else value_text(change.metric, value)
            for value in (change.base, change.head)
        ]
        entries = (*values, change_text(change), threshold_text(change), verdict_text(change))
        rows.append(Row(name_text(change), entries))
        if change.why:
            reasons.setdefault(change.why, []).append(change.name)
    return Table(
        key=f"changes-{cell}",
        title=outcome.names[cell],
        head="metric",
        columns=(
            Column("base"),
            Column("head"),
            Column(f"change ({100 * outcome.level:g}% CI)", kind="text"),
            Column("threshold", kind="text"),
            Column("verdict", kind="text"),
        ),
        rows=tuple(rows),
        notes=tuple(f"{', '.join(names)}: {why}" for why, names in reasons.items()),
    )
