"""Guards: what keeps a part of any claim open, whatever its metrics say.

A part names the trainings that it is based on (``Basis``); ``guard`` applies every guard to it. The
claims themselves only decide what their metrics say.
"""

from __future__ import annotations

import dataclasses
import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import LEVEL, WITHIN_NOISE, Missing
from fer_bench.metrics import majority_class_accuracy

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.analysis.claims.values import Basis, Evidence, Network, Part, State
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import DatasetSummary

ONE_SEED, ARTEFACT, AT_BASELINE = "one seed", "batch-norm artefact", "at the baseline"


def guard(part: Part, evidence: Evidence) -> Part:
    """Return the part, open with cause and needs if any guard objects to it."""
    if part.basis is None or part.state == "so far":
        return part
    objections = [
        found for check in GUARDS if (found := check(part.basis, part.state, evidence)) is not None
    ]
    if not objections:
        return part
    if part.state == "open" and part.cause != WITHIN_NOISE:
        objections.append(Missing(part.cause, part.needs))
    return dataclasses.replace(
        part,
        state="open",
        cause="; ".join(one.cause for one in objections),
        needs="; ".join(one.needs for one in objections),
    )


def _one_seed(basis: Basis, _: State, __: Evidence) -> Missing | None:
    """Object to one seed: between two trainings, metrics differ by more than images explain."""
    return Missing(ONE_SEED, "more seeds (--seeds=3 or more)") if basis.seeds < 2 else None


def _artefact(basis: Basis, _: State, evidence: Evidence) -> Missing | None:
    """Object to evaluation with moving averages if these distort a network's accuracy.

    The training accuracy during the epoch uses batch statistics and is not affected.
    """
    if basis.metrics == ("training accuracy",):
        return None
    distorted = [network.label for network in basis.networks if is_distorted(evidence, network)]
    if not distorted:
        return None
    return Missing(ARTEFACT, f"training with --batchnorm=frozen of {', '.join(distorted)}")


def _at_baseline(basis: Basis, state: State, evidence: Evidence) -> Missing | None:
    """Object to a network that wins or ties without having learned anything."""
    required = {"holds": basis.holding, "fails": basis.failing}.get(state, ())
    idle = [network.label for network in required if not has_learned(evidence, network)]
    if not idle:
        return None
    return Missing(AT_BASELINE, f"a test accuracy above the majority-class baseline of {idle[0]}")


GUARDS: tuple[Callable[[Basis, State, Evidence], Missing | None], ...] = (
    _one_seed,
    _artefact,
    _at_baseline,
)


def is_distorted(evidence: Evidence, network: Network) -> bool:
    """Check if batch normalisation distorts a network's evaluated accuracy in any seed."""
    group = evidence.trained(network)
    return group is not None and group.is_distorted


def has_learned(evidence: Evidence, network: Network) -> bool:
    """Check if a network is trained and clearly above the majority-class baseline."""
    group = evidence.trained(network)
    return group is not None and learns(group, evidence.run.dataset)


def learns(group: Group, data: DatasetSummary) -> bool:
    """Check if a trained group's mean accuracy is clearly above the majority-class baseline.

    Clearly means by more than 1.96 times sqrt(p (1 - p) / n), with p its accuracy on n test images.
    Without a test part, these are the validation images and the share of the majority class in the
    data set.
    """
    if data.test:
        confusion = group.qualities[0].confusion
        accuracy, images = group.test_accuracy, sum(map(sum, confusion))
        baseline = majority_class_accuracy(confusion)
    else:
        final = [one.history.validation_accuracy[-1] for one in group.qualities]
        accuracy, images = math.fsum(final) / len(final), data.validation
        counts = [count for _, count in data.counts]
        baseline = max(counts) / sum(counts)
    if accuracy is None or not images:
        return False
    error = math.sqrt(accuracy * (1 - accuracy) / images)
    return accuracy - NormalDist().inv_cdf((1 + LEVEL) / 2) * error > baseline
