"""Evidence for the claims: differences between the paper's networks, and missing data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import subtract
from fer_bench.analysis.claims.values import Evidence, Network
from fer_bench.analysis.deviations import changed_settings
from fer_bench.metrics.convergence import mean_convergence_rate, mean_overfitting_rate
from fer_bench.protocol import published
from fer_bench.protocol.cells import INITS
from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.claims.values import Difference, EpochRange
    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics.convergence import Convention
    from fer_bench.results.records import Run


def collect_evidence(run: Run, groups: Iterable[Group], pairs: Sequence[Pair]) -> Evidence:
    """Return the evidence of a run from its groups and their pairs."""
    papers = {
        Network(group.backbone, group.init): group
        for group in groups
        if group.backbone in published.BACKBONES
    }
    return Evidence(run, papers, pairs)


def describe_convention(evidence: Evidence, metrics: str) -> str:
    """Describe the metrics that a verdict is based on, and the changed settings."""
    changed = changed_settings(evidence.run)
    changes = [f"changed in this run: {', '.join(changed)}"] if changed else []
    return "; ".join([metrics, *changes])


def list_missing(
    evidence: Evidence, first: Network, *others: Network, epochs: int = 1
) -> list[str]:
    """List what is missing to compare the first network with each of the others.

    Args:
        evidence: evidence of the run.
        first: the first network.
        others: the other networks.
        epochs: minimum number of trained epochs.

    Returns:
        The networks that were not trained, each with the reason; otherwise the missing epochs, or
        the missing common seeds; empty if nothing is missing.
    """
    untrained = list_untrained(evidence, first, *others)
    if untrained:
        return untrained
    if evidence.epochs < epochs:
        return [f"{epochs} epochs or more (this run: {evidence.epochs})"]
    return [
        f"a common seed of {first.label} and {other.label}"
        for other in others
        if not set(evidence.groups[first].seeds) & set(evidence.groups[other].seeds)
    ]


def list_missing_of_pair(evidence: Evidence, first: Network, second: Network) -> list[str]:
    """List why two networks were not compared; empty if they were."""
    if evidence.pair(first, second) is not None:
        return []
    if not evidence.run.dataset.has_test:
        return [NO_TEST]
    return list_missing(evidence, first, second) or [
        f"predictions of {first.label} and {second.label} on the test images"
    ]


def list_untrained(evidence: Evidence, *networks: Network) -> list[str]:
    """List the networks that were not trained, each with the reason."""
    return [
        f"{network.label} ({_reason(evidence, network)})"
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
    ours, theirs = (_validation_accuracies(evidence, one, epoch) for one in (first, second))
    common = ours.keys() & theirs.keys()
    variance = 0.0
    for by_seed in (ours, theirs):
        share = math.fsum(by_seed[seed] for seed in common) / max(1, len(common))
        variance += share * (1 - share)
    return subtract(
        ours,
        theirs,
        math.sqrt(variance / evidence.run.dataset.validation),
        distorted=_list_distorted(evidence, first, second),
    )


def rate_difference(
    evidence: Evidence,
    first: Network,
    second: Network,
    epochs: EpochRange,
    convention: Convention,
    *,
    overfitting: bool = False,
) -> Difference | None:
    """Return the rate of one network minus that of another.

    A rate over k differences telescopes to (end - start) / k, so two of them depend on four
    accuracies. Each has a sampling variance of at most 0.25 / n, which gives the error sqrt(4 *
    0.25 / n) / k, with n training images; if the rate includes validation accuracies, their 1 / n
    is added under the root.
    """
    data = evidence.run.dataset
    steps = epochs.last - epochs.first + (epochs.first > 1 or convention == "untrained")
    variance = 1 / data.train + (1 / data.validation if overfitting else 0)
    return subtract(
        _rates(evidence, first, epochs, convention, overfitting=overfitting),
        _rates(evidence, second, epochs, convention, overfitting=overfitting),
        math.sqrt(variance) / max(steps, 1),
        is_rate=True,
        distorted=_list_distorted(evidence, first, second) if overfitting else (),
    )


def _list_distorted(evidence: Evidence, *networks: Network) -> list[str]:
    """List networks whose validation accuracy batch normalisation distorts in any seed."""
    return [
        network.label
        for network in networks
        if (group := evidence.trained(network)) is not None
        and any(gap.matters for gap in group.batch_norm_gaps)
    ]


def _validation_accuracies(evidence: Evidence, network: Network, epoch: int) -> dict[int, float]:
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
    first, last = epochs
    has_base = first > 1 or convention == "untrained"
    if group is None or last - first + has_base < 1:
        return {}
    rates = {}
    for seed, quality in zip(group.seeds, group.qualities, strict=True):
        history = quality.history
        if history.epochs < last:
            continue
        running = (history.train_accuracy[0], *history.running_accuracy)
        validation = history.validation_accuracy
        if overfitting:
            rates[seed] = mean_overfitting_rate(
                running[first : last + 1],
                validation[first : last + 1],
                untrained=(running[first - 1], validation[first - 1]) if has_base else None,
            )
        else:
            rates[seed] = mean_convergence_rate(
                running[first : last + 1], untrained=running[first - 1] if has_base else None
            )
    return rates
