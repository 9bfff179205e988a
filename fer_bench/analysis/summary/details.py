"""Details of a run: further accuracies and speeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import percent
from fer_bench.analysis.timing_noise import do_same_work
from fer_bench.results.speed_units import speed_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing


def best_in_detail(analysis: Analysis) -> str:
    """State what the uncertainty of the best accuracy covers, and its other accuracies."""
    best = analysis.standings[0]
    clauses = []
    if best.group.score is not None:
        found, seeds = best.group.score.spread, len(best.group.trained)
        clauses.append(
            f"95 % CI {percent(found.low)} to {percent(found.high)} over the "
            f"{analysis.dataset.test:,} test images" + (f" and {seeds} seeds" * (seeds > 1))
        )
    clauses += _additional_accuracies(analysis)
    return f"{best.group.label}: {'; '.join(clauses)}." if clauses else ""


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


def label_agreement(analysis: Analysis) -> str:
    """State the accuracy of the labels by FER+ votes."""
    agreement = analysis.label_agreement
    if agreement is None:
        return ""
    return f"Against FER+, the data set's labels score {percent(agreement.accuracy)}."


def speeds(ranked: Sequence[Standing]) -> str:
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


def _always(name: str, share: float) -> str:
    return f"always predicting {name}: {percent(share)}"
