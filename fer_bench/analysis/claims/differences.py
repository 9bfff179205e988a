"""Differences of a metric between two cells, with their uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.verdict import Part
from fer_bench.metrics import Interval, over_seeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.claims.verdict import State

LEVEL = 0.95
_DECIMALS = 12
"""Decimals to which differences are rounded, so that equal metrics differ by exactly 0."""

MORE_SEEDS = "more seeds (3 or more)"
MORE = "more seeds or images, as the difference is within noise"
ONE_CONVENTION = "a definition of Metric_0, as the conventions disagree"


@dataclass(frozen=True)
class Gap:
    """Difference of a rate, or of a metric of one epoch, between two networks.

    One seed shows nothing: between two trainings of the same network, such metrics differ by far
    more than the sampling of the images explains.

    Attributes:
        differences: one for each of ``seeds``.
        error: standard error of a difference due to the sampling of the images.
        seeds: seeds that both cells were trained with, at least one.
        own: mean of the first network's metric over these seeds.
        is_rate: True if the metrics are shares per epoch instead of shares.
        unsteady: labels of networks whose validation accuracy, used in the metric, is distorted by
            trained batch normalisation; the gap then shows nothing about learning.
    """

    differences: tuple[float, ...]
    error: float
    seeds: tuple[int, ...]
    own: float
    is_rate: bool = False
    unsteady: tuple[str, ...] = ()

    @property
    def effect(self) -> float:
        """Mean difference."""
        return math.fsum(self.differences) / len(self.differences)

    def interval(self, tests: int = 1) -> Interval | None:
        """Return the confidence interval of the difference, or None for one seed.

        Its half width is the root of a**2 + b**2: a is the normal quantile times ``error``, b the
        half width of Student's t interval over the seeds, as in ``fer_bench.metrics.compare``.

        Args:
            tests: number of intervals that must hold simultaneously: each has the level 1 - (1 -
                LEVEL) / tests (Bonferroni).
        """
        level = 1 - (1 - LEVEL) / tests
        spread = over_seeds(self.differences, level).interval
        if spread is None:
            return None
        half = math.hypot(
            NormalDist().inv_cdf((1 + level) / 2) * self.error, (spread.high - spread.low) / 2
        )
        return Interval(self.effect - half, self.effect + half)

    def above(self, least: float = 0.0, tests: int = 1) -> State:
        """Return the state of the statement that the first metric is larger.

        A claim of several parts is supported only if all of them hold, which needs no correction,
        and is contradicted as soon as one of them fails, which does.

        Args:
            least: amount by which it must be larger; negative if it may be slightly smaller.
            tests: number of parts that could fail.
        """
        alone, together = self.interval(), self.interval(tests)
        if alone is None or together is None or self.unsteady:
            return "open"
        if alone.low > least:
            return "holds"
        return "fails" if together.high < least else "open"

    def below(self, most: float, tests: int = 1) -> State:
        """Return the state of the statement that the difference is below ``most``, as ``above``."""
        alone, together = self.interval(), self.interval(tests)
        if alone is None or together is None or self.unsteady:
            return "open"
        if alone.high < most:
            return "holds"
        return "fails" if together.low > most else "open"

    @property
    def needs(self) -> str:
        """Data needed for a decision if the statement is open."""
        if self.unsteady:
            return (
                "validation with batch statistics, or training with --batchnorm=frozen, of "
                f"{', '.join(self.unsteady)}"
            )
        return MORE_SEEDS if len(self.seeds) == 1 else MORE

    @property
    def effect_text(self) -> str:
        """Effect as display text."""
        return f"{self.effect:+.{4 if self.is_rate else 3}f}"

    @property
    def text(self) -> str:
        """Effect and interval as display text."""
        decimals = 4 if self.is_rate else 3
        interval = self.interval()
        if interval is None:
            return self.effect_text
        return f"{self.effect_text} [{interval.low:+.{decimals}f}, {interval.high:+.{decimals}f}]"


@dataclass(frozen=True)
class Judged:
    """State of a statement and the gap that it is based on.

    Attributes:
        label: display text of which metric is subtracted from which; empty if it is clear.
        gap: difference of the metrics.
        state: state of the statement.
    """

    label: str
    gap: Gap
    state: State

    def part(self, label: str) -> Part:
        """Return a part of a claim, with these values after ``label`` in its text."""
        return Part(
            self.state,
            " ".join(filter(None, (label, self.label, self.gap.text))),
            self.gap.effect,
            self.gap.interval(),
            needs=self.gap.needs,
            seeds=len(self.gap.seeds),
        )


def gap(
    first: Mapping[int, float],
    second: Mapping[int, float],
    error: float,
    *,
    is_rate: bool = False,
    unsteady: Sequence[str] = (),
) -> Gap | None:
    """Return the first metric minus the second over the common seeds, or None if there are none.

    Args:
        first: metric of one network by seed.
        second: the same metric of another network.
        error: as in ``Gap``.
        is_rate: as in ``Gap``.
        unsteady: as in ``Gap``.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        return None
    return Gap(
        differences=tuple(round(first[seed] - second[seed], _DECIMALS) for seed in seeds),
        error=error,
        seeds=seeds,
        own=math.fsum(first[seed] for seed in seeds) / len(seeds),
        is_rate=is_rate,
        unsteady=tuple(unsteady),
    )


def agreed(label: str, found: Sequence[Judged]) -> Part:
    """Combine the same statement under each convention into one part, open if they disagree.

    Args:
        label: start of the display text.
        found: one per convention in their order, at least one.
    """
    first, *others = (one.part(label) for one in found)
    shown = first.text
    for other, part in zip(found[1:], others, strict=True):
        if other.label != found[0].label:
            shown += f" / {other.label} {other.gap.text}"
        elif part.text != first.text:
            shown += f" / {other.gap.effect_text}"
    if len({one.state for one in found}) > 1:
        return Part(
            "open", shown, first.effect, first.interval, needs=ONE_CONVENTION, seeds=first.seeds
        )
    return Part(
        first.state, shown, first.effect, first.interval, needs=first.needs, seeds=first.seeds
    )
