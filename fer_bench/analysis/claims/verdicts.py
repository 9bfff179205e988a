"""Verdict of a run on a claim, derived from the parts of the claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.guards import guard
from fer_bench.analysis.claims.values import ClaimVerdict, Missing, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims.values import Claim, ClaimOutcome, Evidence, State

_STATES: tuple[State, ...] = ("fails", "open", "so far", "holds")
"""States in the order in which they decide."""


def conclude(claim: Claim, evidence: Evidence) -> ClaimVerdict:
    """Return the verdict on a claim that holds if all its parts do, once they are guarded.

    It is contradicted as soon as one part fails, even if others are missing; supported if all parts
    are present and hold, and nothing is missing; otherwise undecided. Effect and interval are those
    of the first part that decides: a failing one, otherwise an open one, otherwise the first.
    """
    findings = claim.decide(evidence)
    guarded = [guard(part, evidence) for part in findings.parts]
    parts = [part for state in _STATES for part in guarded if part.state == state]
    missing = list(findings.missing)
    if len(parts) < findings.total and not missing:
        needs = f"metrics for {findings.total - len(parts)} of {findings.total} parts"
        missing.append(Missing("not measured", needs))
    outcome: ClaimOutcome = "undecided"
    if any(part.state == "fails" for part in parts):
        outcome = "contradicted"
    elif parts and not missing and all(part.state == "holds" for part in parts):
        outcome = "supported"
    causes: list[str] = []
    if outcome == "undecided":
        open_parts = [part for part in parts if part.state == "open"]
        causes = [part.cause for part in open_parts] + [one.cause for one in missing]
        missing = [Missing(part.cause, part.needs) for part in open_parts] + missing
    first = parts[0] if parts else Part("open", "")
    return ClaimVerdict(
        claim=claim,
        paper=claim.on_tables(),
        outcome=outcome,
        because="; ".join([*_texts_by_state(parts), *findings.remarks]) or "no evidence",
        cause="; ".join(dict.fromkeys("; ".join(causes).split("; "))),
        effect=first.effect,
        interval=first.interval,
        unit="" if first.effect is None else findings.unit,
        seeds=None if first.basis is None else first.basis.seeds,
        missing="; ".join(dict.fromkeys(one.needs for one in missing if one.needs)),
    )


def _texts_by_state(parts: Sequence[Part]) -> list[str]:
    """Return the texts of the parts, grouped by state, with each state named once."""
    grouped: list[str] = []
    for state in _STATES:
        texts = dict.fromkeys(part.text for part in parts if part.state == state)
        grouped += [f"{state}: {text}" if place == 0 else text for place, text in enumerate(texts)]
    return grouped
