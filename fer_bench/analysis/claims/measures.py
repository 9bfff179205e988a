"""Metrics of the paper's networks in a run, compared over seeds, and what a run lacks for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.claims.differences import Difference, contrast
from fer_bench.analysis.claims.values import NOT_RUN, Evidence, Missing, Network
from fer_bench.metrics.convergence import (
    CONVENTIONS,
    mean_convergence_rate,
    mean_overfitting_rate,
)
from fer_bench.metrics.intervals import zero_count_upper_bound
from fer_bench.protocol import published
from fer_bench.protocol.cell import INITS
from fer_bench.protocol.head import LINEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.claims.values import EpochRange
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics.convergence import Convention
    from fer_bench.results.records import Run

NO_TEST_PART = Missing("no test part", "a split with a test part")
_QUANTILE = 1.959963984540054


def collect_evidence(run: Run, groups: Iterable[Group]) -> Evidence:
    """Return the evidence of a run from its groups."""
    papers = {
        Network(group.backbone, group.init): group
        for group in groups
        if group.backbone in published.BACKBONES and group.head == LINEAR
    }
    return Evidence(run, papers)


def list_missing(evidence: Evidence, *networks: Network, epochs: int = 1) -> list[Missing]:
    """List what is missing to compare networks.

    Args:
        evidence: evidence of the run.
        networks: the first network and those that it is compared with.
        epochs: minimum number of trained epochs.

    Returns:
        The networks that were not trained, each with the reason; otherwise the missing epochs, or
        the missing common seeds; empty if nothing is missing.
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
    return [
        Missing(NOT_RUN, f"{network.label} ({_reason(evidence, network)})")
        for network in networks
        if evidence.trained(network) is None
    ]


def _reason(evidence: Evidence, network: Network) -> str:
    if network not in evidence.groups:
        return "not requested"
    status = evidence.groups[network].cells[0].status
    return "not trained" if status == "ok" else status


def parameter_count(evidence: Evidence, backbone: str) -> int | None:
    """Return a backbone's number of weights, from any of its cells that records it."""
    for init in INITS:
        group = evidence.groups.get(Network(backbone, init))
        for cell in () if group is None else group.cells:
            if cell.parameters is not None:
                return cell.parameters.backbone
    return None


def accuracy_contrast(evidence: Evidence, weights: Mapping[Network, float]) -> Difference | None:
    """Return a weighted sum of the networks' test accuracies, over their common seeds.

    The networks see the same images: the sampling error is that of the mean over the images of the
    weighted sum of their results on each. If that sum is the same for all images, a share may
    differ without having been sampled: the upper bound for 0 of n takes the place of the error.

    Returns:
        None if a network was not trained, its predictions are unknown, or no seed is common.
    """
    groups = {network: evidence.trained(network) for network in weights}
    known = {
        network: group
        for network, group in groups.items()
        if group is not None and group.correct is not None and group.correct.size
    }
    if len(known) < len(weights):
        return None
    common = sorted(set.intersection(*(set(group.seeds) for group in known.values())))
    if not common:
        return None
    by_seed: list[tuple[float, dict[int, float]]] = []
    per_image = 0.0
    for network, group in known.items():
        rows = np.asarray(group.correct)[[group.seeds.index(seed) for seed in common]]
        shares = dict(zip(common, rows.mean(axis=1).tolist(), strict=True))
        by_seed.append((weights[network], shares))
        per_image = per_image + weights[network] * rows.mean(axis=0)
    images = np.size(per_image)
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
    validation results are not stored.

    Args:
        evidence: evidence of the run.
        first: the first network.
        second: the network whose accuracy is subtracted.
        epoch: number of the epoch; -1 for the last.
    """
    sides = [validation_accuracies(evidence, one, epoch) for one in (first, second)]
    common = sides[0].keys() & sides[1].keys()
    variance = 0.0
    for by_seed in sides:
        share = math.fsum(by_seed[seed] for seed in common) / max(1, len(common))
        variance += share * (1 - share)
    error = math.sqrt(variance / evidence.run.dataset.validation)
    return contrast([(1.0, sides[0]), (-1.0, sides[1])], error)


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
        start, end = _ends(epochs, convention, evidence.epochs)
        rates, others = (
            _rates(evidence, network, epochs, convention, overfitting=overfitting)
            for network in (first, second)
        )
        error = math.sqrt(variance) / max(end - start, 1)
        found.append(contrast([(1.0, rates), (-1.0, others)], error, is_rate=True))
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else []


def training_excess(
    evidence: Evidence, network: Network, epochs: EpochRange, threshold: float
) -> Difference | None:
    """Return the highest training accuracy during any of the epochs, minus a threshold."""
    group = evidence.trained(network)
    if group is None or evidence.epochs < epochs.last:
        return None
    highest = {
        seed: max(one.history.running_accuracy[epochs.first - 1 : epochs.last])
        for seed, one in zip(group.seeds, group.qualities, strict=True)
    }
    mean = math.fsum(highest.values()) / len(highest)
    error = math.sqrt(mean * (1 - mean) / evidence.run.dataset.train)
    return contrast([(1.0, highest), (-threshold, dict.fromkeys(highest, 1.0))], error)


def validation_accuracies(evidence: Evidence, network: Network, epoch: int) -> dict[int, float]:
    """Return validation accuracy by seed after an epoch (-1: the last); empty if untrained."""
    group = evidence.trained(network)
    if group is None:
        return {}
    accuracies = [one.history.validation_accuracy[epoch] for one in group.qualities]
    return dict(zip(group.seeds, accuracies, strict=True))


def _rates(
    evidence: Evidence,
    network: Network,
    epochs: EpochRange,
    convention: Convention,
    *,
    overfitting: bool,
) -> dict[int, float]:
    """Return the rate of accuracy over a range of epochs, by seed.

    Empty if the network was not trained that long, or if the range contains no difference.
    """
    group = evidence.trained(network)
    start, end = _ends(epochs, convention, evidence.epochs)
    if group is None or end <= start:
        return {}
    rates = {}
    for seed, quality in zip(group.seeds, group.qualities, strict=True):
        history = quality.history
        if history.epochs < max(end, epochs.last):
            continue
        running = (history.train_accuracy[0], *history.running_accuracy)[start : end + 1]
        if overfitting:
            validation = history.validation_accuracy[start : end + 1]
            rates[seed] = mean_overfitting_rate(running, validation)
        else:
            rates[seed] = mean_convergence_rate(running)
    return rates


def _ends(epochs: EpochRange, convention: Convention, trained: int) -> tuple[int, int]:
    """Return the epochs whose metrics a rate over a range is the difference of.

    Args:
        epochs: the range.
        convention: convention of the first difference.
        trained: number of trained epochs.
    """
    if convention == "untrained":
        return epochs.first - 1, epochs.last
    return epochs.first, min(epochs.last + 1, trained)
