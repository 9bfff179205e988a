"""Verdicts of a run on the claims, derived from the parts of each claim."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.declarations import CLAIMS
from fer_bench.analysis.claims.guards import guard
from fer_bench.analysis.claims.values import ClaimVerdict, Evidence, Missing, Network, Part
from fer_bench.analysis.deviations import other_data
from fer_bench.protocol import published
from fer_bench.protocol.head import LINEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.claims.values import Claim, ClaimOutcome, State
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Run

_STATES: tuple[State, ...] = ("fails", "open", "so far", "holds")
"""States in the order in which they decide."""


def judge(run: Run, groups: Iterable[Group]) -> tuple[ClaimVerdict, ...]:
    """Return the verdict of a run on each claim.

    On images other than the paper's, including samples of them, only C10 is testable. Changed
    settings do not prevent a verdict.

    Args:
        run: the results.
        groups: the run's groups, with speeds only if these are in wall-clock time.
    """
    papers = {
        Network(group.backbone, group.init): group
        for group in groups
        if group.backbone in published.BACKBONES and group.head == LINEAR
    }
    evidence = Evidence(run, papers)
    data = other_data(run)
    return tuple(
        ClaimVerdict(claim, "not testable here", data)
        if data and claim.of_the_data
        else _conclude(claim, evidence)
        for claim in CLAIMS
    )


def _conclude(claim: Claim, evidence: Evidence) -> ClaimVerdict:
    """Return the verdict on a claim that holds if all its parts do, once they are guarded.

    It is contradicted as soon as one part fails, even if others are missing; supported if all parts
    are present and hold, and nothing is missing; otherwise undecided. Effect and interval are those
    of the first part that decides: a failing one, otherwise an open one, otherwise the first.
    """
    # An empty list is a ranking without any rival.
    findings = [one for one in claim.decide(evidence) if one]
    missing = [one for one in findings if isinstance(one, Missing)]
    judged = (one for one in findings if isinstance(one, Part | list))
    guarded = [
        guard(one, evidence) if isinstance(one, Part) else _first_rank(one, evidence)
        for one in judged
    ]
    parts = [part for state in _STATES for part in guarded if part.state == state]
    if len(parts) < claim.parts and not missing:
        needs = f"metrics for {claim.parts - len(parts)} of {claim.parts} parts"
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
    remarks = [one for one in findings if isinstance(one, str)]
    return ClaimVerdict(
        claim=claim,
        outcome=outcome,
        because="; ".join([*_texts_by_state(parts), *remarks]) or "no evidence",
        cause=_join_unique(causes),
        effect=first.effect,
        interval=first.interval,
        unit="" if first.effect is None else claim.unit,
        seeds=first.seeds,
        missing="; ".join(dict.fromkeys(one.needs for one in missing if one.needs)),
    )


def _first_rank(rivals: list[Part], evidence: Evidence) -> Part:
    """Return the rival that decides a ranking, each guarded: of the failing ones, the furthest.

    If none fails but some are open, the nearest of these, with the causes and needs of all. If all
    hold, the nearest.
    """
    guarded = sorted(
        (guard(part, evidence) for part in rivals), key=lambda part: part.effect or 0.0
    )
    deciding = next(
        found for state in _STATES if (found := [part for part in guarded if part.state == state])
    )
    return dataclasses.replace(
        deciding[0],
        cause=_join_unique(part.cause for part in deciding),
        needs=_join_unique(part.needs for part in deciding),
    )


def _join_unique(lists: Iterable[str]) -> str:
    """Join lists separated by semicolons, without repetitions."""
    return "; ".join(dict.fromkeys("; ".join(lists).split("; ")))


def _texts_by_state(parts: Sequence[Part]) -> list[str]:
    """Return the texts of the parts, grouped by state, with each state named once."""
    grouped: list[str] = []
    for state in _STATES:
        texts = dict.fromkeys(part.text for part in parts if part.state == state)
        grouped += [f"{state}: {text}" if place == 0 else text for place, text in enumerate(texts)]
    return grouped
