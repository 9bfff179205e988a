"""Verdict of a run on a claim, derived from the parts of the claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.analysis.claims.evidence import Evidence
    from fer_bench.metrics import Interval

ClaimOutcome = Literal["supported", "contradicted", "undecided", "not testable here"]
State = Literal["holds", "fails", "open", "so far"]


@dataclass(frozen=True)
class ClaimVerdict:
    """Verdict of a run on one claim of the paper.

    Attributes:
        id: ``"C1"`` to ``"C10"``.
        claim: short text of the claim.
        outcome: ``"supported"``, ``"contradicted"``, ``"undecided"`` (``missing`` states what the
            run would need to decide it) or ``"not testable here"`` (other data).
        because: metrics that it is based on, as display text: the deciding ones first.
        effect: metric that decides, None if there is none.
        interval: its 95 % CI, None if there is none.
        unit: unit of ``effect``.
        convention: definition of the metrics, and settings that differ from the paper's.
        missing: missing cells, seeds or metrics; empty if nothing is missing.
    """

    id: str
    claim: str
    outcome: ClaimOutcome
    because: str
    effect: float | None = None
    interval: Interval | None = None
    unit: str = ""
    convention: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Part:
    """One statement of a claim.

    Attributes:
        state: ``"holds"``, ``"fails"`` or ``"open"`` (neither is shown); ``"so far"`` if missing
            data could reverse it.
        text: its metrics as display text.
        effect: as in ``ChangeKind``.
        interval: as in ``ChangeKind``.
        needs: data needed to decide it if it is open.
        seeds: number of seeds that it is based on; None if it does not depend on training.
    """

    state: State
    text: str
    effect: float | None = None
    interval: Interval | None = None
    needs: str = ""
    seeds: int | None = None


ONE_SEED = "one seed: training variation is not included"
_STATES: tuple[State, ...] = ("fails", "open", "so far", "holds")
"""States in the order in which they decide."""


@dataclass(frozen=True)
class Findings:
    """Results of a run for the parts of one claim.

    Attributes:
        parts: parts for which the run has results.
        needed: number of parts of the claim.
        missing: data missing for the other parts.
        unit: unit of the parts' effects.
        convention: definition of the metrics.
        beside: additional metrics to display that decide nothing.
    """

    parts: Sequence[Part]
    needed: int
    missing: Sequence[str]
    unit: str
    convention: str
    beside: Sequence[str] = ()


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: ``"C1"`` to ``"C10"``.
        text: short text in this project's words.
        findings: function that returns a run's results for its parts.
        of_the_data: True if it is about results on the paper's data, and on no other.
    """

    id: str
    text: str
    findings: Callable[[Evidence], Findings]
    of_the_data: bool = True


def conclude(claim: Claim, findings: Findings) -> ClaimVerdict:
    """Return the verdict on a claim that holds if all its parts do.

    It is contradicted as soon as one part fails, even if others are missing; supported if all parts
    are present and hold, and nothing is missing; otherwise undecided. Effect and interval are those
    of the first part that decides: a failing one, otherwise an open one, otherwise the first.
    """
    lacks = list(findings.missing)
    parts = [part for state in _STATES for part in findings.parts if part.state == state]
    if len(parts) < findings.needed and not lacks:
        lacks.append(f"metrics for {findings.needed - len(parts)} of {findings.needed} parts")
    outcome: ClaimOutcome = "undecided"
    deciding = [part for part in parts if part.state == "fails"]
    if deciding:
        outcome = "contradicted"
    elif parts and not lacks and all(part.state == "holds" for part in parts):
        outcome, deciding = "supported", parts
    told = [*_told(parts), *findings.beside]
    if any(part.seeds == 1 for part in deciding):
        told.append(ONE_SEED)
    if outcome == "undecided":
        lacks += [part.needs for part in parts if part.state == "open"]
    first = parts[0] if parts else Part("open", "")
    return ClaimVerdict(
        id=claim.id,
        claim=claim.text,
        outcome=outcome,
        because="; ".join(told) or "no evidence",
        effect=first.effect,
        interval=first.interval,
        unit="" if first.effect is None else findings.unit,
        convention=findings.convention,
        missing="; ".join(dict.fromkeys(filter(None, lacks))),
    )


def _told(parts: Sequence[Part]) -> list[str]:
    """Return the texts of the parts, grouped by state, with each state named once."""
    told: list[str] = []
    for state in _STATES:
        texts = dict.fromkeys(part.text for part in parts if part.state == state)
        told += [f"{state}: {text}" if place == 0 else text for place, text in enumerate(texts)]
    return told
