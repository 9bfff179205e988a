"""C9: emotions with the best and the worst recall."""

from __future__ import annotations

import dataclasses
import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import MORE_DATA
from fer_bench.analysis.claims.evidence import describe_convention, list_untrained
from fer_bench.analysis.claims.values import LEVEL, NETWORKS, Findings, Part
from fer_bench.metrics import Interval, majority_class_accuracy
from fer_bench.protocol import published
from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims.values import Evidence, State
    from fer_bench.analysis.seed_groups import Group

BEST = ("Happy", "Angry", "Fear", "Surprise")
WORST = "Disgust"
LEAST_NETWORKS = 2
"""Minimum number of networks; with fewer, nothing is known of how networks differ."""


def emotions_rank_as_stated(evidence: Evidence) -> Findings:
    """Judge C9: happiness, anger, fear and surprise are recognised best, disgust worst.

    The metric is recall on the test images, averaged over the networks that learned anything (each
    averaged over its seeds): those whose test accuracy exceeds the majority-class baseline by more
    than its 95 % sampling error. A network that predicts one class for every image shows nothing
    about emotions.

    There are two parts: each of the four lies above each other emotion; disgust lies below each of
    the others. A difference of two emotions counts as shown if the interval of its mean excludes 0
    and each of those networks, two or more, has it in the same direction, so that the mean does not
    depend on a single network. A part holds if all its differences are shown to be above 0, fails
    as soon as one is shown to be below, and reports the smallest. If any of the eight networks is
    missing, neither part is decided, since that network would change the mean.

    Classes have different images, so a difference of recalls has Newcombe's interval for two
    independent shares, from their Wilson intervals (*Interval estimation for the difference between
    independent proportions*, 1998, method 10). For the mean over several networks the sample size
    is still the number of images of the class: the networks see the same images, so the interval is
    too wide rather than too narrow. The variation between networks is not in the interval; the
    second condition covers it.
    """
    learned = [group for group in evidence.groups.values() if learns(group)]
    missing = list_untrained(evidence, *NETWORKS)
    has_test = evidence.run.dataset.has_test
    if not has_test:
        missing = [NO_TEST]
    elif len(learned) < LEAST_NETWORKS:
        missing.append(
            f"{LEAST_NETWORKS} networks or more above the majority-class baseline (this run: "
            f"{len(learned)})"
        )
    parts: list[Part] = []
    remarks: list[str] = []
    if learned:
        each, images = _recalls(evidence, learned)
        others = [name for name in published.COUNTS if name not in BEST]
        rest = [name for name in published.COUNTS if name != WORST]
        best = [(name, other) for name in BEST for other in others]
        worst = [(name, WORST) for name in rest]
        tests = len({*best, *worst})
        parts = [
            dataclasses.replace(
                _smallest_difference(name, chosen, each, images, tests),
                seeds=min(len(group.trained) for group in learned),
            )
            for name, chosen in (("best", best), ("worst", worst))
        ]
        if missing:
            parts = [dataclasses.replace(part, state="so far") for part in parts]
        means = {name: math.fsum(shares) / len(shares) for name, shares in each.items()}
        order = sorted(means, key=lambda name: -means[name])
        remarks = [
            (f"recall, mean of {len(learned)} networks: " if learned[1:] else "recall: ")
            + ", ".join(f"{name} {means[name]:.2f}" for name in order),
        ]
    if has_test and (
        ignored := [
            group.label
            for group in evidence.groups.values()
            if group.trained and group not in learned
        ]
    ):
        remarks.append(f"not above the majority-class baseline: {', '.join(ignored)}")
    return Findings(
        parts,
        2,
        missing,
        unit="recall, share",
        convention=describe_convention(
            evidence,
            "recall on the test images, mean of the networks above the majority-class baseline, "
            "which must all agree",
        ),
        remarks=remarks,
    )


def learns(group: Group) -> bool:
    """Check if a group's mean test accuracy is clearly above the majority-class baseline.

    Clearly means by more than 1.96 times sqrt(p (1 - p) / n), with p its accuracy on n test images.
    """
    accuracy = group.test_accuracy
    if accuracy is None:
        return False
    images = sum(map(sum, group.qualities[0].confusion))
    error = math.sqrt(accuracy * (1 - accuracy) / images) if images else math.inf
    return accuracy - _quantile() * error > majority_class_accuracy(group.qualities[0].confusion)


def newcombe(
    first: float, first_images: int, second: float, second_images: int, tests: int = 1
) -> Interval:
    """Return the interval of the difference of two independent shares, Newcombe's method 10.

    Args:
        first: a share.
        first_images: number of images of the first share, at least 1.
        second: the share that is subtracted.
        second_images: number of images of the second share, at least 1.
        tests: number of intervals that must hold simultaneously (Bonferroni).
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        first * first_images,
        first_images,
        second * second_images,
        second_images,
        method="newcomb",
        compare="diff",
        alpha=(1 - LEVEL) / tests,
    )
    return Interval(float(low), float(high))


def _quantile() -> float:
    return NormalDist().inv_cdf(1 - (1 - LEVEL) / 2)


def _recalls(
    evidence: Evidence, learned: Sequence[Group]
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return, for each class, the recall of each network and the number of test images."""
    images: dict[str, int] = {}
    recalls: dict[str, list[float]] = {}
    for index, (name, _) in enumerate(evidence.run.dataset.counts):
        images[name] = sum(learned[0].qualities[0].confusion[index])
        recalls[name] = []
        for group in learned:
            shares = [one.recall[index] for one in group.qualities]
            recalls[name].append(math.fsum(share or 0.0 for share in shares) / len(shares))
    return recalls, images


def _smallest_difference(
    name: str,
    pairs: Sequence[tuple[str, str]],
    each: dict[str, list[float]],
    images: dict[str, int],
    tests: int,
) -> Part:
    """Return the part for the smallest difference of those that decide the statement.

    The statement is that each first class lies above its second. If any pair fails, the failing
    ones decide; otherwise the open ones, if any; otherwise all.
    """
    found = []
    for one, other in pairs:
        differences = [ours - theirs for ours, theirs in zip(each[one], each[other], strict=True)]
        first, second = (math.fsum(each[name]) / len(each[name]) for name in (one, other))
        shares = (first, images[one], second, images[other])
        interval = newcombe(*shares)
        state: State = "open"
        if interval.low > 0 and min(differences) > 0:
            state = "holds"
        elif newcombe(*shares, tests).high < 0 and max(differences) < 0:
            state = "fails"
        text = (
            f"{name}, {one} minus {other} {first - second:+.3f} "
            f"[{interval.low:+.3f}, {interval.high:+.3f}]"
        )
        needs = MORE_DATA
        if interval.low > 0 or interval.high < 0:
            against = sum((difference > 0) != (first > second) for difference in differences)
            text += f", reversed in {against} of {len(differences)} networks" * (against > 0)
            needs = "networks that agree on the order of emotions" if against else MORE_DATA
        found.append(Part(state, text, first - second, interval, needs=needs))
    for wanted in ("fails", "open", "holds"):
        if deciding := [one for one in found if one.state == wanted]:
            return min(deciding, key=lambda part: part.effect or 0.0)
    raise ValueError("pairs is empty; accepted: one pair of classes or more")
