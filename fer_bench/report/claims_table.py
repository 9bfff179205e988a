"""Table of the verdicts on the paper's claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import NETWORKS
from fer_bench.analysis.number_text import counted
from fer_bench.protocol.head import LINEAR
from fer_bench.report.convergence_tables import split_note
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims import ClaimVerdict
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import Run

WITHOUT_EVIDENCE = "claims-without-evidence"
"""Stem of the key of a table of the claims on which a run has no evidence."""

_UNTESTABLE = "not testable here"
_NO_EVIDENCE = "no evidence"


def claims_table(analysis: Analysis) -> Table:
    """Return the table of verdicts; a row's reason states the data missing for a verdict."""
    columns = (
        Column("paper says", kind="text", keys=("", "says")),
        Column("its tables", kind="text", keys=("", "paper"), published=True),
        Column("this run", kind="text", keys=("", "verdict")),
        Column("evidence", kind="text", keys=("", "because")),
        Column("effect", decimals=4, keys=("", "effect"), hidden=True),
    )
    rows, notes = [*map(_row, analysis.verdicts)], _notes(analysis)
    return Table("claims", "Verdicts on the paper's claims", "Claim", columns, rows, notes)


def split_by_evidence(table: Table) -> list[Table]:
    """Split a table of verdicts into the claims with and those without evidence of the run."""
    kept = _with_evidence(table)
    without = [row for row in table.rows if row not in kept]
    if not without:
        return [table]
    rest = replace(
        table,
        key=table.key.replace("claims", WITHOUT_EVIDENCE, 1),
        title=f"{table.title}: no evidence for {len(without)} of {len(table.rows)}",
        rows=without,
        notes=(),
    )
    return [replace(table, rows=kept), rest] if kept else [replace(rest, notes=table.notes)]


def count_verdicts(table: Table, runs: Sequence[Run] = ()) -> str:
    """Count the outcomes of a table of verdicts and name the paper's networks without results."""
    place = _place(table, "verdict")
    if place is None:
        return ""
    rows = _with_evidence(table)
    found = Counter(str(row.entries[place]).partition(":")[0] for row in rows)
    outcomes = ("supported", "contradicted", "undecided")
    counts = ", ".join(f"{found[outcome]} {outcome}" for outcome in outcomes)
    trained = {
        (cell.backbone, cell.init)
        for run in runs
        for cell in run.cells
        if cell.quality is not None and cell.head == LINEAR
    }
    missing = [one for one in NETWORKS if runs and (one.backbone, one.init) not in trained]
    names = ", ".join(one.label for one in missing) if len(missing) < len(NETWORKS) else "all"
    absent = f"; networks not run: {names}" if missing else ""
    return f"{len(rows)} of {len(table.rows)} claims testable here: {counts}{absent}."


def _place(table: Table, name: str) -> int | None:
    keys = [column.keys for column in table.columns]
    return keys.index(("", name)) if ("", name) in keys else None


def _with_evidence(table: Table) -> Sequence[Row]:
    place = _place(table, "because")
    if place is None:
        return table.rows
    return [row for row in table.rows if row.entries[place] not in (None, _NO_EVIDENCE)]


def _row(verdict: ClaimVerdict) -> Row:
    untestable = verdict.outcome == _UNTESTABLE
    reason = verdict.because if untestable else verdict.missing and f"missing: {verdict.missing}"
    entries = (
        f"{verdict.claim.statement} ({verdict.claim.source})",
        f"{verdict.claim.paper.outcome}: {verdict.claim.paper.because}",
        verdict.outcome_text,
        None if untestable else _certainty(verdict),
        verdict.effect,
    )
    return Row(verdict.id, entries, reason)


def _certainty(verdict: ClaimVerdict) -> str:
    """Return the metric that decides, the evidence, and the number of trainings behind it."""
    metric, text = verdict.unit.partition(", share")[0], verdict.because
    if metric not in text:
        text = f"{metric}: {text}"
    if verdict.seeds is None:
        return text
    return f"{text} ({counted(verdict.seeds, 'seed')})"


def _notes(analysis: Analysis) -> list[str]:
    deviations = "; ".join(analysis.deviations)
    return [
        "supported: all parts of the claim hold. contradicted: at least one part fails. undecided: "
        "this data set could decide it; the note states what is missing. holds, fails, open: a "
        "part of the claim, with the metric that decides it; so far: a part that what is missing "
        "could change. Brackets: 95 % CIs, over images and seeds. a / b: by the conventions "
        "consecutive / untrained. The paper's tables have no intervals: any difference beyond the "
        "margin counts.",
        "Whatever the numbers say, nothing is decided by one seed, by an accuracy that trained "
        "batch normalisation distorts, or by a network that does not beat the majority-class "
        "baseline: it can lose a comparison, but neither win it nor tie.",
        "" if analysis.other_data else split_note(analysis),
        f"Deviations of this run from the paper: {deviations}." if deviations else "",
        *(
            f"{one.id}. {one.claim.definition}" + (f" Effect: {one.unit}." if one.unit else "")
            for one in analysis.verdicts
            if one.outcome != _UNTESTABLE
        ),
    ]
