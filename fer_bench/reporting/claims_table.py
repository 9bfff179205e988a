"""The verdicts on the paper's claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.reporting.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.paper.claims import Verdict


def claims_table(verdicts: Sequence[Verdict]) -> Table:
    """One row for each claim; what is missing to decide it stands below, as a row's reason."""
    return Table(
        key="claims",
        title="The paper's claims, as this run sees them",
        head="Claim",
        columns=(
            Column("says", kind="text"),
            Column("verdict", kind="text"),
            Column("because", kind="text"),
            Column("effect", decimals=4),
            Column("low", decimals=4),
            Column("high", decimals=4),
        ),
        rows=tuple(_row(verdict) for verdict in verdicts),
        notes=tuple(_notes(verdicts)),
    )


def _row(verdict: Verdict) -> Row:
    interval = verdict.interval
    return Row(
        verdict.id,
        (
            verdict.claim,
            verdict.outcome,
            verdict.because,
            verdict.effect,
            None if interval is None else interval.low,
            None if interval is None else interval.high,
        ),
        f"missing: {verdict.missing}" if verdict.missing else "",
    )


def _notes(verdicts: Sequence[Verdict]) -> list[str]:
    notes = [
        "supported: every part of the claim holds. contradicted: one part fails. undecided: this "
        "data could decide it, and what is missing is named. effect and its 95 % interval, low to "
        "high: of the part that decides. a / b: by the conventions first-epoch / untrained. noise: "
        "half the width of an interval that covers the images alone."
    ]
    conventions: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.convention or verdict.unit:
            unit = f" (effect: {verdict.unit})" if verdict.unit else ""
            conventions.setdefault(f"{verdict.convention}{unit}", []).append(verdict.id)
    return [*notes, *(f"{', '.join(ids)}: {text}." for text, ids in conventions.items())]
