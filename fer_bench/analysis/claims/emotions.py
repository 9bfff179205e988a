"""C9, C14 and C15: recall of the emotions, and confidence on disputed labels."""

from __future__ import annotations

import dataclasses
import math
from itertools import permutations
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.claims.differences import MORE_DATA, contrast, part_of
from fer_bench.analysis.claims.guards import (
    AT_BASELINE,
    has_learned,
    is_distorted,
    missing_statistics,
)
from fer_bench.analysis.claims.measures import NO_TEST_PART, list_untrained
from fer_bench.analysis.claims.values import (
    LEVEL,
    NETWORKS,
    NOT_MEASURABLE,
    NOT_RUN,
    WITHIN_NOISE,
    Basis,
    Missing,
    Part,
)
from fer_bench.analysis.number_text import TOO_WIDE, is_uninformative, signed_points
from fer_bench.metrics import Interval, newcombe_interval
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fer_bench.analysis.claims.values import Evidence, Finding, Network, State

    Recalls = Mapping[str, Sequence[Sequence[float]]]
    """Recalls of each class, by network and seed."""

BEST = ("Happy", "Angry", "Fear", "Surprise")
WORST = "Disgust"
LEAST_NETWORKS = 2
"""Minimum number of networks; with fewer, nothing is known of how networks differ."""


def emotions_rank_as_stated(evidence: Evidence) -> Iterator[Finding]:
    """Judge C9: happiness, anger, fear and surprise are recognised best, disgust worst.

    The metric is recall on the test images, averaged over the networks that learned anything (each
    averaged over its seeds). A network that predicts one class for every image shows nothing about
    emotions.

    A difference of two emotions counts as shown if the interval of its mean (``_interval``)
    excludes 0 and each of those networks, two or more, has it in the same direction, so that the
    mean does not depend on a single network: this covers the variation between networks. If any of
    the eight networks is missing, neither part is decided, since that network would change the
    mean.
    """
    learned, missing = _learned(evidence)
    missing = [*list_untrained(evidence, *NETWORKS), *missing]
    yield from missing
    if learned:
        recalls = _recalls(evidence, learned)
        others = [name for name in published.COUNTS if name not in BEST]
        best = [(name, other) for name in BEST for other in others]
        worst = [(name, WORST) for name in published.COUNTS if name != WORST]
        tests = len({*best, *worst})
        images = _images(evidence, learned[0])
        for name, chosen in (("best", best), ("worst", worst)):
            part = _smallest_difference(name, chosen, recalls, images, tests)
            yield _based(part, learned, evidence, missing)
        yield _recall_text(recalls)
    if ignored := [
        group.label
        for network, group in evidence.groups.items()
        if group.trained and not has_learned(evidence, network)
    ]:
        yield f"not above the majority-class baseline: {', '.join(ignored)}"


def rarest_is_worst(evidence: Evidence) -> Iterator[Finding]:
    """Judge C14: disgust is recognised worst because it is the rarest class.

    The first part is the rank correlation of recall and class size over the classes, with the exact
    one-sided p-value of all permutations; the metric is recall as in C9. A single network decides
    nothing. A correlation shows no cause: the second part needs trainings with class weights next
    to those without, which no single run has.
    """
    learned, missing = _learned(evidence)
    yield from missing
    yield Missing(
        NOT_MEASURABLE,
        f"recall of {WORST} with class weights in training (--class-weight=balanced): a run has "
        "one setting for all networks, and a verdict is from one run",
    )
    if learned:
        recalls = _recalls(evidence, learned)
        means = [fmean(map(fmean, shares)) for shares in recalls.values()]
        rho, p_value, p_below = rank_correlation(means, [n for _, n in evidence.run.dataset.counts])
        state: State = "holds" if p_value < 1 - LEVEL else "open"
        if p_below < 1 - LEVEL:
            state = "fails"
        text = f"rank correlation of recall and class size {rho:+.2f}, p = {p_value:.3f}"
        part = Part(state, text, rho, needs="more classes")
        yield _based(part, learned, evidence, missing)
        yield _recall_text(recalls)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """Return Spearman's rank correlation of two short series, and exact one-sided p-values.

    Args:
        first: the series, at most 9 values, as all permutations are listed.
        second: as many values.

    Returns:
        The correlation, 0 if a series is constant, and the shares of permutations with at least,
        and at most, this correlation.
    """
    from scipy.stats import rankdata

    # The mean of n ranks is (n + 1) / 2.
    one, other = (rankdata(values) - (len(values) + 1) / 2 for values in (first, second))
    scale = math.sqrt(float(one @ one) * float(other @ other))
    if scale == 0:
        return 0.0, 1.0, 1.0
    found = float(one @ other) / scale
    every = np.array(list(permutations(one))) @ other / scale
    at_least, at_most = (every >= found - 1e-9).mean(), (every <= found + 1e-9).mean()
    return found, float(at_least), float(at_most)


def disputed_labels_lower_confidence(evidence: Evidence) -> Iterator[Finding]:
    """Judge C15: networks are less confident on images whose label the FER+ votes dispute.

    The metric is the confidence of the prediction, averaged over the networks that learned
    anything, on disputed images (the vote is another class or tied) minus on all others. A single
    network decides nothing.
    """
    learned, missing = _learned(evidence)
    yield from missing
    data = evidence.run.dataset
    if not len(data.votes):
        yield Missing("no votes", "FER+ votes (--votes=fer2013new.csv)")
        return
    disputed = data.votes != data.labels if len(data.labels) else np.zeros(0, bool)
    groups = [evidence.groups[network] for network in learned]
    seeds = sorted(set.intersection(*(set(one.seeds) for one in groups))) if groups else []
    known = all(len(one.predictions) == len(one.trained) for one in groups)
    if not seeds or not known or not 1 < disputed.sum() < len(disputed) - 1:
        if not missing:
            yield Missing("no predictions", "predictions and labels")
        return
    # Seeds by images, averaged over the networks.
    confidence = np.mean(
        [[one.predictions[one.seeds.index(seed)].confidence for seed in seeds] for one in groups],
        axis=0,
    )
    sides = [confidence[:, disputed], confidence[:, ~disputed]]
    variance = sum(side.mean(axis=0).var(ddof=1) / side.shape[1] for side in sides)
    by_seed = [dict(zip(seeds, side.mean(axis=1).tolist(), strict=True)) for side in sides]
    gap = contrast([(1.0, by_seed[0]), (-1.0, by_seed[1])], math.sqrt(variance))
    if gap is None:
        raise AssertionError("the seeds are common")
    label = (
        f"confidence on {int(disputed.sum()):,} disputed minus {int((~disputed).sum()):,} other "
        "images"
    )
    part = part_of(label, [gap], Basis((), ()), above=-math.inf, below=0.0)
    yield _based(part, learned, evidence, missing)


def _learned(evidence: Evidence) -> tuple[tuple[Network, ...], list[Missing]]:
    """Return the networks that learned something, and what is missing to judge by them."""
    if not evidence.run.dataset.test:
        return (), [NO_TEST_PART]
    found = tuple(network for network in evidence.groups if has_learned(evidence, network))
    if found and 0 in (images := _images(evidence, found[0])).values():
        empty = next(name for name, count in images.items() if not count)
        return (), [Missing("no test images of a class", f"test images of {empty}")]
    if len(found) >= LEAST_NETWORKS:
        return found, []
    trained = any(group.trained for group in evidence.groups.values())
    needs = (
        f"{LEAST_NETWORKS} networks or more above the majority-class baseline "
        f"(this run: {len(found)})"
    )
    # Evaluation of a distorted network cannot show if it learned anything.
    missing = missing_statistics(evidence, evidence.groups)
    return found, [*missing, Missing(AT_BASELINE if trained else NOT_RUN, needs)]


def _based(
    part: Part, learned: Sequence[Network], evidence: Evidence, missing: Sequence[Missing]
) -> Part:
    """Return a part on a mean over the networks that learned something, with its basis.

    The basis includes each distorted network, which may be missing from them because of the
    distortion. The part holds or fails only so far if anything is missing.
    """
    distorted = [network for network in evidence.groups if is_distorted(evidence, network)]
    return dataclasses.replace(
        part,
        state="so far" if missing else part.state,
        basis=Basis(tuple(dict.fromkeys([*learned, *distorted])), ("test images",)),
        seeds=min(len(evidence.groups[network].trained) for network in learned),
    )


def _recall_text(recalls: Recalls) -> str:
    means = {name: fmean(map(fmean, shares)) for name, shares in recalls.items()}
    networks = len(next(iter(recalls.values())))
    order = sorted(means, key=lambda name: -means[name])
    head = f"recall in %, mean of {networks} networks: " if networks > 1 else "recall in %: "
    return head + ", ".join(f"{name} {100 * means[name]:.1f}" for name in order)


def _images(evidence: Evidence, network: Network) -> dict[str, int]:
    """Return the number of test images of each class, which a network was tested on."""
    names = [name for name, _ in evidence.run.dataset.counts]
    confusion = evidence.groups[network].qualities[0].confusion
    return dict(zip(names, map(sum, confusion), strict=True))


def _recalls(evidence: Evidence, learned: Sequence[Network]) -> dict[str, list[list[float]]]:
    """Return each class's recalls, by network and seed."""
    groups = [evidence.groups[network] for network in learned]
    return {
        name: [[one.recall[index] or 0.0 for one in group.qualities] for group in groups]
        for index, (name, _) in enumerate(evidence.run.dataset.counts)
    }


def _interval(
    differences: Sequence[Sequence[float]],
    hits: tuple[float, float],
    images: tuple[int, int],
    tests: int = 1,
) -> Interval:
    """Return the interval of a mean over networks, each a mean over its seeds.

    Each half width is the root of a**2 + b**2. a is that over the images: classes have different
    ones, so it is that of two independent shares by Newcombe's method. Its sample size is the
    number of images of the class also for several networks: these see the same images, so it is too
    wide rather than too narrow. b is that over the seeds, the root of the sum of (t_k / K)**2 W_k
    over the K networks, where W_k is a network's variance over its seeds divided by their number
    and t_k the quantile of Student's t (Banerjee, as in ``fer_bench.metrics.compare``).

    Args:
        differences: differences by network and seed; a network with one seed adds no variation.
        hits: mean number of recognised images of both classes.
        images: number of images of both classes.
        tests: number of intervals that must hold simultaneously (Bonferroni).
    """
    # scipy.special instead of scipy.stats, whose import takes most of a second.
    from scipy.special import stdtrit

    over_images = newcombe_interval(hits, images, 1 - (1 - LEVEL) / tests)
    level = 1 - (1 - LEVEL) / (2 * tests)
    half = math.hypot(
        *(
            float(stdtrit(len(one) - 1, level)) * stdev(one) / math.sqrt(len(one))
            for one in differences
            if len(one) > 1
        )
    ) / len(differences)
    mean = fmean(map(fmean, differences))
    return Interval(
        max(-1.0, mean - math.hypot(mean - over_images.low, half)),
        min(1.0, mean + math.hypot(over_images.high - mean, half)),
    )


def _smallest_difference(
    name: str,
    pairs: Sequence[tuple[str, str]],
    recalls: Recalls,
    images: Mapping[str, int],
    tests: int,
) -> Part:
    """Return the part for the smallest difference of those that decide the statement.

    The statement is that each first class lies above its second. If any pair fails, the failing
    ones decide; otherwise the open ones, if any; otherwise all.
    """
    found = []
    for one, other in pairs:
        by_seed = [
            [ours - theirs for ours, theirs in zip(*sides, strict=True)]
            for sides in zip(recalls[one], recalls[other], strict=True)
        ]
        differences = list(map(fmean, by_seed))
        first, second = (fmean(map(fmean, recalls[name])) for name in (one, other))
        counts = images[one], images[other]
        shares = by_seed, (first * counts[0], second * counts[1]), counts
        interval = _interval(*shares)
        state: State = "open"
        if interval.low > 0 and min(differences) > 0:
            state = "holds"
        elif _interval(*shares, tests).high < 0 and max(differences) < 0:
            state = "fails"
        digits = (
            f"{signed_points(first - second)} points "
            f"[{signed_points(interval.low)}, {signed_points(interval.high)}]"
        )
        text = f"{name}, {one} minus {other} "
        text += TOO_WIDE if is_uninformative(interval) else digits
        cause, needs = WITHIN_NOISE, MORE_DATA
        against = sum((difference > 0) != (first > second) for difference in differences)
        if against and (interval.low > 0 or interval.high < 0):
            text += f", reversed in {against} of {len(differences)} networks"
            cause, needs = "networks disagree", "networks that agree on the order of emotions"
        found.append(Part(state, text, first - second, interval, cause, needs))
    order = ("fails", "open", "holds")
    return min(found, key=lambda part: (order.index(part.state), part.effect or 0.0))
