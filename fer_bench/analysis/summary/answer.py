"""Answer of a run: the most accurate network, its lead, and the majority-class baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.guards import learns
from fer_bench.analysis.group_comparisons import find_pair
from fer_bench.analysis.number_text import difference_text, listed, percent
from fer_bench.analysis.summary.pretraining import MATTERS, state_effects
from fer_bench.metrics import majority_class_accuracy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing
    from fer_bench.analysis.subsets import Baseline

_MOST_NAMED = 3
"""Largest number of networks as accurate as the best one that the answer names."""


def best_network(analysis: Analysis) -> str:
    """Name the most accurate network, if there is a single one."""
    best, *others = analysis.standings
    name, accuracy, data = best.group.label, _accuracy(best), analysis.dataset.name
    if not any(one.exceeds_baseline in (True, None) for one in analysis.standings):
        majority, share = majority_class(analysis)
        where = f"({percent(share)}) on {data}"
        if any(one.beats_baseline for one in analysis.standings):
            where = f"on the deduplicated test images of {data}"
        return (
            f"No network clearly beats always predicting {majority} {where}. "
            f"Best: {name}, {accuracy}."
        )
    metric = "test" if analysis.dataset.has_test else "validation"
    if metric == "validation" and not learns(best.group):
        majority = max(analysis.dataset.counts, key=lambda one: one[1])[0]
        return (
            f"No network clearly exceeds the share of {majority} "
            f"({percent(analysis.majority_share)}) on {data}. Best: {name}, {accuracy}."
        )
    distortion = _distortion(analysis.standings)
    if not others:
        return f"{name} reaches a {metric} accuracy of {accuracy} on {data}{distortion}."
    ties = [one.group.label for one in others if one.contends(best)]
    if ties:
        verb = "does" if len(ties) == 1 else "do"
        named = listed(ties) if len(ties) <= _MOST_NAMED else f"{len(ties)} others"
        return (
            f"No single network is the most accurate on {data}: {named} {verb} not differ "
            f"significantly from {name}, {accuracy}."
        )
    # Trainings vary by more than the images: one seed, or a distorted accuracy, proves no best one.
    if distortion:
        return (
            f"{name} has the highest measured {metric} accuracy on {data}, {accuracy}{distortion}."
        )
    is_sure = all(one.deviation is not None for one in analysis.standings[:2])
    if not is_sure or any(one.ties_best is not False for one in others):
        return f"{name} has the highest {metric} accuracy on {data}, {accuracy}."
    return f"{name} is the most accurate network on {data}: {accuracy}."


def leads(analysis: Analysis) -> list[str]:
    """State the lead of the best network over the nearest one, the baseline, and pretraining."""
    effects = state_effects(analysis)
    if not analysis.dataset.has_test:
        return effects
    clauses = list(_lead(analysis))
    baseline = ""
    if any(one.beats_baseline in (True, None) for one in analysis.standings):
        majority, share = majority_class(analysis)
        baseline = f"always predicting {majority} scores {percent(share)}"
    if effects and baseline and not clauses:
        # In one line less than on its own.
        return [*effects[:-1], f"{effects[-1]} A{baseline[1:].replace(' scores', ':')}."]
    text = "; ".join(filter(None, [*clauses, baseline]))
    return [*([f"{text[:1].upper()}{text[1:]}."] if text else []), *effects]


def _lead(analysis: Analysis) -> Iterator[str]:
    """Yield clauses on the networks that the best one was compared with.

    A lead over the other init of its backbone is left to the effect of pretraining.
    """
    best, *others = analysis.standings
    behind = [one for one in others if one.ties_best is False]
    unknown = [one.group.label for one in others if one.ties_best is None]
    if behind:
        nearest = behind[0].group
        pair = find_pair(analysis.pairs, best.group, nearest)
        # A distorted accuracy decides nothing, however significant the difference.
        verb = "is ahead of" if _distortion((best, behind[0])) else "beats"
        if nearest.series != best.group.series and pair is not None:
            more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
            yield f"it {verb} {nearest.label} by {difference_text(pair)}{more}"
        elif len(behind) > 1:
            yield f"it {verb} {len(behind)} networks"
    if unknown:
        yield f"it was not compared with {listed(unknown)}: predictions are missing"


def no_deduplicated_advantage(analysis: Analysis) -> str:
    """Report that the best network does not beat the majority class on deduplicated images.

    Empty if no network beats it on all test images: the answer then says so.
    """
    best, baseline = analysis.standings[0], analysis.baseline
    leakage = best.group.leakage
    if baseline is None or leakage is None or best.beats_deduplicated_baseline is not False:
        return ""
    score, always = leakage.deduplicated, baseline.leakage.deduplicated
    if score is None or always is None or not any(one.beats_baseline for one in analysis.standings):
        return ""
    return (
        f"Deduplicated, {best.group.label} scores {percent(score.accuracy)} and "
        f"always predicting {baseline.name} {percent(always.accuracy)}{why_shifted(baseline)}: no "
        "clear advantage."
    )


def why_shifted(baseline: Baseline) -> str:
    """Explain in brackets why the baseline differs on deduplicated images; empty if it does not."""
    kept, removed = baseline.leakage.deduplicated, baseline.leakage.duplicated
    if kept is None or removed is None or abs(kept.accuracy - removed.accuracy) < MATTERS:
        return ""
    return f" (of the images with a duplicate, {percent(removed.accuracy)} are {baseline.name})"


def _distortion(ranked: Sequence[Standing]) -> str:
    """Return a clause on accuracies that batch normalisation distorts; empty without any."""
    names = [one.group.label for one in ranked if one.group.is_distorted]
    if not names:
        return ""
    which = "it" if ranked[0].group.is_distorted else f"that of {listed(names)}"
    return f", but batch normalisation's moving averages distort {which}"


def accuracy_text(standing: Standing) -> str:
    """Format the test accuracy in percent, with its uncertainty.

    Returns:
        With several seeds, the mean and the sample standard deviation over them; with one, the
        wider half of the 95 % CI over the test images, if known.
    """
    text, spread, found = percent(standing.accuracy), standing.deviation, standing.interval
    if spread is None and found is not None:
        spread = max(found.high - standing.accuracy, standing.accuracy - found.low)
    return text if spread is None else f"{text} \N{PLUS-MINUS SIGN} {100 * spread:.1f}"


def _accuracy(standing: Standing) -> str:
    """Format the accuracy as ``accuracy_text`` does, with the kind of its uncertainty."""
    text = accuracy_text(standing)
    if standing.deviation is not None:
        return f"{text} (sd, {len(standing.group.trained)} seeds)"
    return text if standing.interval is None else f"{text} (95 % CI)"


def majority_class(analysis: Analysis) -> tuple[str, float]:
    """Return name and share of the most frequent class of the test images.

    Raises:
        ValueError: no network was trained.
    """
    if not analysis.standings:
        raise ValueError("the classes of the test images are unknown: no network was trained")
    confusion = analysis.standings[0].group.qualities[0].confusion
    sizes = [sum(row) for row in confusion]
    names = [name for name, _ in analysis.dataset.counts]
    return names[sizes.index(max(sizes))], majority_class_accuracy(confusion)
