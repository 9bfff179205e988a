"""Summary of a run in a few plain sentences."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.group_comparisons import compare_on_subset, find_pair, p_text
from fer_bench.analysis.standings import accuracies_on, is_better
from fer_bench.metrics import compare, majority_class_accuracy
from fer_bench.results.records import NO_TEST
from fer_bench.results.speed_units import speed_text, speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.analysis.standings import Standing
    from fer_bench.results.records import Run

_NAMED = 3
"""Number of names to list; if more than one further name remains, the rest is only counted."""


_MATTERS = 0.01
"""Accuracy gained through test images with a duplicate in training from which it is mentioned."""


@dataclass(frozen=True)
class Summary:
    """A run in sentences.

    Attributes:
        answer: one to three sentences: which network is the most accurate, by how much, and how it
            compares with the majority-class baseline; the first one is short.
        cautions: what changes the reading of the answer; may be empty.
        details: further accuracies and speeds; may be empty.
    """

    answer: tuple[str, ...]
    cautions: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences, the most important ones first."""
        return (*self.answer, *self.cautions, *self.details)


def summarise(analysis: Analysis) -> Summary:
    """Summarise which network is best, by how much, how fast it is, and what is missing."""
    ranked, incomplete = analysis.standings, _incomplete(analysis.run)
    if not ranked:
        return Summary(
            ("No network was trained, so there is nothing to compare.",),
            tuple(filter(None, [incomplete])),
        )
    no_advantage = _no_deduplicated_advantage(analysis)
    answer = (_best(analysis), _lead(analysis), no_advantage)
    cautions = (
        incomplete,
        _no_test(analysis),
        _seeds(ranked),
        _batch_norm(ranked),
        _best_deduplicated(analysis) or ("" if no_advantage else _duplicates(analysis)),
    )
    details = (
        _details(analysis),
        _votes(analysis),
        "" if speed_unit(analysis.run) else _speed(ranked),
    )
    return Summary(*(tuple(filter(None, part)) for part in (answer, cautions, details)))


def accuracy_text(standing: Standing) -> str:
    """Format the test accuracy in percent, with its uncertainty.

    Returns:
        With several seeds, the mean and the sample standard deviation over them; with one, the
        wider half of the 95 % CI over the test images, if known.
    """
    text = percent(standing.accuracy)
    spread = _half_width(standing) if standing.deviation is None else standing.deviation
    return text if spread is None else f"{text} \N{PLUS-MINUS SIGN} {100 * spread:.1f}"


def _accuracy(standing: Standing) -> str:
    """Format the accuracy as ``accuracy_text`` does, with the kind of its uncertainty."""
    text = accuracy_text(standing)
    if standing.deviation is not None:
        return f"{text} (sd, {len(standing.group.trained)} seeds)"
    return text if standing.interval is None else f"{text} (95 % CI)"


def _half_width(standing: Standing) -> float | None:
    """Return the wider half of the 95 % CI of the test accuracy, or None if it is unknown."""
    found = standing.interval
    return (
        None
        if found is None
        else max(found.high - standing.accuracy, standing.accuracy - found.low)
    )


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


def _best(analysis: Analysis) -> str:
    """Name the most accurate network, if there is a single one."""
    best, *others = analysis.standings
    name, accuracy, data = best.group.label, _accuracy(best), analysis.dataset.name
    if not any(one.beats_baseline in (True, None) for one in analysis.standings):
        majority, share = majority_class(analysis)
        return (
            f"No network clearly beats always predicting {majority} ({percent(share)}) on {data}. "
            f"Best: {name}, {accuracy}."
        )
    metric = "test" if analysis.dataset.has_test else "validation"
    if metric == "validation" and not _exceeds_majority(analysis, best):
        majority = max(analysis.dataset.counts, key=lambda one: one[1])[0]
        return (
            f"No network clearly exceeds the share of {majority} "
            f"({percent(analysis.majority_share)}) on {data}. Best: {name}, {accuracy}."
        )
    distortion = _distortion(analysis.standings)
    if not others:
        return f"{name} reaches a {metric} accuracy of {accuracy} on {data}{distortion}."
    ties = [one.group.label for one in others if one.ties_best]
    if ties:
        verb = "does" if len(ties) == 1 else "do"
        return (
            f"No single network is the most accurate on {data}: {_listed(ties)} {verb} not differ "
            f"significantly from {name}, {accuracy}."
        )
    # Trainings vary by more than the images: one seed, or a distorted accuracy, proves no best one.
    if distortion:
        return (
            f"{name} has the highest measured {metric} accuracy on {data}, {accuracy}{distortion}."
        )
    is_sure = all(one.deviation is not None for one in analysis.standings[:2])
    if not is_sure or any(one.ties_best is None for one in others):
        return f"{name} has the highest {metric} accuracy on {data}, {accuracy}."
    return f"{name} is the most accurate network on {data}: {accuracy}."


def _is_distorted(standing: Standing) -> bool:
    return any(gap.matters for gap in standing.group.batch_norm_gaps)


def _distortion(ranked: Sequence[Standing]) -> str:
    """Return a clause on accuracies that batch normalisation distorts; empty without any."""
    names = [one.group.label for one in ranked if _is_distorted(one)]
    if not names:
        return ""
    which = "it" if _is_distorted(ranked[0]) else f"that of {_listed(names)}"
    return f", but batch normalisation's moving averages distort {which}"


def _exceeds_majority(analysis: Analysis, standing: Standing) -> bool:
    """Check if a validation accuracy exceeds the majority class's share of all images.

    It does if it is larger by more than its 95 % sampling error, 1.96 sqrt(p (1 - p) / n).
    """
    accuracy, images = standing.accuracy, analysis.dataset.validation
    error = NormalDist().inv_cdf(0.975) * math.sqrt(accuracy * (1 - accuracy) / images)
    return accuracy - error > analysis.majority_share


def _lead(analysis: Analysis) -> str:
    """State the lead of the best network over the nearest one, and the baseline."""
    if not analysis.dataset.has_test:
        return ""
    best, *others = analysis.standings
    behind = [one for one in others if one.ties_best is False]
    unknown = [one.group.label for one in others if one.ties_best is None]
    clauses = []
    if behind:
        pair = _pair(analysis, best.group, behind[0].group)
        more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
        # A distorted accuracy decides nothing, however significant the difference.
        verb = "is ahead of" if _distortion((best, behind[0])) else "beats"
        clauses.append(f"it {verb} {behind[0].group.label} by {_describe(pair)}{more}")
    if unknown:
        clauses.append(f"it was not compared with {_listed(unknown)}: predictions are missing")
    if any(one.beats_baseline in (True, None) for one in analysis.standings):
        majority, share = majority_class(analysis)
        clauses.append(f"always predicting {majority} scores {percent(share)}")
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _no_test(analysis: Analysis) -> str:
    """Warn if the accuracy is that on the validation images."""
    data = analysis.dataset
    if data.has_test:
        return ""
    return (
        f"The split {data.split!r} has {NO_TEST}: accuracies are those on the {data.validation:,} "
        "validation images after the last epoch, and differences are not tested for significance."
    )


def _seeds(ranked: Sequence[Standing]) -> str:
    """Warn if the variation over seeds is unknown."""
    single = [one for one in ranked if len(one.group.trained) == 1]
    if not single:
        return ""
    who = "One seed each" if len(single) == len(ranked) > 1 else "One seed"
    named = (
        "" if len(single) == len(ranked) else f" of {_listed([one.group.label for one in single])}"
    )
    return f"{who}{named}: how much training runs vary is unknown (--seeds=3 measures it)."


def _batch_norm(ranked: Sequence[Standing]) -> str:
    """Warn of networks whose accuracy is an artefact of batch normalisation."""
    found = [one.group for one in ranked if _is_distorted(one)]
    if not found:
        return ""
    first, gaps = found[0], found[0].batch_norm_gaps
    by_batch, by_average = (
        percent(statistics.fmean(values))
        for values in zip(*((gap.batch_validation, gap.validation) for gap in gaps), strict=True)
    )
    others = [group.label for group in found[1:]]
    return (
        f"Batch normalisation lags in {first.label}: validation accuracy {by_average}, with batch "
        f"statistics {by_batch}{f'; also in {_listed(others)}' if others else ''} "
        "(--batchnorm=frozen avoids it)."
    )


def _duplicates(analysis: Analysis) -> str:
    """Warn if duplicates of training images raise the best network's test accuracy."""
    best = analysis.standings[0]
    leakage = best.group.leakage
    if leakage is None or leakage.excess is None or leakage.deduplicated is None:
        return ""
    excess = leakage.excess
    if excess.interval.low <= 0 or excess.difference < _MATTERS:
        return ""
    return (
        f"{best.group.label} scores {percent(leakage.deduplicated.accuracy)} on the "
        f"{leakage.deduplicated.images:,} test images without a duplicate in training."
    )


def _no_deduplicated_advantage(analysis: Analysis) -> str:
    """Report that the best network beats the majority class on all test images only."""
    best, subsets, baseline = analysis.standings[0], analysis.subsets, analysis.baseline
    correct, labels = best.group.correct, analysis.dataset.labels
    if subsets is None or baseline is None or correct is None or not best.beats_baseline:
        return ""
    kept, score = subsets.deduplicated, baseline.leakage.deduplicated
    if score is None:
        return ""
    majority = labels[kept] == np.bincount(labels).argmax()
    if is_better(compare(correct[:, kept], np.broadcast_to(majority, correct[:, kept].shape))):
        return ""
    return (
        f"On the deduplicated test images {best.group.label} scores "
        f"{percent(float(correct[:, kept].mean()))}, always predicting {baseline.name} "
        f"{percent(score.accuracy)}: no clear advantage."
    )


def _additional_accuracies(analysis: Analysis) -> list[str]:
    """List the best network's accuracy on deduplicated test images and against FER+, if known."""
    group = analysis.standings[0].group
    found, test_images = [], group.dataset.test
    leakage, vote_scores = group.leakage, group.vote_scores
    baseline, vote_baseline = analysis.baseline, analysis.vote_baseline
    if leakage is not None:
        score = leakage.deduplicated
        if leakage.duplicated is None:
            found.append(f"none of the {test_images:,} test images has a duplicate in training")
        elif score is None:
            found.append(f"each of the {test_images:,} test images has a duplicate in training")
        else:
            share = f"{score.images:,} of {test_images:,} images"
            if baseline is not None and baseline.leakage.deduplicated is not None:
                share += f"; {_always(baseline.name, baseline.leakage.deduplicated.accuracy)}"
            found.append(f"deduplicated {percent(score.accuracy)} ({share})")
    if vote_scores is not None and vote_baseline is not None:
        always = _always(vote_baseline.name, vote_baseline.scores.by_votes.accuracy)
        found.append(f"against FER+ {percent(vote_scores.by_votes.accuracy)} ({always})")
    return found


def _best_deduplicated(analysis: Analysis) -> str:
    """Name the best network on the deduplicated test images, if it is a different one."""
    subsets, ranked = analysis.subsets, [one.group for one in analysis.standings]
    scores = None if subsets is None else accuracies_on(analysis.standings, subsets.deduplicated)
    # A network without stored predictions could be the best one.
    if subsets is None or scores is None or max(scores) == scores[0]:
        return ""
    place = scores.index(max(scores))
    highest, others = ranked[place], [*ranked[:place], *ranked[place + 1 :]]
    pairs = compare_on_subset(highest, others, subsets.deduplicated)
    lead = "" if all(pair.differ for pair in pairs) else ", without a significant lead"
    return (
        f"{highest.label} has the highest deduplicated accuracy, {percent(scores[place])}{lead}; "
        f"it differs from {ranked[0].label} by {_describe(pairs[0])}."
    )


def _details(analysis: Analysis) -> str:
    """State what the uncertainty of the best accuracy covers, and its other accuracies."""
    best = analysis.standings[0]
    clauses = []
    if best.interval is not None:
        clauses.append(
            f"95 % CI {percent(best.interval.low)} to {percent(best.interval.high)} over the "
            f"{analysis.dataset.test:,} test images"
        )
    clauses += _additional_accuracies(analysis)
    return f"{best.group.label}: {'; '.join(clauses)}." if clauses else ""


def _votes(analysis: Analysis) -> str:
    """State the accuracy of the labels by FER+ votes."""
    agreement = analysis.label_agreement
    if agreement is None:
        return ""
    return f"Against FER+, the data set's labels score {percent(agreement.accuracy)}."


def _speed(ranked: Sequence[Standing]) -> str:
    best, *others = ranked
    clauses = []
    timed = next((cell.training for cell in best.group.cells if cell.training is not None), None)
    if timed is not None:
        clauses.append(
            "trains its last layers on stored features at "
            f"{speed_text(timed.images_per_second)} images/s"
        )
    if best.throughput is not None:
        clauses.append(
            f"predicts through all layers at {speed_text(best.throughput)} images/s in batches of "
            f"{best.batch_size}"
        )
        rivals = [
            (one.throughput, one.group.label)
            for one in others
            if one.throughput is not None and one.batch_size == best.batch_size
        ]
        speed, name = max(rivals, default=(0.0, ""))
        if speed > best.throughput:
            clauses[-1] += f" (fastest: {name} at {speed_text(speed)} images/s)"
    return f"{best.group.label} {' and '.join(clauses)}." if clauses else ""


def _incomplete(run: Run) -> str:
    several = len({cell.seed for cell in run.cells}) > 1
    shown = []
    for cell in run.cells:
        if cell.status != "ok" or cell.quality is None:
            why = "not trained" if cell.status == "ok" else cell.status
            shown.append(f"{cell.name if several else cell.label} ({why})")
    if not shown:
        return ""
    verb = "is" if len(shown) == 1 else "are"
    kind = "cells (one per seed)" if several else "cells"
    return f"{len(shown)} of {len(run.cells)} {kind} {verb} incomplete: {_listed(shown)}."


def _pair(analysis: Analysis, first: Group, second: Group) -> Pair:
    names = ((group.backbone, group.init) for group in (first, second))
    found = find_pair(analysis.pairs, *names)
    if found is None:
        raise ValueError(f"{first.label} and {second.label} were not compared")
    return found


def _describe(pair: Pair) -> str:
    found = pair.comparison
    low, high = (100 * limit for limit in (found.interval.low, found.interval.high))
    return (
        f"{_points(found.difference)} (95 % CI {low:.1f} to {high:.1f}, {p_text(pair.corrected)})"
    )


def _always(name: str, share: float) -> str:
    return f"always predicting {name}: {percent(share)}"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"


def percent(share: float) -> str:
    """Format a share in percent, with one decimal."""
    return f"{100 * share:.1f} %"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), names[-1]])
