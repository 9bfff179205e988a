"""Recommendation of a network that meets requirements on speed, size and device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from fer_bench.analysis.claims.guards import AT_BASELINE, learns
from fer_bench.analysis.claims.values import TITLES
from fer_bench.analysis.metric_contrasts import Contrast, Metric, contrast_with
from fer_bench.analysis.pareto_front import pareto
from fer_bench.analysis.timing_noise import do_same_work, timing_noise
from fer_bench.metrics import Interval
from fer_bench.protocol.cell import display_name
from fer_bench.protocol.head import LINEAR
from fer_bench.protocol.published import RECOMMENDED
from fer_bench.results.fact_names import OF_SPEEDS
from fer_bench.results.records import NO_TEST
from fer_bench.results.speed_units import speed_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Run

BATCH_SIZES = (1, 32)
"""Batch sizes whose inference is timed in every run."""

Cost = Literal["speed", "parameters"]
COSTS: tuple[Cost, ...] = get_args(Cost)
Limit = Literal["min_speed", "max_parameters", "device"]

SIMILAR = 1.1
"""Factor up to which two speeds or sizes are about the same: speeds vary by as much."""


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


def recommend(analysis: Analysis, requirements: Requirements | None = None) -> Recommendation:
    """Recommend a network of a run.

    The highest metric wins among the networks that meet the limits, beat the majority-class
    baseline and are not distorted by batch normalisation. Of those that are not significantly
    behind it (``contrast_with``), the fastest is recommended, or the smallest if a speed is
    unknown; of those that are about as cheap, the best. One seed leaves it undecided. Without
    requirements, the metric is accuracy, and there are no limits.
    """
    asked = requirements or Requirements()
    candidates = sorted(
        (_candidate(group, analysis, asked) for group in analysis.groups),
        key=lambda one: -1.0 if one.value is None else one.value,
        reverse=True,
    )
    contrasts = _contrasts([one for one in candidates if one.fits], analysis, asked.metric)
    fronts = {kind: _front([one for one in candidates if one.fits], kind) for kind in COSTS}
    candidates = [
        replace(
            one,
            behind=None if (found := contrasts.get(one.group.id)) is None else found.difference,
            ties=found is not None and not found.differ,
            fronts=tuple(kind for kind in COSTS if one.group.id in fronts[kind]),
        )
        for one in candidates
    ]
    fitting = [one for one in candidates if one.fits]
    chosen, chosen_by = _choose([one for one in fitting if one.ties])
    behind = [one for one in fitting if one.behind is not None and not one.ties]
    tradeoffs = () if chosen is None else _tradeoffs(chosen, fitting)
    barred = [one for one in candidates if not one.fault and one.unmet]
    better = (one for one in barred if chosen and (one.value or 0.0) > (chosen.value or 0.0))
    return Recommendation(
        requirements=asked,
        data=analysis.dataset.name,
        candidates=tuple(candidates),
        best=fitting[0] if fitting else None,
        chosen=chosen,
        chosen_by=chosen_by,
        runner_up=behind[0] if behind else None,
        lead=contrasts[behind[0].group.id].text if behind else "",
        not_compared=tuple(one.label for one in fitting if one.behind is None),
        single=tuple(one.label for one in fitting if len(one.group.trained) == 1),
        tradeoffs=tuple(sorted(tradeoffs, key=lambda one: one.loss)),
        unlimited=next(better, None),
        nearest=None if fitting else _nearest(barred),
        papers=tuple(_papers(aim, candidates) for aim in RECOMMENDED),
        devices=tuple(sorted(_devices(analysis.run))),
        noise=timing_noise(
            (group, [_speed(group, analysis.run, size) for size in BATCH_SIZES])
            for group in analysis.groups
        ),
    )


def _candidate(group: Group, analysis: Analysis, asked: Requirements) -> Candidate:
    value, interval = _measured(group, asked.metric)
    speed = _speed(group, analysis.run, asked.batch_size)
    size = None if group.parameters is None else group.parameters.total
    unmet = _unmet(speed, size, analysis.run, asked) if group.trained else ()
    fault = _fault(group, analysis, value)
    return Candidate(group, value, interval, speed, size, fault, tuple(unmet))


def _speed(group: Group, run: Run, batch_size: int) -> float | None:
    """Return images per second of inference; None if not measured in wall-clock time."""
    timed = () if speed_unit(run) else group.trained
    speeds = (one for cell in timed for one in cell.inference if one.batch_size == batch_size)
    return next((one.images_per_second for one in speeds), None)


def _measured(group: Group, metric: Metric) -> tuple[float | None, Interval | None]:
    """Return a metric on the test images and its 95 % CI over images and seeds."""
    if metric == "accuracy":
        return group.test_accuracy, None if group.score is None else group.score.spread
    if metric == "deduplicated":
        score = None if group.leakage is None else group.leakage.deduplicated
        return (None, None) if score is None else (score.accuracy, score.spread)
    if group.spread_metrics is None:
        return None, None
    metrics = group.spread_metrics
    found = metrics.macro_f1 if metric == "macro_f1" else metrics.balanced_accuracy
    if found.low is None or found.high is None:
        return found.value, None
    return found.value, Interval(found.low, found.high)


def _fault(group: Group, analysis: Analysis, value: float | None) -> str:
    """Return why a network cannot be recommended; empty if it can."""
    if not group.trained:
        return group.mean.status if group.mean.status != "ok" else "not trained"
    if not group.dataset.has_test:
        return NO_TEST
    if value is None:
        return "metric unknown"
    if group.is_distorted:
        return "distorted by batch norm"
    standing = next(one for one in analysis.standings if one.group.id == group.id)
    above = standing.exceeds_baseline
    return "" if (learns(group) if above is None else above) else AT_BASELINE


def _unmet(speed: float | None, size: int | None, run: Run, asked: Requirements) -> Iterator[Unmet]:
    if asked.min_speed is not None and (speed is None or speed < asked.min_speed):
        yield Unmet("min_speed", None if speed is None else asked.min_speed / speed)
    if asked.max_parameters is not None and (size is None or size > asked.max_parameters):
        yield Unmet("max_parameters", None if size is None else size / asked.max_parameters)
    if asked.device is not None and _devices(run) != {asked.device}:
        yield Unmet("device", None)


def _devices(run: Run) -> set[str]:
    """Return the kinds of devices that a run's speeds were measured on; empty if unknown."""
    facts = dict(run.environment)
    named = facts.get(f"devices{OF_SPEEDS}", facts.get("devices", ""))
    return {name.partition(":")[0] for name in named.split(", ") if name}


def _contrasts(
    fitting: Sequence[Candidate], analysis: Analysis, metric: Metric
) -> dict[str, Contrast]:
    """Return how far networks are behind the first one, which ties with itself, by group."""
    if not fitting:
        return {}
    best, *others = (one.group for one in fitting)
    tie = Contrast(0.0, differ=False, text="")
    return {best.id: tie, **contrast_with(best, others, analysis, metric)}


def _front(fitting: Sequence[Candidate], kind: Cost) -> list[str]:
    """Return the groups on the Pareto front of a cost."""
    known = [
        (one.group.id, (cost, one.value))
        for one in fitting
        if (cost := one.cost(kind)) is not None and one.value is not None
    ]
    return [known[place][0] for place in pareto([point for _, point in known])]


def _choose(ties: Sequence[Candidate]) -> tuple[Candidate | None, Cost | None]:
    """Return the best of the networks that are about as cheap as the cheapest, and the cost."""
    if len(ties) < 2:
        return (ties[0] if ties else None), None
    for kind in COSTS:
        costs = [cost for one in ties if (cost := one.cost(kind)) is not None]
        if len(costs) == len(ties):
            least = min(costs)
            cheapest = ties[costs.index(least)].group
            cheap = (
                one
                for one, cost in zip(ties, costs, strict=True)
                if cost <= SIMILAR * least or do_same_work(one.group, cheapest)
            )
            return next(cheap), kind
    return ties[0], None


def _tradeoffs(chosen: Candidate, fitting: Sequence[Candidate]) -> Iterator[TradeOff]:
    for one in fitting:
        loss = (chosen.value or 0.0) - (one.value or 0.0)
        for kind in one.fronts:
            ours, theirs = chosen.cost(kind), one.cost(kind)
            if loss > 0 and ours is not None and theirs and ours / theirs > SIMILAR:
                yield TradeOff(one.label, loss, kind, ours / theirs)


def _nearest(barred: Sequence[Candidate]) -> Candidate | None:
    """Return the network with the smallest factor by which it misses a limit, if it is known."""
    known = [one for one in barred if all(each.excess is not None for each in one.unmet)]
    return min(known, key=lambda one: max(each.excess or 0.0 for each in one.unmet), default=None)


def _papers(aim: str, candidates: Sequence[Candidate]) -> PapersChoice:
    backbone, init = RECOMMENDED[aim]
    # Of pooled runs, each backbone's name ends with the number of its run.
    found = [
        one
        for one in candidates
        if one.group.init == init
        and one.group.head == LINEAR
        and backbone in (one.group.backbone, one.group.backbone.rpartition("-")[0])
    ]
    able = [
        (value, one)
        for one in candidates
        if not one.fault and (value := one.speed if aim == "speed" else one.value) is not None
    ]
    _, measured = max(able, key=lambda known: known[0], default=(0.0, None))
    name = display_name(TITLES[backbone], init)
    return PapersChoice(aim, name, found[0] if found else None, measured)
