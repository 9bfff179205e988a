"""Sentences on duplicates and label noise of the test images, and their effect on the ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.group_comparisons import compare_on_subset
from fer_bench.analysis.number_text import percent
from fer_bench.analysis.standings import accuracies_on
from fer_bench.analysis.summary import why_shifted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.standings import Standing


def data_findings(analysis: Analysis) -> str:
    """State the shares of test images with a duplicate in training and of disputed labels."""
    subsets, agreement = analysis.subsets, analysis.label_agreement
    if subsets is None and agreement is None:
        return (
            "Duplicates and label noise of the test images are not audited: run the command below."
            if analysis.dataset.has_test
            else ""
        )
    clauses = []
    if subsets is not None:
        images, total = int(subsets.duplicated.sum()), len(subsets.duplicated)
        clauses.append(
            f"{images / total:.0%} of the test images ({images:,} of {total:,}) have a duplicate "
            "in training".replace("%", " %")
        )
    if agreement is not None:
        clauses.append(f"{100 * agreement.accuracy:.0f} % of labels agree with the FER+ majority")
        clauses += _by_votes(analysis)
    return f"{'; '.join(clauses)}."


def _by_votes(analysis: Analysis) -> list[str]:
    always, ranked = analysis.vote_baseline, analysis.standings
    if always is None or not ranked or (scores := ranked[0].group.vote_scores) is None:
        return []
    return [
        f"against that majority, {ranked[0].group.label} scores "
        f"{percent(scores.by_votes.accuracy)}, always predicting {always.name} "
        f"{percent(always.scores.by_votes.accuracy)}"
    ]


def effect_of_duplicates(analysis: Analysis) -> str:
    """Compare the lead of the best network with that on the deduplicated test images.

    Empty if predictions or duplicates are unknown.
    """
    ranked, baseline, subsets = analysis.standings, analysis.baseline, analysis.subsets
    if not ranked or subsets is None or not subsets.duplicated.any() or baseline is None:
        return ""
    kept, everything = baseline.leakage.deduplicated, baseline.leakage.all_images
    scores = accuracies_on(ranked, subsets.deduplicated)
    if kept is None or scores is None:
        return ""
    return (
        f"On the deduplicated test images {_order(ranked, scores, subsets.deduplicated)}"
        f"{ranked[0].group.label} scores {percent(scores[0])} instead of "
        f"{percent(ranked[0].accuracy)}, always predicting {baseline.name} "
        f"{percent(kept.accuracy)} instead of {percent(everything.accuracy)}"
        f"{why_shifted(baseline)}."
    )


def _order(ranked: Sequence[Standing], scores: Sequence[float], kept: NDArray[np.bool_]) -> str:
    if len(ranked) == 1:
        return ""
    place = scores.index(max(scores))
    if place:
        return f"{ranked[place].group.label} has the highest accuracy; "
    (pair,) = compare_on_subset(ranked[0].group, [ranked[1].group], kept)
    doubt = "" if pair.differ else " (not significant)"
    return (
        f"the lead over {ranked[1].group.label} is {100 * (scores[0] - scores[1]):.1f} points"
        f"{doubt} instead of {100 * (ranked[0].accuracy - ranked[1].accuracy):.1f}; "
    )
