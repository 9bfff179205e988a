"""C1 to C3: effect of pretraining on accuracy, convergence and overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import (
    MORE_DATA,
    combine_conventions,
    data_needed,
    part_of,
    state_above,
    state_below,
)
from fer_bench.analysis.claims.evidence import (
    describe_convention,
    list_missing,
    list_missing_of_pair,
    rate_difference,
    validation_difference,
)
from fer_bench.analysis.claims.values import (
    TITLES,
    EpochRange,
    Findings,
    JudgedDifference,
    Network,
    Part,
)
from fer_bench.metrics.convergence import CONVENTIONS
from fer_bench.protocol import published

if TYPE_CHECKING:
    from fer_bench.analysis.claims.values import Evidence, State

LEVEL_RATE = 0.002
"""Rates of accuracy that differ by less are level: 2 percentage points in ten epochs."""

EARLY, LATE = EpochRange(1, 10), EpochRange(11, 20)
"""The paper's first two windows and its last two."""

RUNNING_ACCURACY = "training accuracy during the epoch, first window by consecutive / by untrained"


def pretrained_is_better(evidence: Evidence) -> Findings:
    """Judge C1: pretrained is more accurate than random, for every backbone.

    A backbone holds if its pretrained network recognises more test images, with p below 0.05 after
    Holm's correction over all pairs of the run, and has the higher final validation accuracy. It
    fails if the pretrained network recognises fewer by the same test. Otherwise it is open: a gain
    that is not shown is not a loss.
    """
    parts, missing = [], []
    for backbone in published.BACKBONES:
        pretrained, random = _networks(backbone)
        missing += list_missing_of_pair(evidence, pretrained, random)
        pair = evidence.pair(pretrained, random)
        if pair is None:
            continue
        gain, validation = pair.comparison, validation_difference(evidence, pretrained, random, -1)
        state: State = "open"
        text, needs = f"{TITLES[backbone]} {pair.effect_text}", MORE_DATA
        if not pair.differ:
            text = f"{TITLES[backbone]} {pair.text}"
        elif gain.difference < 0:
            state = "fails"
        elif validation is None:
            missing += list_missing(evidence, pretrained, random)
        elif validation.mean > 0:
            state = "holds"
        else:
            text += f" but validation {validation.mean_text}"
            needs = data_needed(validation)
        parts.append(
            Part(state, text, gain.difference, gain.interval, needs=needs, seeds=pair.seeds)
        )
    return Findings(
        parts,
        len(published.BACKBONES),
        missing,
        unit="test accuracy, pretrained minus random, share",
        convention=describe_convention(
            evidence, "test accuracy; final validation accuracy must agree in sign"
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
        pretrained, random = _networks(backbone)
        missing += list_missing(evidence, pretrained, random, epochs=LATE.last)
        early = [
            JudgedDifference("", found, state_above(found, tests=tests))
            for convention in CONVENTIONS
            if (found := rate_difference(evidence, pretrained, random, EARLY, convention))
            is not None
        ]
        # From the second window on, both conventions are the same.
        later = rate_difference(evidence, pretrained, random, LATE, "untrained")
        if later is not None and len(early) == len(CONVENTIONS):
            parts.append(combine_conventions(f"{TITLES[backbone]} 1-10", early))
            judged = JudgedDifference("", later, state_below(later, LEVEL_RATE, tests))
            parts.append(part_of(judged, f"{TITLES[backbone]} 11-20"))
    return Findings(
        parts,
        2 * len(published.BACKBONES),
        missing,
        unit="accuracy MCR, pretrained minus random, share per epoch",
        convention=describe_convention(
            evidence,
            f"{RUNNING_ACCURACY}; epochs 1 to 10 and 11 to 20; equal: higher by less than "
            f"{LEVEL_RATE} per epoch",
        ),
    )


def pretrained_overfits_faster(evidence: Evidence) -> Findings:
    """Judge C3: the accuracy MOFR of the pretrained network is higher, for every backbone.

    It is computed over all epochs of the run, under both conventions; it is open if these disagree
    or if batch normalisation distorts the validation accuracy.
    """
    parts, missing = [], []
    for backbone in published.BACKBONES:
        pretrained, random = _networks(backbone)
        missing += list_missing(evidence, pretrained, random, epochs=2)
        epochs = EpochRange(1, evidence.epochs)
        found = [
            JudgedDifference("", one, state_above(one, tests=len(published.BACKBONES)))
            for convention in CONVENTIONS
            if (
                one := rate_difference(
                    evidence, pretrained, random, epochs, convention, overfitting=True
                )
            )
            is not None
        ]
        if len(found) == len(CONVENTIONS):
            parts.append(combine_conventions(TITLES[backbone], found))
    return Findings(
        parts,
        len(published.BACKBONES),
        missing,
        unit="accuracy MOFR, pretrained minus random, share per epoch",
        convention=describe_convention(evidence, f"{RUNNING_ACCURACY}; validation accuracy"),
    )


def _networks(backbone: str) -> tuple[Network, Network]:
    return Network(backbone, "pretrained"), Network(backbone, "random")
