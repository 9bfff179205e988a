"""Judgement of differences of a metric between two networks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import Difference, Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.claims.values import JudgedDifference, State

_DECIMALS = 12
"""Decimals to which differences are rounded, so that equal metrics differ by exactly 0."""

MORE_SEEDS = "more seeds (3 or more)"
MORE_DATA = "more seeds or images, as the difference is within noise"
ONE_CONVENTION = "a definition of Metric_0, as the conventions disagree"


def subtract(
    first: Mapping[int, float],
    second: Mapping[int, float],
    standard_error: float,
    *,
    is_rate: bool = False,
    distorted: Sequence[str] = (),
) -> Difference | None:
    """Return the first metric minus the second over the common seeds, or None if there are none.

    Args:
        first: metric of one network by seed.
        second: the same metric of another network.
        standard_error: as in ``Difference``.
        is_rate: as in ``Difference``.
        distorted: as in ``Difference``.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        return None
    return Difference(
        by_seed=tuple(round(first[seed] - second[seed], _DECIMALS) for seed in seeds),
        standard_error=standard_error,
        seeds=seeds,
        first_mean=math.fsum(first[seed] for seed in seeds) / len(seeds),
        is_rate=is_rate,
        distorted=tuple(distorted),
    )


def state_above(difference: Difference, threshold: float = 0.0, tests: int = 1) -> State:
    """Return the state of the statement that the difference is above a threshold.

    A claim of several parts is supported only if all of them hold, which needs no correction, and
    is contradicted as soon as one of them fails, which does.

    Args:
        difference: difference of two metrics.
        threshold: amount by which the first must be larger; negative if it may be slightly smaller.
        tests: number of parts that could fail.
    """
    alone, together = difference.interval(), difference.interval(tests)
    if alone is None or together is None or difference.distorted:
        return "open"
    if alone.low > threshold:
        return "holds"
    return "fails" if together.high < threshold else "open"


def state_below(difference: Difference, threshold: float, tests: int = 1) -> State:
    """Return the state of the statement that the difference is below a threshold.

    Args:
        difference: as ``state_above``.
        threshold: amount that the first metric may be larger by, at most.
        tests: as ``state_above``.
    """
    alone, together = difference.interval(), difference.interval(tests)
    if alone is None or together is None or difference.distorted:
        return "open"
    if alone.high < threshold:
        return "holds"
    return "fails" if together.low > threshold else "open"


def part_of(judged: JudgedDifference, label: str) -> Part:
    """Return a part of a claim based on a difference, with ``label`` at the start of its text."""
    difference = judged.difference
    return Part(
        judged.state,
        " ".join(filter(None, (label, judged.label, difference.text))),
        difference.mean,
        difference.interval(),
        needs=data_needed(difference),
        seeds=len(difference.seeds),
    )


def data_needed(difference: Difference) -> str:
    """Return the data needed for a decision if a statement on the difference is open."""
    if difference.distorted:
        return (
            "validation with batch statistics, or training with --batchnorm=frozen, of "
            f"{', '.join(difference.distorted)}"
        )
    return MORE_SEEDS if len(difference.seeds) == 1 else MORE_DATA


def combine_conventions(label: str, judged: Sequence[JudgedDifference]) -> Part:
    """Combine the same statement under each convention into one part, open if they disagree.

    Args:
        label: start of the display text.
        judged: one per convention in their order, at least one.
    """
    first, *others = (part_of(one, label) for one in judged)
    text = first.text
    for other, part in zip(judged[1:], others, strict=True):
        if other.label != judged[0].label:
            text += f" / {other.label} {other.difference.text}"
        elif part.text != first.text:
            text += f" / {other.difference.mean_text}"
    agree = len({one.state for one in judged}) == 1
    return Part(
        first.state if agree else "open",
        text,
        first.effect,
        first.interval,
        needs=first.needs if agree else ONE_CONVENTION,
        seeds=first.seeds,
    )
