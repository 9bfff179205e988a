"""C1 to C3: effect of pretraining on accuracy, convergence and overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import MORE, Judged, agreed
from fer_bench.analysis.claims.evidence import TITLES, Evidence, Key, Span
from fer_bench.analysis.claims.verdict import Findings, Part
from fer_bench.metrics.convergence import CONVENTIONS
from fer_bench.protocol import published

if TYPE_CHECKING:
    from fer_bench.analysis.claims.verdict import State

LEVEL_RATE = 0.002
"""Rates of accuracy that differ by less are level: 2 percentage points in ten epochs."""

EARLY, LATE = Span(1, 10), Span(11, 20)
"""The paper's first two windows and its last two."""

FIGURES = "training accuracy during the epoch, first window by first-epoch / by untrained"


def pretrained_is_better(evidence: Evidence) -> Findings:
    """Judge C1: pretrained is more accurate than random, for every backbone.

    A backbone holds if its pretrained network recognises more test images, with p below 0.05 after
    Holm's correction over all pairs of the run, and has the higher final validation accuracy. It
    fails if the pretrained network recognises fewer by the same test. Otherwise it is open: a gain
    that is not shown is not a loss.
    """
    parts, missing = [], []
    for backbone in published.BACKBONES:
        pretrained, random = _both(backbone)
        missing += evidence.lack_of_pair(pretrained, random)
        pair = evidence.pair(pretrained, random)
        if pair is None:
            continue
        gain, validation = pair.comparison, evidence.validation_gap(pretrained, random, -1)
        state: State = "open"
        text, needs = f"{TITLES[backbone]} {pair.effect_text}", MORE
        if not pair.differ:
            text = f"{TITLES[backbone]} {pair.text}"
        elif gain.difference < 0:
            state = "fails"
        elif validation is None:
            missing += evidence.lack(pretrained, random)
        elif validation.effect > 0:
            state = "holds"
        else:
            text += f" but validation {validation.effect_text}"
            needs = validation.needs
        parts.append(
            Part(state, text, gain.difference, gain.interval, needs=needs, seeds=pair.seeds)
        )
    return Findings(
        parts,
        len(published.BACKBONES),
        missing,
        unit="test accuracy, pretrained minus random, share",
        convention=evidence.convention(
            "test accuracy; final validation accuracy must agree in sign"
        ),
    )


def pretrained_converges_faster(evidence: Evidence) -> Findings:
    """Judge C2: pretrained converges faster in epochs 1 to 10, but not later.

    There are two parts for each backbone. In epochs 1 to 10 the accuracy MCR of the pretrained
    network is higher under both conventions for the first window; if these disagree, the part is
    open. In epochs 11 to 20 it is higher by no more than ``LEVEL_RATE``.

    By this criterion the paper's own Table 2 has one exception: over epochs 1 to 10 its random
    ResNet-50 gains more than its pretrained one.
    """
    parts, missing = [], []
    tests = 2 * len(published.BACKBONES)
    for backbone in published.BACKBONES:
        pretrained, random = _both(backbone)
        missing += evidence.lack(pretrained, random, epochs=LATE.last)
        early = [
            Judged("", found, found.above(tests=tests))
            for convention in CONVENTIONS
            if (found := evidence.rate_gap(pretrained, random, EARLY, convention)) is not None
        ]
        # From the second window on, both conventions are the same.
        later = evidence.rate_gap(pretrained, random, LATE, "untrained")
        if later is not None and len(early) == len(CONVENTIONS):
            parts.append(agreed(f"{TITLES[backbone]} 1-10", early))
            judged = Judged("", later, later.below(LEVEL_RATE, tests))
            parts.append(judged.part(f"{TITLES[backbone]} 11-20"))
    return Findings(
        parts,
        2 * len(published.BACKBONES),
        missing,
        unit="accuracy MCR, pretrained minus random, share per epoch",
        convention=evidence.convention(
            f"{FIGURES}; epochs 1 to 10 and 11 to 20; equal: higher by less than {LEVEL_RATE} per "
            "epoch"
        ),
    )


def pretrained_overfits_faster(evidence: Evidence) -> Findings:
    """Judge C3: the accuracy MOFR of the pretrained network is higher, for every backbone.

    It is computed over all epochs of the run, under both conventions; it is open if these disagree
    or if batch normalisation distorts the validation accuracy.
    """
    parts, missing = [], []
    for backbone in published.BACKBONES:
        pretrained, random = _both(backbone)
        missing += evidence.lack(pretrained, random, epochs=2)
        span = Span(1, evidence.epochs)
        found = [
            Judged("", one, one.above(tests=len(published.BACKBONES)))
            for convention in CONVENTIONS
            if (one := evidence.rate_gap(pretrained, random, span, convention, overfitting=True))
            is not None
        ]
        if len(found) == len(CONVENTIONS):
            parts.append(agreed(TITLES[backbone], found))
    return Findings(
        parts,
        len(published.BACKBONES),
        missing,
        unit="accuracy MOFR, pretrained minus random, share per epoch",
        convention=evidence.convention(f"{FIGURES}; validation accuracy"),
    )


def _both(backbone: str) -> tuple[Key, Key]:
    return Key(backbone, "pretrained"), Key(backbone, "random")
