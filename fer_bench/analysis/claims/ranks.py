"""C4, C5 and C8: networks that rank first in a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import combine_conventions, part_of, state_above
from fer_bench.analysis.claims.evidence import (
    describe_convention,
    list_missing,
    rate_difference,
    validation_difference,
)
from fer_bench.analysis.claims.pretraining import RUNNING_ACCURACY
from fer_bench.analysis.claims.values import (
    NETWORKS,
    EpochRange,
    Findings,
    JudgedDifference,
    Network,
)
from fer_bench.metrics.convergence import CONVENTIONS
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.claims.values import Difference, Evidence

VGGFACE = Network("vggface", "pretrained")
OPENFACE = Network("openface", "pretrained")
PRETRAINED = tuple(Network(backbone, "pretrained") for backbone in published.BACKBONES)
FIRST_WINDOW = EpochRange(*published.WINDOWS[0])


def _deciding_rival(
    leads: Mapping[Network, Difference | None], tests: int, label: str = "{rival}"
) -> JudgedDifference | None:
    """Return the smallest lead of those that decide if a network is first; None if none is known.

    A rival that is ahead decides; otherwise one that cannot be distinguished; otherwise the
    nearest one.

    Args:
        leads: lead of the network over each rival.
        tests: as in ``state_above``.
        label: display text of the result, with ``{rival}`` as placeholder of the rival's name.
    """
    known = [
        JudgedDifference(label.format(rival=rival.label), found, state_above(found, tests=tests))
        for rival, found in leads.items()
        if found is not None
    ]
    for state in ("fails", "open", "holds"):
        if deciding := [one for one in known if one.state == state]:
            return min(deciding, key=lambda one: one.difference.mean)
    return None


def vggface_is_most_accurate(evidence: Evidence) -> Findings:
    """Judge C4: pretrained VGG-Face has the best initial and final validation accuracy.

    Initial means after epoch 1. Both are compared among all eight networks: a part holds if
    VGG-Face lies above each of the others, and fails as soon as one lies above VGG-Face.
    """
    rivals = [network for network in NETWORKS if network != VGGFACE]
    parts = []
    for name, epoch in (("initial", 1), ("final", -1)):
        leads = {rival: validation_difference(evidence, VGGFACE, rival, epoch) for rival in rivals}
        found = _deciding_rival(leads, 2 * len(rivals), "minus {rival}")
        if found is not None:
            seeds = ", ".join(map(str, found.difference.seeds))
            parts.append(part_of(found, f"{name} {found.difference.first_mean:.3f} (seed {seeds})"))
    return Findings(
        parts,
        2,
        list_missing(evidence, VGGFACE, *rivals),
        unit="validation accuracy, share",
        convention=describe_convention(
            evidence, "validation accuracy after epoch 1 and after the last"
        ),
    )


def vggface_converges_slowest(evidence: Evidence) -> Findings:
    """Judge C5: pretrained VGG-Face has the lowest accuracy MCR of the pretrained networks.

    It is computed over all epochs of the run, under both conventions. Random networks are excluded:
    the claim is about the network that C4 calls the best, and in the paper's Table 2 random
    VGG-Face is even slower.
    """
    rivals = [network for network in PRETRAINED if network != VGGFACE]
    epochs = EpochRange(1, evidence.epochs)
    found: list[JudgedDifference] = []
    for convention in CONVENTIONS:
        leads = {
            rival: rate_difference(evidence, rival, VGGFACE, epochs, convention) for rival in rivals
        }
        slowest = _deciding_rival(leads, len(rivals), f"{{rival}} minus {VGGFACE.label}")
        if slowest is not None:
            found.append(slowest)
    return Findings(
        [combine_conventions("", found)] if len(found) == len(CONVENTIONS) else [],
        1,
        list_missing(evidence, VGGFACE, *rivals, epochs=2),
        unit="accuracy MCR, share per epoch",
        convention=describe_convention(evidence, f"{RUNNING_ACCURACY}; pretrained networks"),
    )


def openface_changes_fastest(evidence: Evidence) -> Findings:
    """Judge C8: pretrained OpenFace has the highest accuracy MCR and MOFR of the pretrained ones.

    Both are computed in the first window, epochs 1 to 5, under both conventions: there OpenFace has
    the highest MCR in the paper's Table 2. Over all 20 epochs of that table it has the second
    lowest, above VGG-Face, and in the first window its random network is behind random ResNet-50
    and MobileNet.
    """
    rivals = [network for network in PRETRAINED if network != OPENFACE]
    parts = []
    for name, overfitting in (("MCR", False), ("MOFR", True)):
        found: list[JudgedDifference] = []
        for convention in CONVENTIONS:
            leads = {
                rival: rate_difference(
                    evidence, OPENFACE, rival, FIRST_WINDOW, convention, overfitting=overfitting
                )
                for rival in rivals
            }
            fastest = _deciding_rival(leads, 2 * len(rivals), f"{OPENFACE.label} minus {{rival}}")
            if fastest is not None:
                found.append(fastest)
        if len(found) == len(CONVENTIONS):
            parts.append(combine_conventions(name, found))
    return Findings(
        parts,
        2,
        list_missing(evidence, OPENFACE, *rivals, epochs=FIRST_WINDOW.last),
        unit="accuracy MCR or MOFR, share per epoch",
        convention=describe_convention(
            evidence, f"{RUNNING_ACCURACY}; epochs 1 to 5; pretrained networks"
        ),
    )
