"""Claims of the paper and the verdict of a run on each.

Each claim is a declaration (``declarations``) with a pure function of a run's results. It is
supported if all its parts hold, contradicted as soon as one part fails, and undecided otherwise;
the verdict then names what is missing. A part holds or fails only if a 95 % interval or a corrected
p-value shows it; a part within noise is open. Whatever the metrics say, a part stays open if it
rests on one seed, on an accuracy that batch normalisation distorts, or on a network that does not
beat the majority-class baseline (``guards``).
"""

from __future__ import annotations

from fer_bench.analysis.claims.declarations import CLAIMS
from fer_bench.analysis.claims.values import ClaimVerdict
from fer_bench.analysis.claims.verdicts import judge

__all__ = ["CLAIMS", "ClaimVerdict", "judge"]
