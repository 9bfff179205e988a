"""Values of a recommendation: requirements, candidates, trade-offs and the paper's choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from fer_bench.analysis.metric_contrasts import Metric

if TYPE_CHECKING:
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics import Interval

METRICS: tuple[Metric, ...] = get_args(Metric)
BATCH_SIZES = (1, 32)
"""Batch sizes whose inference is timed in every run."""

Cost = Literal["speed", "parameters"]
COSTS: tuple[Cost, ...] = get_args(Cost)
Limit = Literal["min_speed", "max_parameters", "device"]


@dataclass(frozen=True)
class Requirements:
    """Metric to rank by, and limits that a network must meet.

    Attributes:
        metric: metric on the test images: accuracy, macro F1, mean recall of the classes (UAR), or
            accuracy on the deduplicated images.
        batch_size: number of images in a batch whose inference speed counts.
        min_speed: smallest inference speed in images per second, or None.
        max_parameters: largest number of parameters, head included, or None.
        device: kind of device that the run must have used (``"cpu"``), or None.
    """

    metric: Metric = "accuracy"
    batch_size: int = BATCH_SIZES[-1]
    min_speed: float | None = None
    max_parameters: int | None = None
    device: str | None = None


class Unmet(NamedTuple):
    """Limit that a network does not meet.

    Attributes:
        limit: field of ``Requirements``.
        excess: factor by which it is missed, above 1; None if the network's value is unknown.
    """

    limit: Limit
    excess: float | None


@dataclass(frozen=True)
class Candidate:
    """A backbone, init and head of a run, over its seeds.

    Attributes:
        group: its cells.
        value: mean of the metric over the seeds, a fraction; None if it is unknown.
        interval: its 95 % CI over images and seeds, or None.
        speed: inference in images per second; None if it was not measured in wall-clock time.
        parameters: number of parameters, head included, or None.
        fault: why it cannot be recommended whatever the limits; empty if it can.
        unmet: limits that it does not meet.
        fronts: costs on whose Pareto front it is, among the networks that fit.
        behind: metric of the best network that fits minus its own; None if not compared with it.
        ties: True for the best network that fits and those not significantly behind it.
    """

    group: Group
    value: float | None
    interval: Interval | None
    speed: float | None
    parameters: int | None
    fault: str
    unmet: tuple[Unmet, ...]
    fronts: tuple[Cost, ...] = ()
    behind: float | None = None
    ties: bool = False

    @property
    def label(self) -> str:
        """Display name."""
        return self.group.label

    @property
    def fits(self) -> bool:
        """True if it can be recommended and meets all limits."""
        return not self.fault and not self.unmet

    def cost(self, kind: Cost) -> float | None:
        """Return seconds for an image, or the number of parameters; None if unknown."""
        if kind == "parameters":
            return self.parameters
        return None if self.speed is None else 1 / self.speed


class TradeOff(NamedTuple):
    """Network with a lower metric and a lower cost than the recommended one.

    Attributes:
        label: display name.
        loss: metric given up, a fraction above 0.
        cost: what it saves.
        factor: factor by which it is faster or smaller, above 1.
    """

    label: str
    loss: float
    cost: Cost
    factor: float


class PapersChoice(NamedTuple):
    """Recommendation of the paper, and what the run measured.

    Attributes:
        aim: ``"speed"`` or ``"quality"``.
        label: network that the paper recommends.
        found: its results in the run; None if it was not requested.
        measured: the run's fastest or best network of those without fault, or None.
    """

    aim: str
    label: str
    found: Candidate | None
    measured: Candidate | None


@dataclass(frozen=True)
class Recommendation:
    """Network to choose, why, and what the alternatives cost.

    Attributes:
        requirements: what was asked for.
        data: name of the data set.
        candidates: all networks, by the metric; those without a value last.
        best: network with the highest metric of those that fit, or None.
        chosen: the recommended one: ``best`` or a cheaper one of its ties; None if none fits.
        chosen_by: cost that decides between ties; None without ties, or if costs are unknown.
        runner_up: best network that is significantly behind ``best``, or None.
        lead: uncertainty of the lead over it, as display text.
        not_compared: labels of the networks that fit without known predictions.
        single: labels of the networks that fit with a single seed.
        tradeoffs: what a lower metric buys, the smallest loss first.
        unlimited: best network that only the limits exclude, if it is better than ``chosen``.
        nearest: if none fits, the network that misses the limits by the smallest factor.
        papers: the paper's own recommendations.
        devices: kinds of devices that the speeds were measured on; empty if unknown.
        noise: by how much inference speeds differ at most between networks that do the same work,
            as a share; None without such networks.
    """

    requirements: Requirements
    data: str
    candidates: tuple[Candidate, ...]
    best: Candidate | None
    chosen: Candidate | None
    chosen_by: Cost | None
    runner_up: Candidate | None
    lead: str
    not_compared: tuple[str, ...]
    single: tuple[str, ...]
    tradeoffs: tuple[TradeOff, ...]
    unlimited: Candidate | None
    nearest: Candidate | None
    papers: tuple[PapersChoice, ...]
    devices: tuple[str, ...]
    noise: float | None

    @property
    def ties(self) -> tuple[Candidate, ...]:
        """Networks that are not significantly behind the best one, without it."""
        return tuple(one for one in self.candidates if one.ties)[1:]

    @property
    def depends_on_speed(self) -> bool:
        """True if a speed is limited, decides between ties, or is what a trade-off offers."""
        return (
            self.requirements.min_speed is not None
            or self.chosen_by == "speed"
            or any(one.cost == "speed" for one in self.tradeoffs)
        )
