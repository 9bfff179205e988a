"""Metrics of the paper's networks in a run, compared over seeds, and what a run lacks for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.claims.differences import Difference, contrast
from fer_bench.analysis.claims.values import NOT_RUN, Missing, Network
from fer_bench.metrics.convergence import (
    CONVENTIONS,
    mean_convergence_rate,
    mean_overfitting_rate,
)
from fer_bench.metrics.intervals import zero_count_upper_bound
from fer_bench.protocol.cell import INITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.claims.values import EpochRange, Evidence
    from fer_bench.results.quality import History

NO_TEST_PART = Missing("no test part", "a split with a test part")
_QUANTILE = 1.959963984540054


def list_missing(evidence: Evidence, *networks: Network, epochs: int = 1) -> list[Missing]:
    """List what is missing to compare the first network with the others.

    These are the networks that were not trained, each with the reason; otherwise the epochs, if
    fewer than ``epochs`` were trained; otherwise the seeds in common.
    """
    untrained = list_untrained(evidence, *networks)
    if untrained:
        return untrained
    if evidence.epochs < epochs:
        needs = f"{epochs} epochs or more (this run: {evidence.epochs})"
        return [Missing("too few epochs", needs)]
    first, *others = networks
    return [
        Missing("no common seed", f"a common seed of {first.label} and {other.label}")
        for other in others
        if not set(evidence.groups[first].seeds) & set(evidence.groups[other].seeds)
    ]


def list_missing_tests(evidence: Evidence, *networks: Network) -> list[Missing]:
    """List what is missing to compare networks on the test images, as ``list_missing``."""
    if not evidence.run.dataset.test:
        return [NO_TEST_PART]
    if found := list_missing(evidence, *networks):
        return found
    unknown = [one.label for one in networks if evidence.groups[one].correct is None]
    if not unknown:
        return []
    return [Missing("no predictions", f"predictions of {' and '.join(unknown)} on the test images")]


def list_untrained(evidence: Evidence, *networks: Network) -> list[Missing]:
    """List the networks that were not trained, each with the reason."""
    missing = []
    for network in networks:
        if evidence.trained(network) is None:
            group = evidence.groups.get(network)
            status = "not requested" if group is None else group.cells[0].status
            reason = "not trained" if status == "ok" else status
            missing.append(Missing(NOT_RUN, f"{network.label} ({reason})"))
    return missing


def parameter_count(evidence: Evidence, network: Network) -> int | None:
    """Return a backbone's number of weights, from any of its cells that records it."""
    inits = (network._replace(init=init) for init in INITS)
    counts = (cell.parameters for one in inits for cell in evidence.cells(one) if cell.parameters)
    return next((one.backbone for one in counts), None)


def accuracy_contrast(evidence: Evidence, weights: Mapping[Network, float]) -> Difference | None:
    """Return a weighted sum of the networks' test accuracies, over their common seeds.

    The networks see the same images: the sampling error is that of the mean over the images of the
    weighted sum of their results on each. If that sum is the same for all images, a share may
    differ without having been sampled: the upper bound for 0 of n takes the place of the error.

    Returns:
        None if a network was not trained, its predictions are unknown, or no seed is common.
    """
    groups = [group for one in weights if (group := evidence.trained(one)) is not None]
    known = [group.correct for group in groups if group.correct is not None and group.correct.size]
    if len(known) < len(weights):
        return None
    common = sorted(set.intersection(*(set(group.seeds) for group in groups)))
    if not common:
        return None
    by_seed: list[tuple[float, dict[int, float]]] = []
    per_image = np.zeros(known[0].shape[1])
    for weight, group, correct in zip(weights.values(), groups, known, strict=True):
        rows = correct[[group.seeds.index(seed) for seed in common]]
        by_seed.append((weight, dict(zip(common, rows.mean(axis=1).tolist(), strict=True))))
        per_image += weight * rows.mean(axis=0)
    images = len(per_image)
    error = float(np.std(per_image)) / math.sqrt(images)
    if error < 1e-9:  # rounding of equal sums
        error = zero_count_upper_bound(images, 0.95) / _QUANTILE
    return contrast(by_seed, error)


def accuracy_difference(evidence: Evidence, first: Network, second: Network) -> Difference | None:
    """Return the first network's test accuracy minus the second's: see ``accuracy_contrast``."""
    return accuracy_contrast(evidence, {first: 1.0, second: -1.0})


def validation_difference(
    evidence: Evidence, first: Network, second: Network, epoch: int
) -> Difference | None:
    """Return the difference of two networks' validation accuracies, over their common seeds.

    Its error is that of two binomial shares of different images, sqrt(p (1 - p) / n + q (1 - q) /
    n). It is too large rather than too small, since both networks see the same images but per-image
    validation results are not stored. Epoch -1 is the last.
    """
    sides = [validation_accuracies(evidence, one, epoch) for one in (first, second)]
    common = sides[0].keys() & sides[1].keys()
    variance = 0.0
    for by_seed in sides:
        share = math.fsum(by_seed[seed] for seed in common) / max(1, len(common))
        variance += share * (1 - share)
    error = math.sqrt(variance / evidence.run.dataset.validation)
    return contrast([(1.0, sides[0]), (-1.0, sides[1])], error)


def validation_accuracies(evidence: Evidence, network: Network, epoch: int) -> dict[int, float]:
    """Return validation accuracy by seed after an epoch (-1: the last); empty if untrained."""
    histories = evidence.histories(network).items()
    return {seed: history.validation_accuracy[epoch] for seed, history in histories}


def rate_differences(
    evidence: Evidence,
    first: Network,
    second: Network,
    epochs: EpochRange,
    *,
    overfitting: bool = False,
) -> list[Difference]:
    """Return the rate of one network minus that of another, over a range of epochs.

    There is one for each of ``CONVENTIONS``, or none if one is unknown. As a window of
    ``metrics.convergence``, a range a to b holds the differences from epoch a to b + 1 (or the
    last) under ``consecutive``, and from epoch a - 1 to b under ``untrained``.

    A rate over k differences telescopes to (end - start) / k, so two of them depend on four
    accuracies. Each has a sampling variance of at most 0.25 / n, which gives the error sqrt(4 *
    0.25 / n) / k, with n training images; if the rate includes validation accuracies, their 1 / n
    is added under the root.
    """
    data = evidence.run.dataset
    variance = 1 / data.train + (1 / data.validation if overfitting else 0)
    found = []
    for convention in CONVENTIONS:
        start, end = epochs.first - 1, epochs.last
        if convention == "consecutive":
            start, end = epochs.first, min(epochs.last + 1, evidence.epochs)
        if end <= start:
            return []
        rates, others = (
            {
                seed: _rate(history, slice(start, end + 1), overfitting=overfitting)
                for seed, history in evidence.histories(network).items()
                if history.epochs >= max(end, epochs.last)
            }
            for network in (first, second)
        )
        error = math.sqrt(variance) / (end - start)
        one = contrast([(1.0, rates), (-1.0, others)], error, is_rate=True)
        if one is None:
            return []
        found.append(one)
    return found


def _rate(history: History, epochs: slice, *, overfitting: bool) -> float:
    running = (history.train_accuracy[0], *history.running_accuracy)[epochs]
    if overfitting:
        return mean_overfitting_rate(running, history.validation_accuracy[epochs])
    return mean_convergence_rate(running)


def training_excess(
    evidence: Evidence, network: Network, epochs: EpochRange, threshold: float
) -> Difference | None:
    """Return the highest training accuracy during any of the epochs, minus a threshold."""
    highest = {
        seed: max(history.running_accuracy[epochs.first - 1 : epochs.last])
        for seed, history in evidence.histories(network).items()
        if evidence.epochs >= epochs.last
    }
    if not highest:
        return None
    mean = math.fsum(highest.values()) / len(highest)
    error = math.sqrt(mean * (1 - mean) / evidence.run.dataset.train)
    return contrast([(1.0, highest), (-threshold, dict.fromkeys(highest, 1.0))], error)
