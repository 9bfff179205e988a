"""Table of the verdicts on the paper's claims."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims import ClaimVerdict

_UNTESTABLE = "not testable here"


def claims_table(verdicts: Sequence[ClaimVerdict]) -> Table:
    """Return the table of verdicts; a row's reason states the data missing for a verdict.

    Consecutive claims that are not testable for the same reason share a row.
    """
    return Table(
        key="claims",
        title="Verdicts on the paper's claims",
        head="Claim",
        columns=(
            Column("statement", kind="text", keys=("", "says")),
            Column("verdict", kind="word"),
            Column("evidence", kind="text", keys=("", "because")),
            Column("effect", decimals=4),
        ),
        rows=tuple(_rows(verdicts)),
        notes=tuple(_notes(verdicts)),
    )


def _rows(verdicts: Sequence[ClaimVerdict]) -> list[Row]:
    rows = []
    for (outcome, because), members in groupby(verdicts, key=_reason):
        alike = list(members)
        if len(alike) == 1 or outcome != _UNTESTABLE:
            rows += [_row(verdict) for verdict in alike]
        else:
            label = f"{alike[0].id} to {alike[-1].id}"
            rows.append(Row(label, ("All claims about results", outcome, because, None)))
    return rows


def _reason(verdict: ClaimVerdict) -> tuple[str, str]:
    return verdict.outcome, verdict.because if verdict.outcome == _UNTESTABLE else verdict.id


def _row(verdict: ClaimVerdict) -> Row:
    return Row(
        verdict.id,
        (verdict.claim, verdict.outcome, verdict.because, verdict.effect),
        f"missing: {verdict.missing}" if verdict.missing else "",
    )


def _notes(verdicts: Sequence[ClaimVerdict]) -> list[str]:
    notes = [
        "supported: all parts of the claim hold. contradicted: at least one part fails. undecided: "
        "this data set could decide it; the note states what is missing. effect: of the deciding "
        "part, which is listed first; 95 % CIs in brackets. a / b: by the conventions "
        "consecutive / untrained."
    ]
    conventions: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.convention or verdict.unit:
            unit = f" (effect: {verdict.unit})" if verdict.unit else ""
            conventions.setdefault(f"{verdict.convention}{unit}", []).append(verdict.id)
    return [*notes, *(f"{', '.join(ids)}: {text}." for text, ids in conventions.items())]
