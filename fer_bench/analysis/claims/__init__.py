"""Claims of the paper and the verdict of a run on each.

Each claim is a declaration (``declarations``) with a pure function of a run's results. It is
supported if all its parts hold, contradicted as soon as one part fails, and undecided otherwise;
the verdict then names what is missing. A part holds or fails only if a 95 % interval or a corrected
p-value shows it; a part within noise is open. Whatever the metrics say, a part stays open if it
rests on one seed, on an accuracy that batch normalisation distorts, or on a network that does not
beat the majority-class baseline (``guards``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.claims.declarations import CLAIMS
from fer_bench.analysis.claims.values import ClaimVerdict, Evidence, Network
from fer_bench.analysis.claims.verdicts import conclude
from fer_bench.analysis.deviations import other_data
from fer_bench.protocol import published
from fer_bench.protocol.head import LINEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Run

__all__ = ["CLAIMS", "ClaimVerdict", "judge"]


def judge(run: Run, groups: Iterable[Group]) -> tuple[ClaimVerdict, ...]:
    """Return the verdict of a run on each claim.

    On images other than the paper's, including samples of them, only C10 is testable. Changed
    settings do not prevent a verdict.

    Args:
        run: the results.
        groups: the run's groups, with speeds only if these are in wall-clock time.
    """
    papers = {
        Network(group.backbone, group.init): group
        for group in groups
        if group.backbone in published.BACKBONES and group.head == LINEAR
    }
    evidence = Evidence(run, papers)
    data = other_data(run)
    return tuple(
        ClaimVerdict(claim, claim.on_tables(), "not testable here", data)
        if data and claim.of_the_data
        else conclude(claim, evidence)
        for claim in CLAIMS
    )
