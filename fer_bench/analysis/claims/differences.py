"""Differences of a metric between networks, and how they are judged."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import LEVEL, Part
from fer_bench.analysis.number_text import TOO_WIDE, is_uninformative, signed_points
from fer_bench.metrics import Interval, over_seeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.claims.values import Basis, State

_DECIMALS = 12
"""Decimals to which differences are rounded, so that equal metrics differ by exactly 0."""

MORE_DATA = "more seeds or images, as the difference is within noise"
CONVENTIONS_DISAGREE = "conventions disagree"
ONE_CONVENTION = "a definition of Metric_0, as the conventions disagree"


@dataclass(frozen=True)
class Difference:
    """Difference of a metric between networks: one minus another, or any other contrast.

    Attributes:
        by_seed: one difference for each of ``seeds``.
        standard_error: standard error of a difference due to the sampling of the images.
        seeds: seeds that all networks were trained with, at least one.
        is_rate: True if the metrics are shares per epoch instead of shares.
    """

    by_seed: tuple[float, ...]
    standard_error: float
    seeds: tuple[int, ...]
    is_rate: bool = False

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return math.fsum(self.by_seed) / len(self.by_seed)

    def interval(self, tests: int = 1) -> Interval | None:
        """Return the confidence interval of the difference, or None for one seed.

        Its half width is the root of a**2 + b**2: a is the normal quantile times
        ``standard_error``, b the half width of Student's t interval over the seeds, as in
        ``fer_bench.metrics.compare``.

        Args:
            tests: number of intervals that must hold simultaneously: each has the level 1 - (1 -
                LEVEL) / tests (Bonferroni).
        """
        level = 1 - (1 - LEVEL) / tests
        spread = over_seeds(self.by_seed, level).interval
        if spread is None:
            return None
        half = math.hypot(
            NormalDist().inv_cdf((1 + level) / 2) * self.standard_error,
            (spread.high - spread.low) / 2,
        )
        return Interval(self.mean - half, self.mean + half)

    @property
    def mean_text(self) -> str:
        """Mean as display text: points, or the paper's share per epoch for a rate."""
        unit = "" if self.is_rate else " points"
        return f"{self._number(self.mean)}{unit}"

    @property
    def text(self) -> str:
        """Mean and interval as display text; without them if the interval says nothing."""
        interval = self.interval()
        if interval is None:
            return self.mean_text
        if not self.is_rate and is_uninformative(interval):
            return TOO_WIDE
        low, high = map(self._number, (interval.low, interval.high))
        return f"{self.mean_text} [{low}, {high}]"

    def _number(self, value: float) -> str:
        return f"{value:+.4f}" if self.is_rate else signed_points(value)


def contrast(
    metrics: Sequence[tuple[float, Mapping[int, float]]],
    standard_error: float,
    *,
    is_rate: bool = False,
) -> Difference | None:
    """Return a weighted sum of metrics over their common seeds, or None if there are none.

    Args:
        metrics: weight and metric by seed of each network, at least one.
        standard_error: as in ``Difference``.
        is_rate: as in ``Difference``.
    """
    seeds = tuple(sorted(set.intersection(*(set(by_seed) for _, by_seed in metrics))))
    if not seeds:
        return None
    sums = (math.fsum(weight * by_seed[seed] for weight, by_seed in metrics) for seed in seeds)
    return Difference(
        tuple(round(value, _DECIMALS) for value in sums), standard_error, seeds, is_rate
    )


def mean_of(differences: Sequence[Difference]) -> Difference | None:
    """Return the mean of differences over their common seeds, or None if there are none.

    Their sampling errors are added as those of independent metrics.
    """
    share = 1 / len(differences)
    error = share * math.hypot(*(one.standard_error for one in differences))
    by_seed = [dict(zip(one.seeds, one.by_seed, strict=True)) for one in differences]
    return contrast([(share, one) for one in by_seed], error, is_rate=differences[0].is_rate)


def state_above(difference: Difference, threshold: float = 0.0, tests: int = 1) -> State:
    """Return the state of the statement that the difference is above a threshold.

    A claim of several parts is supported only if all of them hold, which needs no correction, and
    is contradicted as soon as one of them fails, which does.

    Args:
        difference: difference of two metrics.
        threshold: amount by which the first must be larger; negative if it may be slightly smaller.
        tests: number of parts that could fail: the claim's own family.
    """
    alone, together = difference.interval(), difference.interval(tests)
    if alone is None or together is None:
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
    flipped = dataclasses.replace(difference, by_seed=tuple(-one for one in difference.by_seed))
    return state_above(flipped, -threshold, tests)


def state_within(difference: Difference, margin: float) -> State:
    """Return the state of the statement that the difference lies within a margin of 0."""
    interval = difference.interval()
    if interval is None:
        return "open"
    if -margin < interval.low and interval.high < margin:
        return "holds"
    return "fails" if interval.low > margin or interval.high < -margin else "open"


def part_of(label: str, difference: Difference, state: State, basis: Basis) -> Part:
    """Return a part of a claim based on a difference, with ``label`` at the start of its text."""
    return Part(
        state,
        f"{label} {difference.text}",
        difference.mean,
        difference.interval(),
        needs=MORE_DATA,
        basis=dataclasses.replace(basis, seeds=len(difference.seeds)),
    )


def combine_conventions(
    label: str, judged: Sequence[tuple[Difference, State]], basis: Basis
) -> Part:
    """Combine the same statement under each convention into one part, open if they disagree.

    Args:
        label: start of the display text.
        judged: difference and state of the statement, for each convention in their order.
        basis: as in ``Part``.
    """
    first = part_of(label, *judged[0], basis)
    text = first.text
    for difference, _ in judged[1:]:
        if difference.text != judged[0][0].text:
            text += f" / {difference.mean_text}"
    if len({state for _, state in judged}) == 1:
        return dataclasses.replace(first, text=text)
    return dataclasses.replace(
        first, state="open", text=text, cause=CONVENTIONS_DISAGREE, needs=ONE_CONVENTION
    )
