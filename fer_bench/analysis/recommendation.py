"""Recommendation of a network that meets requirements on speed, size and device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.guards import AT_BASELINE, learns
from fer_bench.analysis.claims.values import TITLES
from fer_bench.analysis.metric_contrasts import Contrast, contrast_with
from fer_bench.analysis.pareto_front import pareto
from fer_bench.analysis.recommendation_values import (
    BATCH_SIZES,
    COSTS,
    Candidate,
    PapersChoice,
    Recommendation,
    Requirements,
    TradeOff,
    Unmet,
)
from fer_bench.analysis.timing_noise import do_same_work, timing_noise
from fer_bench.metrics import Interval
from fer_bench.protocol.cell import display_name
from fer_bench.protocol.head import LINEAR
from fer_bench.protocol.published import RECOMMENDED
from fer_bench.results.fact_names import OF_SPEEDS
from fer_bench.results.records import NO_TEST
from fer_bench.results.speed_units import speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.metric_contrasts import Metric
    from fer_bench.analysis.recommendation_values import Cost
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Run

SIMILAR = 1.1
"""Factor up to which two speeds or sizes are about the same: speeds vary by as much."""


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
    barred = [one for one in candidates if not one.fault and one.unmet]
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
        tradeoffs=() if chosen is None else _tradeoffs(chosen, fitting),
        unlimited=None if chosen is None else _better(chosen, barred),
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


def _unmet(speed: float | None, size: int | None, run: Run, asked: Requirements) -> list[Unmet]:
    found: list[Unmet] = []
    if asked.min_speed is not None and (speed is None or speed < asked.min_speed):
        found.append(Unmet("min_speed", None if speed is None else asked.min_speed / speed))
    if asked.max_parameters is not None and (size is None or size > asked.max_parameters):
        found.append(Unmet("max_parameters", None if size is None else size / asked.max_parameters))
    if asked.device is not None and _devices(run) != {asked.device}:
        found.append(Unmet("device", None))
    return found


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


def _tradeoffs(chosen: Candidate, fitting: Sequence[Candidate]) -> tuple[TradeOff, ...]:
    found = []
    for one in fitting:
        loss = (chosen.value or 0.0) - (one.value or 0.0)
        for kind in one.fronts:
            ours, theirs = chosen.cost(kind), one.cost(kind)
            if loss > 0 and ours is not None and theirs and ours / theirs > SIMILAR:
                found.append(TradeOff(one.label, loss, kind, ours / theirs))
    return tuple(sorted(found, key=lambda one: one.loss))


def _better(chosen: Candidate, barred: Sequence[Candidate]) -> Candidate | None:
    """Return the best network that only the limits exclude, if it is better."""
    return next((one for one in barred if (one.value or 0.0) > (chosen.value or 0.0)), None)


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
