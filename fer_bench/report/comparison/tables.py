"""Tables of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.compared_metrics import (
    ACCURACY,
    INFERENCE_MEDIAN,
    TRAINING_SPEED,
    VALIDATION_ACCURACY,
)
from fer_bench.report.comparison.phrases import (
    change_text,
    name_text,
    threshold_text,
    value_text,
    verdict_text,
)
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.comparison.comparison_result import Change, ComparisonResult

_ALWAYS = (ACCURACY, VALIDATION_ACCURACY, TRAINING_SPEED, INFERENCE_MEDIAN)


def is_shown(change: Change) -> bool:
    """Check if a change has its own row."""
    return change.verdict != "same" or change.metric in _ALWAYS


def differences_table(outcome: ComparisonResult) -> Table | None:
    """Return the table of environment differences; None if there are none."""
    if not outcome.differences:
        return None
    return Table(
        key="differences",
        title="DIFFERENT ENVIRONMENTS: base and head differ in more than the code",
        head="fact",
        columns=tuple(Column(name, kind="text") for name in ("base", "head", "meaning")),
        rows=tuple(Row(one.what, (one.base, one.head, one.meaning)) for one in outcome.differences),
    )


def change_tables(outcome: ComparisonResult) -> list[Table]:
    """Return a table of changes of entire cells, if any, then one of metrics for each cell."""
    complete = [change for change in outcome.changes if change.metric is None]
    of_cells: dict[str, list[Change]] = {}
    for change in outcome.changes:
        if change.metric is not None and is_shown(change):
            of_cells.setdefault(change.cell, []).append(change)
    return [
        *([_complete_cells(complete, outcome.names)] if complete else []),
        *(_metrics(cell, changes, outcome) for cell, changes in of_cells.items()),
    ]


def _complete_cells(changes: Sequence[Change], names: Mapping[str, str]) -> Table:
    return Table(
        key="complete-cells",
        title="Complete cells",
        head="cell",
        columns=(
            Column("threshold", kind="word"),
            Column("verdict", kind="word"),
            Column("why", kind="text"),
        ),
        rows=tuple(
            Row(names[change.cell], (threshold_text(change), verdict_text(change), change.why))
            for change in changes
        ),
    )


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
