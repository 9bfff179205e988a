"""C4, C5 and C8: networks that rank first in a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import part_of
from fer_bench.analysis.claims.measures import (
    list_missing,
    rate_differences,
    validation_accuracies,
    validation_difference,
)
from fer_bench.analysis.claims.values import (
    NETWORKS,
    OPENFACE,
    PRETRAINED,
    VGGFACE,
    Basis,
    EpochRange,
    Findings,
    Network,
    Part,
)
from fer_bench.analysis.number_text import percent
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims.values import Evidence, Metric

FIRST_WINDOW = EpochRange(*published.WINDOWS[0])


def vggface_is_most_accurate(evidence: Evidence) -> Findings:
    """Judge C4: pretrained VGG-Face has the best initial and final validation accuracy."""
    rivals = [network for network in NETWORKS if network != VGGFACE]
    rankings: list[list[Part]] = []
    for name, epoch in (("initial", 1), ("final", -1)):
        accuracies = validation_accuracies(evidence, VGGFACE, epoch)
        parts = []
        for rival in rivals:
            lead = validation_difference(evidence, VGGFACE, rival, epoch)
            if lead is None:
                continue
            mean = sum(accuracies[seed] for seed in lead.by_seed) / len(lead.by_seed)
            label = f"{name} {percent(mean)}, {VGGFACE.label} minus {rival.label}"
            basis = Basis.of_lead(VGGFACE, rival, "validation accuracy")
            parts.append(part_of(label, [lead], basis, tests=2 * len(rivals)))
        if parts:
            rankings.append(parts)
    missing = list_missing(evidence, VGGFACE, *rivals)
    return Findings(rankings, 2, missing, "validation accuracy, share")


def vggface_converges_slowest(evidence: Evidence) -> Findings:
    """Judge C5: pretrained VGG-Face has the lowest accuracy MCR of the pretrained networks.

    Random networks are excluded: the claim is about the network that C4 calls the best, and in the
    paper's Table 2 random VGG-Face is even slower.
    """
    rivals = [network for network in PRETRAINED if network != VGGFACE]
    epochs = EpochRange(1, evidence.epochs)
    rankings = _rank_by_rate(evidence, VGGFACE, rivals, epochs, len(rivals), lowest=True)
    missing = list_missing(evidence, VGGFACE, *rivals, epochs=2)
    return Findings(rankings, 1, missing, "accuracy MCR, share per epoch")


def openface_changes_fastest(evidence: Evidence) -> Findings:
    """Judge C8: pretrained OpenFace has the highest accuracy MCR and MOFR of the pretrained ones.

    Both are computed in the first window, where OpenFace has the highest MCR in the paper's Table
    2. Over all 20 epochs of that table it has the second highest, below ResNet-50, and in the first
    window its random network is behind random ResNet-50 and MobileNet.
    """
    rivals = [network for network in PRETRAINED if network != OPENFACE]
    tests = 2 * len(rivals)
    rankings = [
        *_rank_by_rate(evidence, OPENFACE, rivals, FIRST_WINDOW, tests),
        *_rank_by_rate(evidence, OPENFACE, rivals, FIRST_WINDOW, tests, overfitting=True),
    ]
    missing = list_missing(evidence, OPENFACE, *rivals, epochs=FIRST_WINDOW.last)
    return Findings(rankings, 2, missing, "accuracy MCR or MOFR, share per epoch")


def _rank_by_rate(
    evidence: Evidence,
    network: Network,
    rivals: Sequence[Network],
    epochs: EpochRange,
    tests: int,
    *,
    lowest: bool = False,
    overfitting: bool = False,
) -> list[list[Part]]:
    """Return the ranking of a network by accuracy MCR, or MOFR, under both conventions.

    It ranks first with the highest rate, or with the lowest. The list is empty if no rival has a
    rate under both conventions.
    """
    metrics: list[Metric] = ["training accuracy"]
    name = "MCR"
    if overfitting:
        metrics.append("validation accuracy")
        name = "MOFR"
    parts = []
    for rival in rivals:
        first, second = (rival, network) if lowest else (network, rival)
        leads = rate_differences(evidence, first, second, epochs, overfitting=overfitting)
        if leads:
            label = f"{name} {first.label} minus {second.label}"
            basis = Basis.of_lead(network, rival, *metrics)
            parts.append(part_of(label, leads, basis, tests=tests))
    return [parts] if parts else []
