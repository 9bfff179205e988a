"""Sentences on duplicates and label noise of the test images, and their effect on the ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    return f"{'; '.join(clauses)}."


def effect_of_duplicates(analysis: Analysis) -> str:
    """Compare the ranking with that on the deduplicated test images; empty if it is unknown."""
    ranked, baseline = analysis.standings, analysis.baseline
    scores = [
        leakage.deduplicated.accuracy
        for one in ranked
        if (leakage := one.group.leakage) is not None
        and leakage.deduplicated is not None
        and leakage.duplicated is not None
    ]
    if not scores or len(scores) < len(ranked) or baseline is None:
        return ""
    kept, everything = baseline.leakage.deduplicated, baseline.leakage.all_images
    if kept is None:
        return ""
    return (
        f"On the deduplicated test images{_order(ranked, scores)} {ranked[0].group.label} scores "
        f"{100 * scores[0]:.1f} % instead of {100 * ranked[0].accuracy:.1f} %, always predicting "
        f"{baseline.name} {100 * kept.accuracy:.1f} % instead of {100 * everything.accuracy:.1f} %."
    )


def _order(ranked: Sequence[Standing], scores: Sequence[float]) -> str:
    if len(ranked) == 1:
        return ""
    best = ranked[scores.index(max(scores))].group.label
    if best != ranked[0].group.label:
        return f" {best} has the highest accuracy;"
    same = list(scores) == sorted(scores, reverse=True)
    return " the order of the networks is the same;" if same else " the best network is the same;"
