"""Summary of a run: what it answers, what changes the reading, and details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import percent
from fer_bench.analysis.summary.answer import best_network, leads, no_deduplicated_advantage
from fer_bench.analysis.summary.cautions import (
    batch_norm_lags,
    best_deduplicated,
    duplicates_raise_accuracy,
    incomplete_cells,
    no_test_part,
    single_seeds,
)
from fer_bench.analysis.timing_noise import do_same_work
from fer_bench.results.speed_units import speed_text, speed_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing


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
    ranked, incomplete = analysis.standings, incomplete_cells(analysis.groups)
    if not ranked:
        return Summary(
            ("No network was trained, so there is nothing to compare.",),
            tuple(filter(None, [incomplete])),
        )
    no_advantage = no_deduplicated_advantage(analysis)
    answer = (best_network(analysis), *leads(analysis), no_advantage)
    cautions = (
        incomplete,
        no_test_part(analysis),
        single_seeds(ranked),
        batch_norm_lags(ranked),
        best_deduplicated(analysis)
        or ("" if no_advantage else duplicates_raise_accuracy(analysis)),
    )
    details = (
        _best_in_detail(analysis),
        _label_agreement(analysis),
        "" if speed_unit(analysis.run) else _speeds(ranked),
    )
    return Summary(*(tuple(filter(None, part)) for part in (answer, cautions, details)))


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


def _label_agreement(analysis: Analysis) -> str:
    """State the accuracy of the labels by FER+ votes."""
    agreement = analysis.label_agreement
    if agreement is None:
        return ""
    return f"Against FER+, the data set's labels score {percent(agreement.accuracy)}."


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
