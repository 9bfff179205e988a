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
    from collections.abc import Iterable, Iterator

    from fer_bench.analysis.claims.values import Basis, Evidence, Network, Part
    from fer_bench.analysis.seed_groups import Group

ARTEFACT, AT_BASELINE = "batch-norm artefact", "at the baseline"


def guard(part: Part, evidence: Evidence) -> Part:
    """Return the part, open with cause and needs if any guard objects to it."""
    if part.basis is None or part.state == "so far":
        return part
    objections = list(_objections(part, part.basis, evidence))
    if not objections:
        return part
    if part.state == "open" and part.cause != WITHIN_NOISE:
        objections.append(Missing(part.cause, part.needs))
    causes, needs = zip(*objections, strict=True)
    return dataclasses.replace(part, state="open", cause="; ".join(causes), needs="; ".join(needs))


def _objections(part: Part, basis: Basis, evidence: Evidence) -> Iterator[Missing]:
    # Between two trainings, metrics differ by more than the images explain.
    if (part.seeds or 0) < 2:
        yield Missing("one seed", "more seeds (--seeds=3 or more)")
    # The training accuracy during the epoch uses batch statistics and is never distorted.
    if basis.metrics != ("training accuracy",):
        yield from missing_statistics(evidence, basis.networks)
    # A network that has not learned anything can neither win nor tie.
    required = {"holds": basis.holding, "fails": basis.failing}.get(part.state, ())
    idle = [network.label for network in required if not has_learned(evidence, network)]
    if idle:
        yield Missing(
            AT_BASELINE, f"a test accuracy above the majority-class baseline of {idle[0]}"
        )


def missing_statistics(evidence: Evidence, networks: Iterable[Network]) -> list[Missing]:
    """Return what is missing if batch normalisation distorts a network's evaluated accuracy."""
    distorted = [network.label for network in networks if is_distorted(evidence, network)]
    needs = f"training with --batchnorm=frozen of {', '.join(distorted)}"
    return [Missing(ARTEFACT, needs)] if distorted else []


def is_distorted(evidence: Evidence, network: Network) -> bool:
    """Check if batch normalisation distorts a network's evaluated accuracy in any seed."""
    group = evidence.trained(network)
    return group is not None and group.is_distorted


def has_learned(evidence: Evidence, network: Network) -> bool:
    """Check if a network is trained and clearly above the majority-class baseline."""
    group = evidence.trained(network)
    return group is not None and learns(group)


def learns(group: Group) -> bool:
    """Check if a trained group's mean accuracy is clearly above the majority-class baseline.

    Clearly means by more than 1.96 times sqrt(p (1 - p) / n), with p its accuracy on n test images.
    Without a test part, these are the validation images and the share of the majority class in the
    data set.
    """
    data, accuracy = group.dataset, group.accuracy
    if data.test:
        images, baseline = data.test, majority_class_accuracy(group.qualities[0].confusion)
    else:
        counts = [count for _, count in data.counts]
        images, baseline = data.validation, max(counts) / sum(counts)
    if accuracy is None or not images:
        return False
    error = math.sqrt(accuracy * (1 - accuracy) / images)
    return accuracy - NormalDist().inv_cdf((1 + LEVEL) / 2) * error > baseline
