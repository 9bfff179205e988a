"""Values of the claims: networks of the paper, evidence of a run, differences, and verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, NamedTuple

from fer_bench.analysis.group_comparisons import find_pair
from fer_bench.metrics import Interval, over_seeds
from fer_bench.protocol import published
from fer_bench.protocol.cells import INITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.protocol.cells import Init
    from fer_bench.results.records import Run

ClaimOutcome = Literal["supported", "contradicted", "undecided", "not testable here"]
State = Literal["holds", "fails", "open", "so far"]

LEVEL = 0.95
"""Confidence level of the intervals."""

TITLES = {
    "mobilenet": "MobileNet",
    "openface": "OpenFace",
    "resnet50": "ResNet-50",
    "vggface": "VGG-Face",
}


class Network(NamedTuple):
    """One of the paper's eight networks."""

    backbone: str
    init: Init

    @property
    def label(self) -> str:
        """Name in the paper's tables."""
        return f"{TITLES[self.backbone]}_{self.init}"


NETWORKS = tuple(Network(backbone, init) for backbone in published.BACKBONES for init in INITS)
"""All eight networks, in the order of the paper's tables."""


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
        pairs: pairs of groups compared on the test images.
    """

    run: Run
    groups: Mapping[Network, Group]
    pairs: Sequence[Pair]

    @property
    def epochs(self) -> int:
        """Number of trained epochs, 0 if nothing was trained."""
        epochs = [one.history.epochs for group in self.groups.values() for one in group.qualities]
        return max(epochs, default=0)

    def trained(self, network: Network) -> Group | None:
        """Return the group if any of its cells is trained."""
        group = self.groups.get(network)
        return group if group is not None and group.trained else None

    def pair(self, first: Network, second: Network) -> Pair | None:
        """Return the first network compared with the second, or None if they were not compared."""
        return find_pair(self.pairs, first, second)


@dataclass(frozen=True)
class Difference:
    """Difference of a rate, or of a metric of one epoch, between two networks.

    One seed shows nothing: between two trainings of the same network, such metrics differ by far
    more than the sampling of the images explains.

    Attributes:
        by_seed: one difference for each of ``seeds``.
        standard_error: standard error of a difference due to the sampling of the images.
        seeds: seeds that both cells were trained with, at least one.
        first_mean: mean of the first network's metric over these seeds.
        is_rate: True if the metrics are shares per epoch instead of shares.
        distorted: labels of networks whose validation accuracy, used in the metric, is distorted
            by trained batch normalisation; the difference then shows nothing about learning.
    """

    by_seed: tuple[float, ...]
    standard_error: float
    seeds: tuple[int, ...]
    first_mean: float
    is_rate: bool = False
    distorted: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return math.fsum(self.by_seed) / len(self.by_seed)

    def interval(self, tests: int = 1) -> Interval | None:
        """Return the confidence interval of the difference, or None for one seed.

        Its half width is the root of a**2 + b**2: a is the normal quantile times
        ``standard_error``, b the half width of Student's t interval over the seeds, as in
        ``fer_bench.metrics.compare``.

        Args:
            tests: number of intervals that must hold simultaneously: each has the level 1 - (1 -
                LEVEL) / tests (Bonferroni).
        """
        level = 1 - (1 - LEVEL) / tests
        spread = over_seeds(self.by_seed, level).interval
        if spread is None:
            return None
        half = math.hypot(
            NormalDist().inv_cdf((1 + level) / 2) * self.standard_error,
            (spread.high - spread.low) / 2,
        )
        return Interval(self.mean - half, self.mean + half)

    @property
    def mean_text(self) -> str:
        """Mean as display text."""
        return f"{self.mean:+.{self._decimals}f}"

    @property
    def text(self) -> str:
        """Mean and interval as display text."""
        interval = self.interval()
        if interval is None:
            return self.mean_text
        low, high = (f"{end:+.{self._decimals}f}" for end in (interval.low, interval.high))
        return f"{self.mean_text} [{low}, {high}]"

    @property
    def _decimals(self) -> int:
        return 4 if self.is_rate else 3


@dataclass(frozen=True)
class JudgedDifference:
    """State of a statement and the difference that it is based on.

    Attributes:
        label: display text of which metric is subtracted from which; empty if it is clear.
        difference: difference of the metrics.
        state: state of the statement.
    """

    label: str
    difference: Difference
    state: State


@dataclass(frozen=True)
class Part:
    """One statement of a claim.

    Attributes:
        state: ``"holds"``, ``"fails"`` or ``"open"`` (neither is shown); ``"so far"`` if missing
            data could reverse it.
        text: its metrics as display text.
        effect: metric that decides it, None if there is none.
        interval: 95 % CI of ``effect``, None if there is none.
        needs: data needed to decide it if it is open.
        seeds: number of seeds that it is based on; None if it does not depend on training.
    """

    state: State
    text: str
    effect: float | None = None
    interval: Interval | None = None
    needs: str = ""
    seeds: int | None = None


@dataclass(frozen=True)
class Findings:
    """Results of a run for the parts of one claim.

    Attributes:
        parts: parts for which the run has results.
        total: number of parts of the claim.
        missing: data missing for the other parts.
        unit: unit of the parts' effects.
        convention: definition of the metrics.
        remarks: additional metrics to display that decide nothing.
    """

    parts: Sequence[Part]
    total: int
    missing: Sequence[str]
    unit: str
    convention: str
    remarks: Sequence[str] = ()


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
