"""C4, C5 and C8: networks that rank first in a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.differences import Judged, agreed
from fer_bench.analysis.claims.evidence import EVERY, Evidence, Key, Span
from fer_bench.analysis.claims.pretraining import FIGURES
from fer_bench.analysis.claims.verdict import Findings
from fer_bench.metrics.convergence import CONVENTIONS
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.claims.differences import Gap

VGGFACE = Key("vggface", "pretrained")
OPENFACE = Key("openface", "pretrained")
PRETRAINED = tuple(Key(backbone, "pretrained") for backbone in published.BACKBONES)
FIRST_WINDOW = Span(*published.WINDOWS[0])


def _nearest(gaps: Mapping[Key, Gap | None], tests: int, label: str = "{rival}") -> Judged | None:
    """Return the smallest gap of those that decide if a network is first, or None if none is known.

    A rival that is ahead decides; otherwise one that cannot be distinguished; otherwise the
    nearest.

    Args:
        gaps: lead of the network over each rival.
        tests: as in ``Gap.above``.
        label: display text of the result, with ``{rival}`` as placeholder of the rival's name.
    """
    known = [
        Judged(label.format(rival=rival.label), found, found.above(tests=tests))
        for rival, found in gaps.items()
        if found is not None
    ]
    for state in ("fails", "open", "holds"):
        if deciding := [one for one in known if one.state == state]:
            return min(deciding, key=lambda one: one.gap.effect)
    return None


def vggface_is_most_accurate(evidence: Evidence) -> Findings:
    """Judge C4: pretrained VGG-Face has the best initial and final validation accuracy.

    Initial means after epoch 1. Both are compared among all eight networks: a part holds if
    VGG-Face lies above each of the others, and fails as soon as one lies above VGG-Face.
    """
    rivals = [key for key in EVERY if key != VGGFACE]
    parts = []
    for name, epoch in (("initial", 1), ("final", -1)):
        gaps = {rival: evidence.validation_gap(VGGFACE, rival, epoch) for rival in rivals}
        found = _nearest(gaps, 2 * len(rivals), "minus {rival}")
        if found is not None:
            seeds = ", ".join(map(str, found.gap.seeds))
            parts.append(found.part(f"{name} {found.gap.own:.3f} (seed {seeds})"))
    return Findings(
        parts,
        2,
        evidence.lack(VGGFACE, *rivals),
        unit="validation accuracy, share",
        convention=evidence.convention("validation accuracy after epoch 1 and after the last"),
    )


def vggface_converges_slowest(evidence: Evidence) -> Findings:
    """Judge C5: pretrained VGG-Face has the lowest accuracy MCR of the pretrained networks.

    It is computed over all epochs of the run, under both conventions. Random networks are excluded:
    the claim is about the network that C4 calls the best, and in the paper's Table 2 random
    VGG-Face is even slower.
    """
    rivals = [key for key in PRETRAINED if key != VGGFACE]
    span = Span(1, evidence.epochs)
    found: list[Judged] = []
    for convention in CONVENTIONS:
        gaps = {rival: evidence.rate_gap(rival, VGGFACE, span, convention) for rival in rivals}
        slowest = _nearest(gaps, len(rivals), f"{{rival}} minus {VGGFACE.label}")
        if slowest is not None:
            found.append(slowest)
    return Findings(
        [agreed("", found)] if len(found) == len(CONVENTIONS) else [],
        1,
        evidence.lack(VGGFACE, *rivals, epochs=2),
        unit="accuracy MCR, share per epoch",
        convention=evidence.convention(f"{FIGURES}; pretrained networks"),
    )


def openface_changes_fastest(evidence: Evidence) -> Findings:
    """Judge C8: pretrained OpenFace has the highest accuracy MCR and MOFR of the pretrained ones.

    Both are computed in the first window, epochs 1 to 5, under both conventions: there OpenFace has
    the highest MCR in the paper's Table 2. Over all 20 epochs of that table it has the second
    lowest, above VGG-Face, and in the first window its random network is behind random ResNet-50
    and MobileNet.
    """
    rivals = [key for key in PRETRAINED if key != OPENFACE]
    parts = []
    for name, overfitting in (("MCR", False), ("MOFR", True)):
        found: list[Judged] = []
        for convention in CONVENTIONS:
            gaps = {
                rival: evidence.rate_gap(
                    OPENFACE, rival, FIRST_WINDOW, convention, overfitting=overfitting
                )
                for rival in rivals
            }
            fastest = _nearest(gaps, 2 * len(rivals), f"{OPENFACE.label} minus {{rival}}")
            if fastest is not None:
                found.append(fastest)
        if len(found) == len(CONVENTIONS):
            parts.append(agreed(name, found))
    return Findings(
        parts,
        2,
        evidence.lack(OPENFACE, *rivals, epochs=FIRST_WINDOW.last),
        unit="accuracy MCR or MOFR, share per epoch",
        convention=evidence.convention(f"{FIGURES}; epochs 1 to 5; pretrained networks"),
    )
