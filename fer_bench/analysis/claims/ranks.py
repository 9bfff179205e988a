"""C4, C5 and C8: networks that rank first in a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import combine_conventions, judge_rivals, part_of
from fer_bench.analysis.claims.measures import (
    list_missing,
    rate_difference,
    validation_accuracies,
    validation_difference,
)
from fer_bench.analysis.claims.values import NETWORKS, Basis, EpochRange, Findings, Network
from fer_bench.metrics.convergence import CONVENTIONS
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.claims.differences import Difference, JudgedDifference
    from fer_bench.analysis.claims.values import Evidence, Metric, Part
    from fer_bench.metrics.convergence import Convention

VGGFACE = Network("vggface", "pretrained")
OPENFACE = Network("openface", "pretrained")
PRETRAINED = tuple(Network(backbone, "pretrained") for backbone in published.BACKBONES)
FIRST_WINDOW = EpochRange(*published.WINDOWS[0])


def vggface_is_most_accurate(evidence: Evidence) -> Findings:
    """Judge C4: pretrained VGG-Face has the best initial and final validation accuracy.

    Initial means after epoch 1. Both are compared among all eight networks: a part holds if
    VGG-Face lies above each of the others, and fails as soon as one lies above VGG-Face.
    """
    rivals = [network for network in NETWORKS if network != VGGFACE]
    parts: list[Part] = []
    for name, epoch in (("initial", 1), ("final", -1)):

        def lead(rival: Network, epoch: int = epoch) -> Difference | None:
            return validation_difference(evidence, VGGFACE, rival, epoch)

        found = judge_rivals(rivals, lead, 2 * len(rivals), "minus {rival}")
        if found is not None:
            accuracies = validation_accuracies(evidence, VGGFACE, epoch)
            mean = sum(accuracies[seed] for seed in found.difference.seeds) / len(
                found.difference.seeds
            )
            basis = _first(VGGFACE, [found], "validation accuracy")
            parts.append(part_of(found, f"{name} {mean:.3f}", basis))
    missing = list_missing(evidence, VGGFACE, *rivals)
    return Findings(parts, 2, missing, "validation accuracy, share")


def vggface_converges_slowest(evidence: Evidence) -> Findings:
    """Judge C5: pretrained VGG-Face has the lowest accuracy MCR of the pretrained networks.

    It is computed over all epochs of the run, under both conventions. Random networks are excluded:
    the claim is about the network that C4 calls the best, and in the paper's Table 2 random
    VGG-Face is even slower.
    """
    rivals = [network for network in PRETRAINED if network != VGGFACE]
    epochs = EpochRange(1, evidence.epochs)
    found = []
    for convention in CONVENTIONS:

        def lead(rival: Network, convention: Convention = convention) -> Difference | None:
            return rate_difference(evidence, rival, VGGFACE, epochs, convention)

        label = f"{{rival}} minus {VGGFACE.label}"
        slowest = judge_rivals(rivals, lead, len(rivals), label)
        if slowest is not None:
            found.append(slowest)
    missing = list_missing(evidence, VGGFACE, *rivals, epochs=2)
    parts = _combined("", found, VGGFACE, "training accuracy")
    return Findings(parts, 1, missing, "accuracy MCR, share per epoch")


def openface_changes_fastest(evidence: Evidence) -> Findings:
    """Judge C8: pretrained OpenFace has the highest accuracy MCR and MOFR of the pretrained ones.

    Both are computed in the first window, epochs 1 to 5, under both conventions: there OpenFace has
    the highest MCR in the paper's Table 2. Over all 20 epochs of that table it has the second
    lowest, above VGG-Face, and in the first window its random network is behind random ResNet-50
    and MobileNet.
    """
    rivals = [network for network in PRETRAINED if network != OPENFACE]
    parts: list[Part] = []
    for name, overfitting in (("MCR", False), ("MOFR", True)):
        found = []
        for convention in CONVENTIONS:

            def lead(
                rival: Network, convention: Convention = convention, overfitting: bool = overfitting
            ) -> Difference | None:
                return rate_difference(
                    evidence, OPENFACE, rival, FIRST_WINDOW, convention, overfitting=overfitting
                )

            label = f"{OPENFACE.label} minus {{rival}}"
            fastest = judge_rivals(rivals, lead, 2 * len(rivals), label)
            if fastest is not None:
                found.append(fastest)
        metrics: list[Metric] = ["training accuracy"]
        if overfitting:
            metrics.append("validation accuracy")
        parts += _combined(name, found, OPENFACE, *metrics)
    missing = list_missing(evidence, OPENFACE, *rivals, epochs=FIRST_WINDOW.last)
    return Findings(parts, 2, missing, "accuracy MCR or MOFR, share per epoch")


def _combined(
    label: str, found: Sequence[JudgedDifference], first: Network, *metrics: Metric
) -> list[Part]:
    """Return one part for the deciding rivals by each convention; none if any is unknown."""
    if len(found) < len(CONVENTIONS):
        return []
    return [combine_conventions(label, found, _first(first, found, *metrics))]


def _first(first: Network, found: Sequence[JudgedDifference], *metrics: Metric) -> Basis:
    """Return the basis of the statement that a network ranks first, ahead of rivals."""
    rivals = tuple(dict.fromkeys(one.rival for one in found if one.rival is not None))
    return Basis((first, *rivals), metrics, 0, holding=(first,), failing=rivals)
