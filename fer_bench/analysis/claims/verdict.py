"""What a run says of a claim, put together from the parts of the claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.analysis.claims.evidence import Evidence
    from fer_bench.metrics import Interval

Outcome = Literal["supported", "contradicted", "undecided", "not testable here"]
State = Literal["holds", "fails", "open", "so far"]


@dataclass(frozen=True)
class Verdict:
    """What a run says of one claim of the paper.

    Attributes:
        id: ``"C1"`` to ``"C10"``.
        claim: in a few words.
        outcome: ``"supported"``, ``"contradicted"``, ``"undecided"`` (the run could have decided
            it, and ``missing`` says what it lacks) or ``"not testable here"`` (other data).
        because: the figures that it rests on, for a reader: those that decide first.
        effect: the figure that decides, None where there is none.
        interval: its 95 % interval, None where there is none.
        unit: of ``effect``.
        convention: which figures are meant, and which settings differ from the paper's.
        missing: cells, seeds or figures that would be needed; empty where nothing is.
    """

    id: str
    claim: str
    outcome: Outcome
    because: str
    effect: float | None = None
    interval: Interval | None = None
    unit: str = ""
    convention: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Part:
    """One statement that a claim is made of.

    Attributes:
        state: whether the run shows that it holds, that it fails, or neither (``"open"``);
            ``"so far"`` where what is missing could turn it round.
        text: its figures, for a reader.
        effect: as in ``Verdict``.
        interval: as in ``Verdict``.
        needs: what would decide it where it is open.
        seeds: number of seeds that it rests on; None where training has no part in it.
    """

    state: State
    text: str
    effect: float | None = None
    interval: Interval | None = None
    needs: str = ""
    seeds: int | None = None


ONE_SEED = "one seed: the chance of training is not covered"
_STATES: tuple[State, ...] = ("fails", "open", "so far", "holds")
"""In the order in which they decide."""


@dataclass(frozen=True)
class Findings:
    """What a run says of the parts of one claim.

    Attributes:
        parts: those that it can say something of.
        needed: number of parts that the claim has.
        missing: what it lacks for the others.
        unit: of the parts' effects.
        convention: which figures are meant.
        beside: figures that a reader wants to see and that decide nothing.
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
        text: in a few words of ours.
        findings: what a run says of its parts.
        of_the_data: whether it speaks of results on the paper's data, and of no other.
    """

    id: str
    text: str
    findings: Callable[[Evidence], Findings]
    of_the_data: bool = True


def conclude(claim: Claim, findings: Findings) -> Verdict:
    """The verdict on a claim that holds if all its parts do.

    Contradicted as soon as one part fails, whatever is missing. Supported if all parts are there
    and hold, and nothing is missing. Else undecided. Effect and interval are of the first part
    that decides: one that fails, else one that is open, else the first.
    """
    lacks = list(findings.missing)
    parts = [part for state in _STATES for part in findings.parts if part.state == state]
    if len(parts) < findings.needed and not lacks:
        lacks.append(f"figures for {findings.needed - len(parts)} of {findings.needed} parts")
    outcome: Outcome = "undecided"
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
    return Verdict(
        id=claim.id,
        claim=claim.text,
        outcome=outcome,
        because="; ".join(told) or "nothing to decide it by",
        effect=first.effect,
        interval=first.interval,
        unit="" if first.effect is None else findings.unit,
        convention=findings.convention,
        missing="; ".join(dict.fromkeys(filter(None, lacks))),
    )


def _told(parts: Sequence[Part]) -> list[str]:
    """The figures of the parts, each state named once before those that have it."""
    told: list[str] = []
    for state in _STATES:
        texts = dict.fromkeys(part.text for part in parts if part.state == state)
        told += [f"{state}: {text}" if place == 0 else text for place, text in enumerate(texts)]
    return told
