"""Verdict of a run on a claim, derived from the parts of the claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import ClaimVerdict, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims.values import Claim, ClaimOutcome, Findings, State

ONE_SEED = "one seed: training variation is not included"
_STATES: tuple[State, ...] = ("fails", "open", "so far", "holds")
"""States in the order in which they decide."""


def conclude(claim: Claim, findings: Findings) -> ClaimVerdict:
    """Return the verdict on a claim that holds if all its parts do.

    It is contradicted as soon as one part fails, even if others are missing; supported if all parts
    are present and hold, and nothing is missing; otherwise undecided. Effect and interval are those
    of the first part that decides: a failing one, otherwise an open one, otherwise the first.
    """
    missing = list(findings.missing)
    parts = [part for state in _STATES for part in findings.parts if part.state == state]
    if len(parts) < findings.total and not missing:
        missing.append(f"metrics for {findings.total - len(parts)} of {findings.total} parts")
    outcome: ClaimOutcome = "undecided"
    deciding = [part for part in parts if part.state == "fails"]
    if deciding:
        outcome = "contradicted"
    elif parts and not missing and all(part.state == "holds" for part in parts):
        outcome, deciding = "supported", parts
    because = [*_texts_by_state(parts), *findings.remarks]
    if any(part.seeds == 1 for part in deciding):
        because.append(ONE_SEED)
    if outcome == "undecided":
        missing += [part.needs for part in parts if part.state == "open"]
    first = parts[0] if parts else Part("open", "")
    return ClaimVerdict(
        id=claim.id,
        claim=claim.text,
        outcome=outcome,
        because="; ".join(because) or "no evidence",
        effect=first.effect,
        interval=first.interval,
        unit="" if first.effect is None else findings.unit,
        convention=findings.convention,
        missing="; ".join(dict.fromkeys(filter(None, missing))),
    )


def _texts_by_state(parts: Sequence[Part]) -> list[str]:
    """Return the texts of the parts, grouped by state, with each state named once."""
    grouped: list[str] = []
    for state in _STATES:
        texts = dict.fromkeys(part.text for part in parts if part.state == state)
        grouped += [f"{state}: {text}" if place == 0 else text for place, text in enumerate(texts)]
    return grouped
