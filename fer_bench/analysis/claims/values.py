"""Values of the claims: the paper's networks, evidence of a run, declarations, and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from fer_bench.protocol import published
from fer_bench.protocol.cell import INITS, display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics import Interval
    from fer_bench.protocol.cell import Init
    from fer_bench.results.quality import History
    from fer_bench.results.records import CellResult, Run

ClaimOutcome = Literal["supported", "contradicted", "undecided", "not testable here"]
PaperOutcome = Literal["supported", "contradicted", "not published"]
State = Literal["holds", "fails", "open", "so far"]
Metric = Literal["training accuracy", "validation accuracy", "test images"]

LEVEL = 0.95
"""Confidence level of the intervals."""

WITHIN_NOISE, NOT_RUN, NOT_MEASURED = "within noise", "not run", "not measured"
NOT_MEASURABLE = "not measurable"
"""Causes of an undecided claim; the guards add theirs."""

TITLES = {
    "mobilenet": "MobileNet",
    "openface": "OpenFace",
    "resnet50": "ResNet-50",
    "vggface": "VGG-Face",
}


class Network(NamedTuple):
    """A backbone and init, for claims one of the paper's eight."""

    backbone: str
    init: Init

    @property
    def title(self) -> str:
        """Display name of the backbone."""
        return TITLES.get(self.backbone, self.backbone)

    @property
    def label(self) -> str:
        """Display name."""
        return display_name(self.title, self.init)


NETWORKS = tuple(Network(backbone, init) for backbone in published.BACKBONES for init in INITS)
"""All eight networks, in the order of the paper's tables."""

PRETRAINED = tuple(network for network in NETWORKS if network.init == "pretrained")
RANDOM = tuple(network for network in NETWORKS if network.init == "random")
MOBILENET, OPENFACE, RESNET50, VGGFACE = (Network(name, "pretrained") for name in TITLES)


class EpochRange(NamedTuple):
    """Range of epochs from ``first`` to ``last``, inclusive."""

    first: int
    last: int


@dataclass(frozen=True)
class Evidence:
    """Groups of the paper's backbones in a run; other backbones are not part of any claim.

    Attributes:
        run: the run.
        groups: requested groups.
    """

    run: Run
    groups: Mapping[Network, Group]

    @property
    def epochs(self) -> int:
        """Number of epochs that every cell was trained for, 0 if nothing was trained."""
        epochs = [one.history.epochs for group in self.groups.values() for one in group.qualities]
        return min(epochs, default=0)

    def trained(self, network: Network) -> Group | None:
        """Return the group if any of its cells is trained."""
        group = self.groups.get(network)
        return group if group is not None and group.trained else None

    def cells(self, network: Network) -> tuple[CellResult, ...]:
        """Return the requested cells of a network."""
        group = self.groups.get(network)
        return () if group is None else group.cells

    def histories(self, network: Network) -> dict[int, History]:
        """Return the curves of a network by seed; empty if it is not trained."""
        group = self.trained(network)
        cells = () if group is None else zip(group.seeds, group.qualities, strict=True)
        return {seed: one.history for seed, one in cells}


@dataclass(frozen=True)
class Basis:
    """Trainings that a part of a claim is based on, for the guards.

    Attributes:
        networks: all networks whose metrics enter.
        metrics: kinds of these metrics.
        holding: networks that must have learned something if the part holds: a network that has
            not can lose a comparison, but neither win it nor tie.
        failing: the same if the part fails.
    """

    networks: tuple[Network, ...]
    metrics: tuple[Metric, ...]
    holding: tuple[Network, ...] = ()
    failing: tuple[Network, ...] = ()

    @classmethod
    def of_lead(cls, first: Network, second: Network, *metrics: Metric) -> Basis:
        """Return the basis of the statement that the first network is ahead of the second."""
        return cls((first, second), metrics, holding=(first,), failing=(second,))


@dataclass(frozen=True)
class Part:
    """One statement of a claim.

    Attributes:
        state: ``"holds"``, ``"fails"`` or ``"open"`` (neither is shown); ``"so far"`` if missing
            data could reverse it.
        text: its metrics as display text.
        effect: metric that decides it, None if there is none.
        interval: 95 % CI of ``effect``, None if there is none.
        cause: why it is open, in a few words.
        needs: data needed to decide it if it is open.
        basis: trainings that it is based on; None if it does not depend on training.
        seeds: number of seeds of these trainings; None without ``basis``.
    """

    state: State
    text: str
    effect: float | None = None
    interval: Interval | None = None
    cause: str = WITHIN_NOISE
    needs: str = ""
    basis: Basis | None = None
    seeds: int | None = None


class Missing(NamedTuple):
    """Something a run lacks to decide a claim: the cause in a few words, and what is needed."""

    cause: str
    needs: str


Finding = Part | list[Part] | Missing | str
"""Result of a run for a claim: a part; something missing for one; or metrics that decide nothing.

Several parts in a list are one statement, that a network ranks first, against each of its rivals:
each is guarded on its own, so that a rival whose metrics cannot be trusted neither decides nor
hides another."""


@dataclass(frozen=True)
class PaperVerdict:
    """Verdict of a claim's rule on the paper's own published numbers, without intervals.

    Attributes:
        because: the numbers, or which are missing.
        outcome: ``"not published"`` if the numbers that the rule needs are not in the paper's
            tables, or not in our source of them.
    """

    because: str
    outcome: PaperOutcome = "not published"


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: ``"C1"`` to ``"C17"``.
        statement: what the paper says, short, in this project's words.
        estimand: quantity that decides it.
        rule: when it is supported and when contradicted.
        family: comparisons that are corrected together.
        decide: function that yields the results of a run.
        paper: verdict of the same rule on the paper's published tables.
        unit: unit of the parts' effects.
        parts: number of its parts.
        margin: smallest difference that matters.
        source: section of the paper.
        of_the_data: True if it is about results on the paper's data, and on no other.
    """

    id: str
    statement: str
    estimand: str
    rule: str
    family: str
    decide: Callable[[Evidence], Iterable[Finding]]
    paper: PaperVerdict
    unit: str = ""
    parts: int = 1
    margin: str = "0"
    source: str = "Discussions"
    of_the_data: bool = True

    @property
    def definition(self) -> str:
        """Estimand, rule, margin and family in one line."""
        return (
            f"Estimand: {self.estimand}. Rule: {self.rule}. Margin: {self.margin}. "
            f"Corrected over: {self.family}."
        )


@dataclass(frozen=True)
class ClaimVerdict:
    """Verdict of a run on one claim of the paper.

    Attributes:
        claim: the claim.
        outcome: ``"supported"``, ``"contradicted"``, ``"undecided"`` (``cause`` and ``missing``
            state why) or ``"not testable here"`` (other data).
        cause: why it is undecided, in a few words; empty otherwise.
        because: metrics that it is based on, as display text: the deciding ones first.
        effect: metric that decides, None if there is none.
        interval: its 95 % CI, None if there is none.
        unit: unit of ``effect``.
        seeds: number of seeds behind the deciding metrics; None if they need no training.
        missing: missing cells, seeds or metrics; empty if nothing is missing.
    """

    claim: Claim
    outcome: ClaimOutcome
    because: str
    cause: str = ""
    effect: float | None = None
    interval: Interval | None = None
    unit: str = ""
    seeds: int | None = None
    missing: str = ""

    @property
    def id(self) -> str:
        """Identifier of the claim."""
        return self.claim.id

    @property
    def outcome_text(self) -> str:
        """Outcome with the cause of an undecided claim: ``undecided: one seed``."""
        return f"{self.outcome}: {self.cause}" if self.cause else self.outcome
