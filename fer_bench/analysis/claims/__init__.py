"""Claims of the paper and the verdict of a run on each.

Each claim is a pure function of a run's results. It is supported if all its parts hold,
contradicted as soon as one part fails, and undecided otherwise; the verdict then names what is
missing. A part holds or fails only if a 95 % interval or a corrected p-value shows it; a part
within noise is open. One seed is not enough for rates and for metrics of a single epoch. It can be
enough for accuracy on the test images, by the sampling of the images; the verdict then states that
the variation between trainings is not covered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims import emotions, networks, pretraining, ranks
from fer_bench.analysis.claims.evidence import collect_evidence
from fer_bench.analysis.claims.values import Claim, ClaimOutcome, ClaimVerdict
from fer_bench.analysis.claims.verdicts import conclude
from fer_bench.analysis.deviations import other_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Run

__all__ = ["CLAIMS", "Claim", "ClaimOutcome", "ClaimVerdict", "judge"]

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "Pretrained beats random, for every backbone",
        pretraining.pretrained_is_better,
    ),
    Claim(
        "C2",
        "Pretrained converges faster in epochs 1 to 10; later they are equal or random is faster",
        pretraining.pretrained_converges_faster,
    ),
    Claim(
        "C3",
        "Pretrained overfits faster",
        pretraining.pretrained_overfits_faster,
    ),
    Claim(
        "C4",
        "Pretrained VGG-Face has the best initial and final validation accuracy",
        ranks.vggface_is_most_accurate,
    ),
    Claim(
        "C5",
        "VGG-Face converges slowest",
        ranks.vggface_converges_slowest,
    ),
    Claim(
        "C6",
        "OpenFace is as accurate as ResNet-50, smaller, and trains and predicts faster",
        networks.openface_equals_resnet50,
    ),
    Claim(
        "C7",
        "MobileNet has the fewest parameters and is less accurate than OpenFace",
        networks.mobilenet_is_smallest,
    ),
    Claim(
        "C8",
        "OpenFace converges and overfits fastest",
        ranks.openface_changes_fastest,
    ),
    Claim(
        "C9",
        "Happiness, anger, fear and surprise are recognised best, disgust worst",
        emotions.emotions_rank_as_stated,
    ),
    Claim(
        "C10",
        "Parameters: OpenFace 3,743,280; ResNet-50 23,587,712; MobileNet 3,228,864",
        networks.parameters_are_exact,
        of_the_data=False,
    ),
)


def judge(run: Run, groups: Iterable[Group], pairs: Sequence[Pair]) -> tuple[ClaimVerdict, ...]:
    """Return the verdict of a run on each claim.

    On images other than the paper's, including samples of them, only C10 is testable. Changed
    settings do not prevent a verdict but are listed in its ``convention``.

    Args:
        run: the results.
        groups: the run's groups, with speeds only if these are in wall-clock time.
        pairs: the run's groups compared on the test images.
    """
    evidence = collect_evidence(run, groups, pairs)
    data = other_data(run)
    return tuple(
        ClaimVerdict(claim.id, claim.text, "not testable here", data)
        if data and claim.of_the_data
        else conclude(claim, claim.findings(evidence))
        for claim in CLAIMS
    )
