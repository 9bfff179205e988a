"""C6, C7 and C10: networks compared by accuracy, size and speed."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import MORE_DATA
from fer_bench.analysis.claims.evidence import (
    describe_convention,
    list_missing_of_pair,
    parameter_count,
)
from fer_bench.analysis.claims.values import TITLES, Findings, Network, Part
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.claims.values import Evidence, State
    from fer_bench.results.records import CellResult

EQUAL = 0.02
"""Accuracies are equal if their difference lies within this distance of 0."""

SPEED_NOISE = 0.10
"""Speeds that differ by a smaller share cannot be distinguished, as machine speed varies."""

ROUNDS = 3
"""Minimum number of timed rounds; fewer do not show how much a machine's speed varies."""

METRIC = "test accuracy of the pretrained networks"
ABOUT_PRETRAINED = "random (not judged):"


def openface_equals_resnet50(evidence: Evidence) -> Findings:
    """Judge C6: OpenFace is as accurate as ResNet-50, smaller, and trains and predicts faster.

    As accurate means that the interval of the difference in test accuracy lies within ``EQUAL`` of
    0; this fails if the complete interval lies beyond ``EQUAL`` on one side. Only the pretrained
    networks are judged: in the paper's Table 2 the random ones lie far apart. Faster means that the
    median round is faster by more than ``SPEED_NOISE``, in training and in inference at the largest
    batch size at which both were timed, and that the interquartile ranges of the rounds do not
    overlap; this fails if OpenFace is slower by the same criterion. Speeds are those of the
    pretrained networks too.
    """
    openface, resnet50 = Network("openface", "pretrained"), Network("resnet50", "pretrained")
    parts, missing = [], list_missing_of_pair(evidence, openface, resnet50)
    pair = evidence.pair(openface, resnet50)
    if pair is not None:
        low, high = pair.comparison.interval.low, pair.comparison.interval.high
        state: State = "open"
        if low > -EQUAL and high < EQUAL:
            state = "holds"
        elif low > EQUAL or high < -EQUAL:
            state = "fails"
        parts.append(
            Part(
                state,
                f"OpenFace minus ResNet-50 {pair.effect_text}",
                pair.comparison.difference,
                pair.comparison.interval,
                needs=f"more seeds or images, for a CI entirely within or beyond {EQUAL}",
                seeds=pair.seeds,
            )
        )
    sizes, no_size = _smaller(evidence, "openface", ["resnet50"])
    speeds, no_speed = _faster(evidence, openface, resnet50)
    return Findings(
        [*parts, *sizes, *speeds],
        4,
        [*missing, *no_size, *no_speed],
        unit="test accuracy, share",
        convention=describe_convention(
            evidence,
            f"{METRIC}, as accurate: within {EQUAL}; images per second, faster: by more than "
            f"{SPEED_NOISE:.0%}; training on stored features of the frozen layers; each network at "
            "its own input size",
        ),
        remarks=_random_pair(evidence, "openface", "resnet50"),
    )


def mobilenet_is_smallest(evidence: Evidence) -> Findings:
    """Judge C7: MobileNet has the fewest parameters and is less accurate than OpenFace.

    Fewest means among all four backbones. Less accurate means on the test images, with p below 0.05
    after Holm's correction; this fails if MobileNet is more accurate by the same test. Only the
    pretrained networks are judged, as in C6.
    """
    openface, mobilenet = Network("openface", "pretrained"), Network("mobilenet", "pretrained")
    parts, missing = [], list_missing_of_pair(evidence, openface, mobilenet)
    pair = evidence.pair(openface, mobilenet)
    if pair is not None:
        gain = pair.comparison
        state: State = "open"
        if pair.differ:
            state = "holds" if gain.difference > 0 else "fails"
        shown = pair.effect_text if pair.differ else pair.text
        text = f"OpenFace minus MobileNet {shown}"
        parts.append(
            Part(state, text, gain.difference, gain.interval, needs=MORE_DATA, seeds=pair.seeds)
        )
    others = [backbone for backbone in published.BACKBONES if backbone != "mobilenet"]
    sizes, no_size = _smaller(evidence, "mobilenet", others)
    return Findings(
        [*parts, *sizes],
        2,
        [*missing, *no_size],
        unit="test accuracy, share",
        convention=describe_convention(evidence, METRIC),
        remarks=_random_pair(evidence, "openface", "mobilenet"),
    )


def parameters_are_exact(evidence: Evidence) -> Findings:
    """Judge C10: OpenFace, ResNet-50 and MobileNet have exactly the published parameter counts.

    It depends on neither data nor training.
    """
    parts, missing = [], []
    for backbone, count in published.PARAMETERS.items():
        ours = parameter_count(evidence, backbone)
        if ours is None:
            missing.append(_no_count(backbone))
        elif ours == count:
            parts.append(Part("holds", f"{TITLES[backbone]} {ours:,}"))
        else:
            text = f"{TITLES[backbone]} {ours:,} instead of {count:,}"
            parts.append(Part("fails", text, float(ours - count)))
    return Findings(
        parts,
        len(published.PARAMETERS),
        missing,
        unit="parameters",
        convention="backbones without their last layer",
    )


def _no_count(backbone: str) -> str:
    return f"parameter count of {TITLES[backbone]}"


def _smaller(evidence: Evidence, name: str, others: Iterable[str]) -> tuple[list[Part], list[str]]:
    """Judge if a backbone has fewer parameters than the others; also list missing counts."""
    counts = {backbone: parameter_count(evidence, backbone) for backbone in (name, *others)}
    missing = [_no_count(backbone) for backbone, count in counts.items() if count is None]
    own = counts.pop(name)
    known = {backbone: count for backbone, count in counts.items() if count is not None}
    if own is None or not known:
        return [], missing
    listed = ", ".join(f"{TITLES[backbone]} {count:,}" for backbone, count in known.items())
    state: State = "holds" if own < min(known.values()) else "fails"
    return [Part(state, f"parameters {TITLES[name]} {own:,}, {listed}")], missing


def _faster(evidence: Evidence, first: Network, second: Network) -> tuple[list[Part], list[str]]:
    """Judge if a network trains and predicts faster than another; also list missing timings."""
    parts, missing = [], []
    ours, theirs = _inference(evidence, first), _inference(evidence, second)
    size = max(ours.keys() & theirs.keys(), default=0)
    for kind, one, other in (
        ("training", _training(evidence, first), _training(evidence, second)),
        (f"inference, batch {size},", ours.get(size), theirs.get(size)),
    ):
        if one is None or other is None:
            what = "training" if kind == "training" else "inference at a common batch size"
            missing.append(f"speed of {what} for {first.label} and {second.label}")
            continue
        ratio = statistics.median(other) / statistics.median(one)
        state: State = "open"
        if min(len(one), len(other)) >= ROUNDS:
            (low, high), (their_low, their_high) = _quartiles(one), _quartiles(other)
            if ratio > 1 + SPEED_NOISE and high < their_low:
                state = "holds"
            elif ratio < 1 / (1 + SPEED_NOISE) and low > their_high:
                state = "fails"
        parts.append(
            Part(
                state,
                f"{kind} {1 / statistics.median(one):,.0f} versus "
                f"{1 / statistics.median(other):,.0f} images/s (ratio {ratio:.2f})",
                needs=f"more timed rounds ({ROUNDS} or more) on an idle machine",
            )
        )
    return parts, missing


def _training(evidence: Evidence, network: Network) -> list[float] | None:
    """Return seconds per image of each timed round, or None if training was not timed."""
    for cell in _cells(evidence, network):
        if cell.training is not None:
            return [seconds / cell.training.images for seconds in cell.training.seconds]
    return None


def _inference(evidence: Evidence, network: Network) -> dict[int, list[float]]:
    """Return seconds per image of each timed call, by batch size."""
    for cell in _cells(evidence, network):
        if cell.inference:
            return {
                speed.batch_size: [seconds / speed.batch_size for seconds in speed.seconds]
                for speed in cell.inference
            }
    return {}


def _cells(evidence: Evidence, network: Network) -> tuple[CellResult, ...]:
    group = evidence.groups.get(network)
    return () if group is None else group.cells


def _quartiles(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the first and third quartile."""
    first, _, third = statistics.quantiles(seconds, n=4, method="inclusive")
    return first, third


def _random_pair(evidence: Evidence, first: str, second: str) -> list[str]:
    pair = evidence.pair(Network(first, "random"), Network(second, "random"))
    if pair is None:
        return []
    return [f"{ABOUT_PRETRAINED} {TITLES[first]} minus {TITLES[second]} {pair.effect_text}"]
