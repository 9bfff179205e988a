"""Summary of a run: what it answers, what changes the reading, and details."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.group_comparisons import compare_on_subset
from fer_bench.analysis.number_text import difference_text, listed, percent, points
from fer_bench.analysis.standings import accuracies_on
from fer_bench.analysis.summary.answer import best_network, leads, no_deduplicated_advantage
from fer_bench.analysis.summary.pretraining import MATTERS
from fer_bench.analysis.timing_noise import do_same_work
from fer_bench.results.records import NO_TEST
from fer_bench.results.speed_units import speed_text, speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.analysis.standings import Standing


_NO_WEIGHTS = "pretrained weights of "
"""Start of the reason of cells that were skipped because their weights are missing."""


@dataclass(frozen=True)
class Summary:
    """A run in sentences.

    Attributes:
        answer: which network is the most accurate, by how much, how it compares with the
            majority-class baseline, and what pretraining changes; the first sentence is short.
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
    ranked, incomplete = analysis.standings, _incomplete_cells(analysis.groups)
    if not ranked:
        return Summary(
            ("No network was trained, so there is nothing to compare.",),
            tuple(filter(None, [incomplete])),
        )
    no_advantage = no_deduplicated_advantage(analysis)
    answer = (best_network(analysis), *leads(analysis), no_advantage)
    cautions = (
        incomplete,
        _no_test_part(analysis),
        _single_seeds(ranked),
        _batch_norm_lags(ranked),
        _best_deduplicated(analysis)
        or ("" if no_advantage else _duplicates_raise_accuracy(analysis)),
    )
    agreement = analysis.label_agreement
    labels = (
        ""
        if agreement is None
        else f"Against FER+, the data set's labels score {percent(agreement.accuracy)}."
    )
    details = (
        _best_in_detail(analysis),
        labels,
        "" if speed_unit(analysis.run) else _speeds(ranked),
    )
    return Summary(*(tuple(filter(None, part)) for part in (answer, cautions, details)))


def _incomplete_cells(groups: Sequence[Group]) -> str:
    """Name the networks without results by status, with their seeds unless these are all."""
    found: dict[str, list[str]] = {}
    causes: dict[str, set[bool]] = {}
    for group in groups:
        seeds: dict[str, list[str]] = {}
        for cell in group.cells:
            if cell.status != "ok" or cell.quality is None:
                status: str = "not trained" if cell.status == "ok" else cell.status
                seeds.setdefault(status, []).append(str(cell.seed))
                causes.setdefault(status, set()).add(cell.reason.startswith(_NO_WEIGHTS))
        for status, those in seeds.items():
            which = f" (seed {', '.join(those)})" if len(those) < len(group.cells) else ""
            found.setdefault(status, []).append(group.label + which)
    clauses = [
        f"{status}: {listed(names)}{' (weights missing)' if causes[status] == {True} else ''}"
        for status, names in found.items()
    ]
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}." if clauses else ""


def _no_test_part(analysis: Analysis) -> str:
    """Warn if the accuracy is that on the validation images."""
    data = analysis.dataset
    if data.has_test:
        return ""
    return (
        f"The split {data.split!r} has {NO_TEST}: accuracies are those on the {data.validation:,} "
        "validation images after the last epoch, and differences are not tested for significance."
    )


def _single_seeds(ranked: Sequence[Standing]) -> str:
    """Warn if the variation over seeds is unknown."""
    single = [one for one in ranked if len(one.group.trained) == 1]
    if not single:
        return ""
    who = "One seed each" if len(single) == len(ranked) > 1 else "One seed"
    named = (
        "" if len(single) == len(ranked) else f" of {listed([one.group.label for one in single])}"
    )
    return f"{who}{named}: the noise of training is unknown (--seeds=3 measures it)."


def _batch_norm_lags(ranked: Sequence[Standing]) -> str:
    """Warn of networks whose accuracy is an artefact of batch normalisation, the largest first."""
    found = sorted(
        (one.group for one in ranked if one.group.is_distorted),
        key=lambda group: -abs(_with_batch_statistics(group) - _validation_accuracy(group)),
    )
    if not found:
        return ""
    first, *others = found
    by_batch, by_average = _with_batch_statistics(first), _validation_accuracy(first)
    also = f"; also in {listed([group.label for group in others])}" if others else ""
    spared = [one.group for one in ranked if one.group.batch_norm_gaps and one.group not in found]
    widest = max((gap.widest for group in spared for gap in group.batch_norm_gaps), default=0.0)
    not_in = f"; not in {listed([group.label for group in spared])}" if spared else ""
    if widest >= 0.001:
        not_in += f", at most {points(widest)} apart"
    leader = ""
    if len(ranked) > 1:
        best, top = ranked[0].group, max((one.group for one in ranked), key=_with_batch_statistics)
        place = "stays first" if top is best else f"would be first, not {best.label}"
        leader = f" With batch statistics, {top.label} {place}."
    return (
        f"Batch normalisation lags in {first.label}: validation accuracy {percent(by_average)}, "
        f"with batch statistics {percent(by_batch)}{also} (--batchnorm=frozen avoids it){not_in}."
        f"{leader}"
    )


def _validation_accuracy(group: Group) -> float:
    return statistics.fmean(one.history.validation_accuracy[-1] for one in group.qualities)


def _with_batch_statistics(group: Group) -> float:
    """Return the final validation accuracy without the moving averages, mean over the seeds."""
    histories = [one.history for one in group.qualities]
    return statistics.fmean(
        (one.batch_validation_accuracy or one.validation_accuracy)[-1] for one in histories
    )


def _duplicates_raise_accuracy(analysis: Analysis) -> str:
    """Warn if duplicates of training images raise the best network's test accuracy."""
    best = analysis.standings[0]
    leakage = best.group.leakage
    if leakage is None or leakage.excess is None or leakage.deduplicated is None:
        return ""
    excess = leakage.excess
    if excess.interval.low <= 0 or excess.difference < MATTERS:
        return ""
    return (
        f"{best.group.label} scores {percent(leakage.deduplicated.accuracy)} on the "
        f"{leakage.deduplicated.images:,} test images without a duplicate in training."
    )


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
        f"it differs from {ranked[0].label} by {difference_text(pairs[0])}."
    )


def _best_in_detail(analysis: Analysis) -> str:
    """State what the uncertainty of the best accuracy covers, and its other accuracies.

    These are on the deduplicated test images, and against FER+, if they are known.
    """
    group, test_images = analysis.standings[0].group, analysis.dataset.test
    clauses = []
    if group.score is not None:
        found, seeds = group.score.spread, len(group.trained)
        clauses.append(
            f"95 % CI {percent(found.low)} to {percent(found.high)} over the "
            f"{test_images:,} test images" + (f" and {seeds} seeds" * (seeds > 1))
        )
    baseline, leakage = analysis.baseline, group.leakage
    if leakage is not None:
        score = leakage.deduplicated
        if leakage.duplicated is None:
            clauses.append(f"none of the {test_images:,} test images has a duplicate in training")
        elif score is None:
            clauses.append(f"each of the {test_images:,} test images has a duplicate in training")
        else:
            share = f"{score.images:,} of {test_images:,} images"
            if baseline is not None and baseline.leakage.deduplicated is not None:
                always = percent(baseline.leakage.deduplicated.accuracy)
                share += f"; always predicting {baseline.name}: {always}"
            clauses.append(f"deduplicated {percent(score.accuracy)} ({share})")
    votes, by_votes = analysis.vote_baseline, group.vote_scores
    if votes is not None and by_votes is not None:
        clauses.append(
            f"against FER+ {percent(by_votes.by_votes.accuracy)} "
            f"(always predicting {votes.name}: {percent(votes.scores.by_votes.accuracy)})"
        )
    return f"{group.label}: {'; '.join(clauses)}." if clauses else ""


def _speeds(ranked: Sequence[Standing]) -> str:
    """State the speeds of the best network, and of the fastest one."""
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
            if one.throughput is not None
            and one.batch_size == best.batch_size
            and not do_same_work(one.group, best.group)
        ]
        speed, name = max(rivals, default=(0.0, ""))
        if speed > best.throughput:
            clauses[-1] += f" (fastest: {name} at {speed_text(speed)} images/s)"
    return f"{best.group.label} {' and '.join(clauses)}." if clauses else ""
