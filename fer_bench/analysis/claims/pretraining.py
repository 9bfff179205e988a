"""C1 to C3, C11, C13 and C16: effect of pretraining on accuracy, convergence and overfitting."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import (
    combine_conventions,
    mean_of,
    part_of,
    state_above,
    state_below,
)
from fer_bench.analysis.claims.measures import (
    accuracy_contrast,
    accuracy_difference,
    list_missing,
    list_missing_tests,
    rate_differences,
    training_excess,
    validation_difference,
)
from fer_bench.analysis.claims.values import (
    NETWORKS,
    TITLES,
    Basis,
    EpochRange,
    Findings,
    Network,
    Ranking,
)
from fer_bench.analysis.number_text import percent
from fer_bench.metrics.convergence import CONVENTIONS
from fer_bench.protocol import published

if TYPE_CHECKING:
    from fer_bench.analysis.claims.values import Evidence, Missing, Part
    from fer_bench.protocol.cell import Init

LEVEL_RATE = 0.002
"""Rates of accuracy that differ by less are level: 2 percentage points in ten epochs."""

EARLY, LATE = EpochRange(1, 10), EpochRange(11, 20)
"""The paper's first two windows and its last two."""

LAST_EPOCHS = EpochRange(15, 20)
"""Epochs in which random networks converge faster, says the paper."""

HIGH = 0.8
"""Training accuracy that slows pretrained networks down, says the paper."""

SLOWED = ("mobilenet", "openface", "resnet50")
"""Backbones whose random network is faster in the last window of the paper's Table 2."""

BACKBONES = len(published.BACKBONES)


def pretrained_is_better(evidence: Evidence) -> Findings:
    """Judge C1, one part per backbone.

    The final validation accuracy must agree in sign, as it is what the paper shows.
    """
    parts: list[Part] = []
    missing: list[Missing] = []
    for backbone in published.BACKBONES:
        pretrained, random = _networks(backbone)
        missing += list_missing_tests(evidence, pretrained, random)
        gain = accuracy_difference(evidence, pretrained, random)
        validation = validation_difference(evidence, pretrained, random, -1)
        if gain is None or validation is None:
            continue
        basis = Basis.of_lead(pretrained, random, "test images", "validation accuracy")
        part = part_of(TITLES[backbone], gain, state_above(gain, tests=BACKBONES), basis)
        if part.state == "holds" and validation.mean <= 0:
            part = dataclasses.replace(
                part,
                state="open",
                text=f"{part.text} but validation {validation.mean_text}",
                cause="test and validation disagree",
            )
        parts.append(part)
    return Findings(parts, BACKBONES, missing, "test accuracy, pretrained minus random, share")


def pretrained_converges_faster(evidence: Evidence) -> Findings:
    """Judge C2: one part for epochs 1 to 10, one for 11 to 20, each a mean over the backbones.

    The paper speaks of a higher average. Both parts are judged under both conventions.
    """
    pairs = [_networks(backbone) for backbone in published.BACKBONES]
    missing: list[Missing] = []
    for pair in pairs:
        missing += list_missing(evidence, *pair, epochs=LATE.last)
    pretrained, random = zip(*pairs, strict=True)
    basis = Basis(NETWORKS, ("training accuracy",), holding=pretrained, failing=random)
    by_backbone = {
        epochs: [rate_differences(evidence, *pair, epochs) for pair in pairs]
        for epochs in (EARLY, LATE)
    }
    # Not strict: without the rates of a backbone there is no mean.
    early, later = (
        [mean for one in zip(*each, strict=False) if (mean := mean_of(one)) is not None]
        for each in by_backbone.values()
    )
    parts: list[Part] = []
    remarks: list[str] = []
    if len(early) == len(later) == len(CONVENTIONS):
        faster = [(one, state_above(one, tests=2)) for one in early]
        parts.append(combine_conventions("epochs 1-10", faster, basis))
        level = [(one, state_below(one, LEVEL_RATE, 2)) for one in later]
        others = dataclasses.replace(basis, holding=NETWORKS, failing=pretrained)
        parts.append(combine_conventions("epochs 11-20", level, others))
    for epochs, name in ((EARLY, "MCR by backbone (not judged), 1-10"), (LATE, "11-20")):
        shown = [
            f"{TITLES[backbone]} {gaps[0].mean_text}"
            for backbone, gaps in zip(published.BACKBONES, by_backbone[epochs], strict=True)
            if gaps
        ]
        if shown:
            remarks.append(f"{name}: {', '.join(shown)}")
    unit = "accuracy MCR, pretrained minus random, share per epoch"
    return Findings(parts, 2, missing, unit, remarks)


def pretrained_overfits_faster(evidence: Evidence) -> Findings:
    """Judge C3 (Discussions): the accuracy MOFR of the pretrained network is higher."""
    return _overfits_faster(evidence, "pretrained", "random")


def pretrained_overfits_slower(evidence: Evidence) -> Findings:
    """Judge C16 (Conclusions): the accuracy MOFR of the pretrained network is lower."""
    return _overfits_faster(evidence, "random", "pretrained")


def _overfits_faster(evidence: Evidence, faster: Init, slower: Init) -> Findings:
    """Judge if networks of one init overfit faster than those of the other, by backbone."""
    parts: list[Part] = []
    missing: list[Missing] = []
    for backbone in published.BACKBONES:
        first, second = Network(backbone, faster), Network(backbone, slower)
        missing += list_missing(evidence, first, second, epochs=2)
        epochs = EpochRange(1, evidence.epochs)
        gaps = rate_differences(evidence, first, second, epochs, overfitting=True)
        if gaps:
            judged = [(gap, state_above(gap, tests=BACKBONES)) for gap in gaps]
            basis = Basis.of_lead(first, second, "training accuracy", "validation accuracy")
            parts.append(combine_conventions(TITLES[backbone], judged, basis))
    unit = f"accuracy MOFR, {faster} minus {slower}, share per epoch"
    return Findings(parts, BACKBONES, missing, unit)


def pretrained_is_high_late(evidence: Evidence) -> Findings:
    """Judge C11: pretrained networks train above 0.8 where random ones converge faster."""
    parts: list[Part] = []
    missing: list[Missing] = []
    for backbone in SLOWED:
        network = Network(backbone, "pretrained")
        missing += list_missing(evidence, network, epochs=LAST_EPOCHS.last)
        excess = training_excess(evidence, network, LAST_EPOCHS, HIGH)
        if excess is not None:
            state = state_above(excess, tests=len(SLOWED))
            basis = Basis((network,), ("training accuracy",), holding=(network,))
            label = f"{TITLES[backbone]} {percent(HIGH + excess.mean)} - {percent(HIGH)} ="
            parts.append(part_of(label, excess, state, basis))
    unit = f"training accuracy minus {HIGH}, share"
    return Findings(parts, len(SLOWED), missing, unit)


def vggface_gains_most(evidence: Evidence) -> Findings:
    """Judge C13: VGG-Face's gain in test accuracy is larger than each other backbone's."""
    gained, base = _networks("vggface")
    others = [backbone for backbone in published.BACKBONES if backbone != "vggface"]
    rivals = [Network(backbone, "pretrained") for backbone in others]

    parts: list[Part] = []
    for rival in rivals:
        networks = (gained, base, *_networks(rival.backbone))
        weights = dict(zip(networks, (1.0, -1.0, -1.0, 1.0), strict=True))
        lead = accuracy_contrast(evidence, weights)
        if lead is None:
            continue
        label = f"gain of {TITLES['vggface']} minus {rival.label}"
        basis = Basis(networks, ("test images",), holding=(gained,), failing=(rival,))
        parts.append(part_of(label, lead, state_above(lead, tests=len(rivals)), basis))
    gains = [
        f"{TITLES[backbone]} {one.mean_text}"
        for backbone in published.BACKBONES
        if (one := accuracy_difference(evidence, *_networks(backbone))) is not None
    ]
    return Findings(
        [Ranking(tuple(parts))] if parts else [],
        1,
        list_missing_tests(evidence, *NETWORKS),
        "gain in test accuracy, share",
        [f"gains by backbone (not judged): {', '.join(gains)}"] if gains else [],
    )


def _networks(backbone: str) -> tuple[Network, Network]:
    return Network(backbone, "pretrained"), Network(backbone, "random")
