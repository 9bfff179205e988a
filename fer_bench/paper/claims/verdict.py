"""What a run says of a claim, put together from the parts of the claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.evaluation import Interval
    from fer_bench.paper.claims.evidence import Evidence

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
        because: the figures that it rests on, for a reader.
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
    """

    state: State
    text: str
    effect: float | None = None
    interval: Interval | None = None


_NOTHING = Part("open", "nothing to decide it by")


@dataclass(frozen=True)
class Findings:
    """What a run says of the parts of one claim.

    Attributes:
        parts: those that it can say something of.
        missing: what it lacks for the others.
        unit: of the parts' effects.
        convention: which figures are meant.
        beside: figures that a reader wants to see and that decide nothing.
    """

    parts: Sequence[Part]
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

    Contradicted as soon as one part fails, whatever is missing. Supported if all parts hold and
    nothing is missing. Else undecided. Effect and interval are of the first part that decides: one
    that fails, else one that is open, else the first.
    """
    parts, lacks = findings.parts, list(dict.fromkeys(findings.missing))
    failing = [part for part in parts if part.state == "fails"]
    opened = [part for part in parts if part.state == "open"]
    outcome: Outcome = "undecided"
    if failing:
        outcome = "contradicted"
    elif parts and not opened and not lacks:
        outcome = "supported"
    told = "; ".join([*(part.text for part in parts or [_NOTHING]), *findings.beside])
    if outcome == "undecided" and parts and lacks:
        told = f"so far: {told}"
    if outcome == "undecided" and opened:
        lacks.append("more seeds or images, to tell apart what is within noise")
    decisive = [*failing, *opened, *parts, _NOTHING][0]
    return Verdict(
        id=claim.id,
        claim=claim.text,
        outcome=outcome,
        because=told,
        effect=decisive.effect,
        interval=decisive.interval,
        unit="" if decisive.effect is None else findings.unit,
        convention=findings.convention,
        missing="; ".join(lacks),
    )
