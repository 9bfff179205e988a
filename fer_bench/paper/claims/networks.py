"""C6, C7 and C10: networks against each other, by accuracy, size and speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.cells import INITS
from fer_bench.paper import published
from fer_bench.paper.claims.evidence import TITLES, Evidence, Key
from fer_bench.paper.claims.verdict import Findings, Part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.paper.claims.verdict import State
    from fer_bench.results import CellResult

EQUAL = 0.02
"""Accuracies whose difference lies within as much on either side are the same."""

SPEED_NOISE = 0.10
"""Speeds that differ by a smaller share cannot be told apart: machines do not run evenly."""

FIGURES = "test accuracy of the pretrained networks"
ABOUT_PRETRAINED = "random, which decides nothing:"


def openface_equals_resnet50(evidence: Evidence) -> Findings:
    """C6: OpenFace is as accurate as ResNet-50, is smaller, and trains and predicts faster.

    As accurate: the interval of the difference in test accuracy lies within ``EQUAL`` on either
    side; it fails where the whole interval lies beyond, to either side. It is judged on the
    pretrained networks: in the paper's Table 2 the random ones lie far apart. Faster: by more
    than ``SPEED_NOISE`` in images per second, for each init in which both were timed in this run,
    in training and at each batch size; it fails where OpenFace is slower by as much.
    """
    openface, resnet50 = Key("openface", "pretrained"), Key("resnet50", "pretrained")
    parts, missing = [], evidence.lack_of_pair(openface, resnet50)
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
                f"OpenFace less ResNet-50 {pair.effect_text}, same if within {EQUAL}",
                pair.comparison.difference,
                pair.comparison.interval,
            )
        )
    sizes, no_size = _smaller(evidence, "openface", ["resnet50"])
    speeds, no_speed = _faster(evidence, "openface", "resnet50")
    return Findings(
        [*parts, *sizes, *speeds],
        [*missing, *no_size, *no_speed],
        unit="test accuracy, share",
        convention=evidence.convention(
            f"{FIGURES}; training speed on stored features of the frozen layers; each network "
            "with its own input size"
        ),
        beside=_random(evidence, "openface", "resnet50"),
    )


def mobilenet_is_smallest(evidence: Evidence) -> Findings:
    """C7: MobileNet has the fewest parameters and is less accurate than OpenFace.

    Fewest of all four backbones. Less accurate: on the test images, p below 0.05 after Holm's
    correction; it fails if MobileNet is the more accurate one by the same test. It is judged on
    the pretrained networks, as C6.
    """
    openface, mobilenet = Key("openface", "pretrained"), Key("mobilenet", "pretrained")
    parts, missing = [], evidence.lack_of_pair(openface, mobilenet)
    pair = evidence.pair(openface, mobilenet)
    if pair is not None:
        gain = pair.comparison
        state: State = "open"
        if pair.differ:
            state = "holds" if gain.difference > 0 else "fails"
        text = f"OpenFace less MobileNet {pair.text}"
        parts.append(Part(state, text, gain.difference, gain.interval))
    others = [backbone for backbone in published.BACKBONES if backbone != "mobilenet"]
    sizes, no_size = _smaller(evidence, "mobilenet", others)
    return Findings(
        [*parts, *sizes],
        [*missing, *no_size],
        unit="test accuracy, share",
        convention=evidence.convention(FIGURES),
        beside=_random(evidence, "openface", "mobilenet"),
    )


def parameters_are_exact(evidence: Evidence) -> Findings:
    """C10: OpenFace, ResNet-50 and MobileNet have exactly as many parameters as published.

    Neither data nor training matter to it.
    """
    parts, missing = [], []
    for backbone, count in published.PARAMETERS.items():
        ours = evidence.parameters(backbone)
        if ours is None:
            missing.append(_no_count(backbone))
        elif ours == count:
            parts.append(Part("holds", f"{TITLES[backbone]} {ours:,}"))
        else:
            text = f"{TITLES[backbone]} {ours:,} instead of {count:,}"
            parts.append(Part("fails", text, float(ours - count)))
    return Findings(
        parts,
        missing,
        unit="parameters",
        convention="backbones without their last layer",
    )


def _no_count(backbone: str) -> str:
    return f"a cell of {TITLES[backbone]} that was built"


def _smaller(evidence: Evidence, name: str, others: Iterable[str]) -> tuple[list[Part], list[str]]:
    """Whether a backbone has fewer parameters than each of the others, and what is not known."""
    counts = {backbone: evidence.parameters(backbone) for backbone in (name, *others)}
    missing = [_no_count(backbone) for backbone, count in counts.items() if count is None]
    own = counts.pop(name)
    known = {backbone: count for backbone, count in counts.items() if count is not None}
    if own is None or not known:
        return [], missing
    listed = ", ".join(f"{TITLES[backbone]} {count:,}" for backbone, count in known.items())
    state: State = "holds" if own < min(known.values()) else "fails"
    return [Part(state, f"{TITLES[name]} has {own:,} parameters, {listed}")], missing


def _faster(evidence: Evidence, name: str, other: str) -> tuple[list[Part], list[str]]:
    """Whether a backbone is faster than another in all that was timed, and what was not."""
    parts, timed = [], set()
    for init in INITS:
        ours, theirs = (_speeds(evidence, Key(backbone, init)) for backbone in (name, other))
        for kind in ours:
            if kind not in theirs:
                continue
            timed.add(kind.partition(",")[0])
            ratio = ours[kind] / theirs[kind]
            state: State = "open"
            if ratio > 1 + SPEED_NOISE:
                state = "holds"
            elif ratio < 1 / (1 + SPEED_NOISE):
                state = "fails"
            text = (
                f"{init} {kind} {ours[kind]:,.0f} against {theirs[kind]:,.0f} images/s "
                f"({ratio:.2f} times)"
            )
            parts.append(Part(state, text))
    titles = f"{TITLES[name]} and {TITLES[other]} with one init"
    lacks = {"training", "inference"} - timed
    return parts, [f"{word} speed of {titles}" for word in sorted(lacks)]


def _speeds(evidence: Evidence, key: Key) -> dict[str, float]:
    """Images per second of a network in training and at each batch size, where timed."""
    found: dict[str, float] = {}
    group = evidence.groups.get(key)
    cells: tuple[CellResult, ...] = () if group is None else group.cells
    for cell in cells:
        if cell.training is not None:
            found.setdefault("training", cell.training.images_per_second)
        for speed in cell.inference:
            found.setdefault(f"inference, batch {speed.batch_size},", speed.images_per_second)
    return found


def _random(evidence: Evidence, first: str, second: str) -> list[str]:
    pair = evidence.pair(Key(first, "random"), Key(second, "random"))
    if pair is None:
        return []
    return [f"{ABOUT_PRETRAINED} {TITLES[first]} less {TITLES[second]} {pair.text}"]
