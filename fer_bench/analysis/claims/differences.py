"""How far one figure of two cells lies above the other's, and how sure that is."""

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
"""Differences are rounded to so many: what is left of equal figures is no difference."""

MORE_SEEDS = "more seeds (3 or more)"
MORE = "more seeds or images, to tell apart what is within noise"
ONE_CONVENTION = "a definition of Metric_0: the conventions disagree"


@dataclass(frozen=True)
class Gap:
    """A rate, or a figure of one epoch, less another.

    From one seed it shows nothing: two trainings of one network differ in such figures by far
    more than the choice of the images explains.

    Attributes:
        differences: one for each of ``seeds``.
        error: standard error of a difference that comes from the choice of the images.
        seeds: that both cells were trained with, one or more.
        own: mean of the first figure over these seeds.
        is_rate: whether the figures are shares per epoch, and not shares.
        unsteady: cells whose validation accuracy, part of the figures, is moved by trained batch
            normalisation; then the gap shows nothing of learning.
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
        """Where the difference lies; None from one seed.

        Its half width is the root of a**2 + b**2: a is the normal quantile times ``error``, b
        the half width of Student's t interval over the seeds, as in
        ``fer_bench.metrics.compare``.

        Args:
            tests: number of intervals that shall hold together: each has the level
                1 - (1 - LEVEL) / tests (Bonferroni).
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
        """Whether the first figure is the larger one.

        A claim of several parts is supported only if all of them hold, which needs no
        correction, and is contradicted as soon as one of them fails, which does.

        Args:
            least: by how much it shall be larger; negative where it may be a little smaller.
            tests: number of parts that could fail.
        """
        alone, together = self.interval(), self.interval(tests)
        if alone is None or together is None or self.unsteady:
            return "open"
        if alone.low > least:
            return "holds"
        return "fails" if together.high < least else "open"

    def below(self, most: float, tests: int = 1) -> State:
        """Whether the first figure is larger by less than ``most``, as ``above``."""
        alone, together = self.interval(), self.interval(tests)
        if alone is None or together is None or self.unsteady:
            return "open"
        if alone.high < most:
            return "holds"
        return "fails" if together.low > most else "open"

    @property
    def needs(self) -> str:
        """What would decide it where it is open."""
        if self.unsteady:
            return (
                "validation by batch statistics, or training with --batchnorm=frozen, for "
                f"{', '.join(self.unsteady)}"
            )
        return MORE_SEEDS if len(self.seeds) == 1 else MORE

    @property
    def effect_text(self) -> str:
        """Effect for a reader."""
        return f"{self.effect:+.{4 if self.is_rate else 3}f}"

    @property
    def text(self) -> str:
        """Effect and interval for a reader."""
        decimals = 4 if self.is_rate else 3
        interval = self.interval()
        if interval is None:
            return self.effect_text
        return f"{self.effect_text} [{interval.low:+.{decimals}f}, {interval.high:+.{decimals}f}]"


@dataclass(frozen=True)
class Judged:
    """What a gap says of a statement.

    Attributes:
        label: which figure is taken from which, for a reader; empty where it is clear.
        gap: their difference.
        state: of the statement.
    """

    label: str
    gap: Gap
    state: State

    def part(self, label: str) -> Part:
        """A part of a claim with these figures, after ``label``."""
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
    """The first figure less the second, over the seeds that both have; None without any.

    Args:
        first: a figure for each seed.
        second: the same of another cell.
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
    """One part from the same statement under each convention, open where they disagree.

    Args:
        label: what a reader is told first.
        found: in the order of the conventions, one or more.
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
