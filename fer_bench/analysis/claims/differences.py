"""Differences of a metric between networks, and how they are judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import LEVEL, WITHIN_NOISE, Part
from fer_bench.analysis.number_text import TOO_WIDE, is_uninformative, signed_points
from fer_bench.metrics import Interval, over_seeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.claims.values import Basis, State

_DECIMALS = 12
"""Decimals to which differences are rounded, so that equal metrics differ by exactly 0."""

MORE_DATA = "more seeds or images, as the difference is within noise"


@dataclass(frozen=True)
class Difference:
    """Difference of a metric between networks: one minus another, or any other contrast.

    Attributes:
        by_seed: the difference for each seed that all networks were trained with, at least one.
        standard_error: standard error of a difference due to the sampling of the images.
        is_rate: True if the metrics are shares per epoch instead of shares.
    """

    by_seed: Mapping[int, float]
    standard_error: float
    is_rate: bool = False

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return math.fsum(self.by_seed.values()) / len(self.by_seed)

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
        spread = over_seeds(self.by_seed.values(), level).interval
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
    seeds = sorted(set.intersection(*(set(by_seed) for _, by_seed in metrics)))
    sums = {
        seed: round(math.fsum(weight * by_seed[seed] for weight, by_seed in metrics), _DECIMALS)
        for seed in seeds
    }
    return Difference(sums, standard_error, is_rate) if sums else None


def mean_of(differences: Sequence[Difference]) -> Difference | None:
    """Return the mean of differences over their common seeds, or None if there are none.

    Their sampling errors are added as those of independent metrics.
    """
    share = 1 / len(differences)
    error = share * math.hypot(*(one.standard_error for one in differences))
    by_seed = [(share, one.by_seed) for one in differences]
    return contrast(by_seed, error, is_rate=differences[0].is_rate)


def part_of(
    label: str,
    differences: Sequence[Difference],
    basis: Basis,
    *,
    above: float = 0.0,
    below: float = math.inf,
    tests: int = 1,
) -> Part:
    """Return the part of a claim that a difference lies between two limits.

    A claim of several parts is supported only if all of them hold, which needs no correction, and
    is contradicted as soon as one of them fails, which does.

    Args:
        label: start of the display text.
        differences: the difference; of a rate, that under each convention in their order. The part
            is open if they disagree.
        basis: as in ``Part``.
        above: lower limit.
        below: upper limit.
        tests: number of parts that could fail: the claim's own family.
    """
    first = differences[0]
    states = {_state(one, above, below, tests) for one in differences}
    others = [f" / {one.mean_text}" for one in differences[1:] if one.text != first.text]
    agree = len(states) == 1
    return Part(
        states.pop() if agree else "open",
        f"{label} {first.text}{''.join(others)}",
        first.mean,
        first.interval(),
        WITHIN_NOISE if agree else "conventions disagree",
        MORE_DATA if agree else "a definition of Metric_0, as the conventions disagree",
        basis,
        len(first.by_seed),
    )


def _state(difference: Difference, above: float, below: float, tests: int) -> State:
    alone, together = difference.interval(), difference.interval(tests)
    if alone is None or together is None:
        return "open"
    if above < alone.low and alone.high < below:
        return "holds"
    return "fails" if together.high < above or together.low > below else "open"
