"""Effect of pretraining on each backbone of a run that was trained with both inits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_bench.analysis.claims.guards import ARTEFACT, AT_BASELINE, guard
from fer_bench.analysis.claims.values import Basis, Evidence, Network, Part
from fer_bench.analysis.group_comparisons import LEVEL, Pair, compare_on_subset, find_pair
from fer_bench.analysis.number_text import interval_text, listed, percent, signed_points
from fer_bench.protocol.cell import add_head

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

MATTERS = 0.01
"""Accuracy gained or lost through test images with a duplicate from which it is mentioned."""

_MOST = 4
"""Maximum number of backbones with a sentence: the paper has as many."""


class PretrainingEffect(NamedTuple):
    """Pretrained minus random network of one backbone.

    Attributes:
        pretrained: the pretrained network.
        random: the other one.
        pair: their comparison on the test images, as in the table of pairs; None without a test
            part or predictions.
        deduplicated: the same on the deduplicated test images; None if all images are, or none.
    """

    pretrained: Group
    random: Group
    pair: Pair | None
    deduplicated: Pair | None

    @property
    def difference(self) -> float:
        """Difference in accuracy."""
        if self.pair is not None:
            return self.pair.comparison.difference
        return (self.pretrained.accuracy or 0.0) - (self.random.accuracy or 0.0)


def state_effects(analysis: Analysis) -> list[str]:
    """State the effect on each backbone and head with both inits, and why it is undecided if it is.

    The most accurate network comes first.
    """
    found = _effects(analysis)
    sentences = [_sentence(effect, analysis) for effect in found[:_MOST]]
    if len(found) > _MOST:
        sentences.append(f"Pretraining of {len(found) - _MOST} more: see the compared pairs.")
    return sentences


def _effects(analysis: Analysis) -> list[PretrainingEffect]:
    ranked = [one.group for one in analysis.standings]
    networks = {(group.series, group.init): group for group in ranked}
    subsets, found = analysis.subsets, []
    for series in dict.fromkeys(group.series for group in ranked):
        pretrained = networks.get((series, "pretrained"))
        random = networks.get((series, "random"))
        if pretrained is None or random is None:
            continue
        pair, deduplicated = find_pair(analysis.pairs, pretrained, random), None
        if pair is not None and subsets is not None and subsets.divided:
            (deduplicated,) = compare_on_subset(pretrained, [random], subsets.deduplicated)
        found.append(PretrainingEffect(pretrained, random, pair, deduplicated))
    return found


def _sentence(effect: PretrainingEffect, analysis: Analysis) -> str:
    title = add_head(effect.pretrained.cells[0].title, effect.pretrained.head)
    text = f"{signed_points(effect.difference)} points"
    if effect.pair is not None:
        text += f" ({interval_text(effect.pair)})"
    elif not analysis.dataset.has_test:
        text += " of validation accuracy"
    if effect.deduplicated is not None:
        text += f", deduplicated {signed_points(effect.deduplicated.comparison.difference)}"
        details = [] if effect.deduplicated.differ else ["not significant"]
        details += _deduplicated_accuracies(effect, analysis)
        text += f" ({'; '.join(details)})" if details else ""
    causes = _causes(effect, analysis)
    if causes:
        return f"Pretraining {title}: {text}; undecided: {listed(causes)}."
    verb = "helps" if effect.difference > 0 else "harms"
    return f"Pretraining {verb} {title}: {text}."


def _deduplicated_accuracies(effect: PretrainingEffect, analysis: Analysis) -> list[str]:
    """Return a clause with the accuracies of both networks and the baseline, if that differs."""
    baseline = analysis.baseline
    if baseline is None or baseline.leakage.deduplicated is None:
        return []
    shift = baseline.leakage.deduplicated.accuracy - baseline.leakage.all_images.accuracy
    if abs(shift) < MATTERS:
        return []
    leakages = [effect.pretrained.leakage, effect.random.leakage, baseline.leakage]
    scores = [one.deduplicated for one in leakages if one is not None]
    shares = [percent(one.accuracy) for one in scores if one is not None]
    if len(shares) < len(leakages):
        return []
    pretrained, random, always = shares
    return [f"{pretrained} against {random}, always {baseline.name} {always}"]


def _causes(effect: PretrainingEffect, analysis: Analysis) -> list[str]:
    """Return why nothing is decided, by the guards of the claims; empty if it is."""
    pretrained, random = (
        Network(group.backbone, group.init) for group in (effect.pretrained, effect.random)
    )
    evidence = Evidence(analysis.run, {pretrained: effect.pretrained, random: effect.random})
    seeds = min(len(group.trained) for group in evidence.groups.values())
    part = Part(
        "holds" if effect.difference > 0 else "fails",
        "",
        cause="",
        basis=Basis.of_lead(pretrained, random, "test images"),
        seeds=seeds if effect.pair is None else effect.pair.seeds,
    )
    causes = [cause for cause in guard(part, evidence).cause.split("; ") if cause]
    explained = {
        ARTEFACT: "batch normalisation distorts an accuracy (--batchnorm=frozen avoids it)",
        AT_BASELINE: "neither clearly beats the majority-class baseline",
    }
    causes = [explained.get(cause, cause) for cause in causes]
    if effect.pair is None:
        causes.append("predictions are missing" if analysis.dataset.has_test else "no test part")
    elif not effect.pair.differ and effect.pair.comparison.p_value >= LEVEL:
        causes.append("the difference is not significant")
    elif not effect.pair.differ:
        causes.append(
            f"not significant after correction for {len(analysis.pairs):,} comparisons, which more "
            "seeds may change"
        )
    elif not causes and effect.deduplicated is not None:
        found = effect.deduplicated
        if not found.differ or (found.comparison.difference > 0) != (effect.difference > 0):
            causes.append("significant only with duplicates")
    return causes
