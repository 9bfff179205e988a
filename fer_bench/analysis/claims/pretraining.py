"""C1 to C3, C11, C13 and C16: effect of pretraining on accuracy, convergence and overfitting."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import mean_of, part_of
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
    MOBILENET,
    NETWORKS,
    OPENFACE,
    PRETRAINED,
    RANDOM,
    RESNET50,
    VGGFACE,
    Basis,
    EpochRange,
    Network,
)
from fer_bench.analysis.number_text import percent
from fer_bench.metrics.convergence import CONVENTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.analysis.claims.values import Evidence, Finding
    from fer_bench.protocol.cell import Init

LEVEL_RATE = 0.002
"""Rates of accuracy that differ by less are level: 2 percentage points in ten epochs."""

EARLY, LATE = EpochRange(1, 10), EpochRange(11, 20)
"""The paper's first two windows and its last two."""

LAST_EPOCHS = EpochRange(15, 20)
"""Epochs in which random networks converge faster, says the paper."""

HIGH = 0.8
"""Training accuracy that slows pretrained networks down, says the paper."""

SLOWED = (MOBILENET, OPENFACE, RESNET50)
"""Networks whose random network is faster in the last window of the paper's Table 2."""

PAIRS = tuple(zip(PRETRAINED, RANDOM, strict=True))
"""Both networks of each backbone."""


def pretrained_is_better(evidence: Evidence) -> Iterator[Finding]:
    """Judge C1, one part per backbone.

    The final validation accuracy must agree in sign, as it is what the paper shows.
    """
    for pretrained, random in PAIRS:
        yield from list_missing_tests(evidence, pretrained, random)
        gain = accuracy_difference(evidence, pretrained, random)
        validation = validation_difference(evidence, pretrained, random, -1)
        if gain is None or validation is None:
            continue
        basis = Basis.of_lead(pretrained, random, "test images", "validation accuracy")
        part = part_of(pretrained.title, [gain], basis, tests=len(PAIRS))
        if part.state == "holds" and validation.mean <= 0:
            part = dataclasses.replace(
                part,
                state="open",
                text=f"{part.text} but validation {validation.mean_text}",
                cause="test and validation disagree",
            )
        yield part


def pretrained_converges_faster(evidence: Evidence) -> Iterator[Finding]:
    """Judge C2: one part for epochs 1 to 10, one for 11 to 20, each a mean over the backbones.

    The paper speaks of a higher average. Both parts are judged under both conventions.
    """
    for pair in PAIRS:
        yield from list_missing(evidence, *pair, epochs=LATE.last)
    by_backbone = [
        [rate_differences(evidence, *pair, epochs) for pair in PAIRS] for epochs in (EARLY, LATE)
    ]
    # Not strict: without the rates of a backbone there is no mean.
    early, later = (
        [mean for one in zip(*each, strict=False) if (mean := mean_of(one)) is not None]
        for each in by_backbone
    )
    if len(early) == len(later) == len(CONVENTIONS):
        basis = Basis(NETWORKS, ("training accuracy",), holding=PRETRAINED, failing=RANDOM)
        yield part_of("epochs 1-10", early, basis, tests=2)
        basis = dataclasses.replace(basis, holding=NETWORKS, failing=PRETRAINED)
        yield part_of("epochs 11-20", later, basis, above=-math.inf, below=LEVEL_RATE, tests=2)
    names = ("MCR by backbone (not judged), 1-10", "11-20")
    for name, each in zip(names, by_backbone, strict=True):
        networks = zip(PRETRAINED, each, strict=True)
        shown = [f"{network.title} {gaps[0].mean_text}" for network, gaps in networks if gaps]
        if shown:
            yield f"{name}: {', '.join(shown)}"


def overfits_faster(evidence: Evidence, faster: Init, slower: Init) -> Iterator[Finding]:
    """Judge if networks of one init overfit faster than those of the other, by backbone.

    That is C3 (Discussions) for the pretrained networks, and C16 (Conclusions) for the random ones.
    """
    epochs = EpochRange(1, evidence.epochs)
    for one in PRETRAINED:
        first, second = Network(one.backbone, faster), Network(one.backbone, slower)
        yield from list_missing(evidence, first, second, epochs=2)
        gaps = rate_differences(evidence, first, second, epochs, overfitting=True)
        if gaps:
            basis = Basis.of_lead(first, second, "training accuracy", "validation accuracy")
            yield part_of(one.title, gaps, basis, tests=len(PAIRS))


def pretrained_is_high_late(evidence: Evidence) -> Iterator[Finding]:
    """Judge C11: pretrained networks train above 0.8 where random ones converge faster."""
    for network in SLOWED:
        yield from list_missing(evidence, network, epochs=LAST_EPOCHS.last)
        excess = training_excess(evidence, network, LAST_EPOCHS, HIGH)
        if excess is not None:
            basis = Basis((network,), ("training accuracy",), holding=(network,))
            label = f"{network.title} {percent(HIGH + excess.mean)} - {percent(HIGH)} ="
            yield part_of(label, [excess], basis, tests=len(SLOWED))


def vggface_gains_most(evidence: Evidence) -> Iterator[Finding]:
    """Judge C13: VGG-Face's gain in test accuracy is larger than each other backbone's."""
    yield from list_missing_tests(evidence, *NETWORKS)
    own = next(pair for pair in PAIRS if VGGFACE in pair)
    others = [pair for pair in PAIRS if pair != own]
    parts = []
    for pair in others:
        networks, (rival, _) = (*own, *pair), pair
        weights = dict(zip(networks, (1.0, -1.0, -1.0, 1.0), strict=True))
        lead = accuracy_contrast(evidence, weights)
        if lead is not None:
            label = f"gain of {VGGFACE.title} minus {rival.label}"
            basis = Basis(networks, ("test images",), holding=(VGGFACE,), failing=(rival,))
            parts.append(part_of(label, [lead], basis, tests=len(others)))
    yield parts
    gains = [
        f"{pair[0].title} {one.mean_text}"
        for pair in PAIRS
        if (one := accuracy_difference(evidence, *pair)) is not None
    ]
    if gains:
        yield f"gains by backbone (not judged): {', '.join(gains)}"
