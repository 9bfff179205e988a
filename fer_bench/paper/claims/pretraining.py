"""C1 to C3: what pretraining does to accuracy, convergence and overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.metrics import CONVENTIONS
from fer_bench.paper import published
from fer_bench.paper.claims.evidence import TITLES, Evidence, Key, Span
from fer_bench.paper.claims.gaps import agreed
from fer_bench.paper.claims.verdict import Findings, Part

if TYPE_CHECKING:
    from fer_bench.paper.claims.verdict import State

NO_GAIN = 0.01
"""A gain in accuracy of less than this is none that pretraining would be done for."""

LEVEL_RATE = 0.002
"""Two rates of accuracy that differ by less are level: 2 points in ten epochs."""

EARLY, LATE = Span(1, 10), Span(11, 20)
"""The paper's first two windows and its last two."""

FIGURES = "running training accuracy, first window by first-epoch / by untrained"


def pretrained_is_better(evidence: Evidence) -> Findings:
    """C1: pretrained beats random, for every backbone.

    A backbone holds if its pretrained network recognises more test images, p below 0.05 after
    Holm's correction over all pairs of the run, and ends with the higher validation accuracy. It
    fails if it recognises fewer by the same test, or if the interval of the difference ends below
    ``NO_GAIN``. It is open otherwise, also where test and validation have different signs.
    """
    parts, missing = [], []
    for backbone in published.BACKBONES:
        pretrained, random = _both(backbone)
        missing += evidence.lack_of_pair(pretrained, random)
        pair = evidence.pair(pretrained, random)
        validation = evidence.validation_gap(pretrained, random, -1)
        if pair is None or validation is None:
            continue
        gain = pair.comparison
        state: State = "open"
        if pair.differ and gain.difference > 0:
            state = "holds" if validation.effect > 0 else "open"
        elif pair.differ or gain.interval.high < NO_GAIN:
            state = "fails"
        text = f"{TITLES[backbone]} {pair.text}, validation {validation.effect:+.3f}"
        parts.append(Part(state, text, gain.difference, gain.interval))
    return Findings(
        parts,
        missing,
        unit="test accuracy, pretrained less random, share",
        convention=evidence.convention("test accuracy, final validation accuracy"),
    )


def pretrained_converges_faster(evidence: Evidence) -> Findings:
    """C2: pretrained converges faster in epochs 1 to 10, and later no more.

    For each backbone two parts. In epochs 1 to 10 the accuracy MCR of the pretrained network is
    the higher one, under both conventions for the first window; where these disagree it is open.
    In epochs 11 to 20 it is higher by no more than ``LEVEL_RATE``.

    By this rule the paper's own Table 2 has one exception: over epochs 1 to 10 its random
    ResNet-50 gains more than its pretrained one.
    """
    parts, missing = [], []
    tests = 2 * len(published.BACKBONES)
    for backbone in published.BACKBONES:
        pretrained, random = _both(backbone)
        missing += evidence.lack(pretrained, random, epochs=LATE.last)
        early = [
            found.part("", found.above(tests=tests))
            for convention in CONVENTIONS
            if (found := evidence.rate_gap(pretrained, random, EARLY, convention)) is not None
        ]
        # From the second window on the conventions are one.
        later = evidence.rate_gap(pretrained, random, LATE, "untrained")
        if later is not None and len(early) == len(CONVENTIONS):
            parts.append(agreed(f"{TITLES[backbone]} epochs 1 to 10", early))
            parts.append(later.part("then", later.below(LEVEL_RATE, tests)))
    return Findings(
        parts,
        missing,
        unit="accuracy MCR, pretrained less random, share per epoch",
        convention=evidence.convention(FIGURES),
    )


def pretrained_overfits_faster(evidence: Evidence) -> Findings:
    """C3: the accuracy MOFR of the pretrained network is the higher one, for every backbone.

    Over all epochs of the run, under both conventions; where these disagree it is open.
    """
    parts, missing = [], []
    for backbone in published.BACKBONES:
        pretrained, random = _both(backbone)
        missing += evidence.lack(pretrained, random, epochs=2)
        span = Span(1, evidence.epochs)
        found = [
            one.part("", one.above(tests=len(published.BACKBONES)))
            for convention in CONVENTIONS
            if (one := evidence.rate_gap(pretrained, random, span, convention, overfitting=True))
            is not None
        ]
        if len(found) == len(CONVENTIONS):
            parts.append(agreed(TITLES[backbone], found))
    return Findings(
        parts,
        missing,
        unit="accuracy MOFR, pretrained less random, share per epoch",
        convention=evidence.convention(f"{FIGURES}; validation accuracy"),
        beside=evidence.unsteady(),
    )


def _both(backbone: str) -> tuple[Key, Key]:
    return Key(backbone, "pretrained"), Key(backbone, "random")
