"""How far one figure of two cells lies above the other's, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from fer_bench.evaluation import Interval, over_seeds
from fer_bench.paper.claims.verdict import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.paper.claims.verdict import State

LEVEL = 0.95
_DECIMALS = 12
"""Differences are rounded to so many: what is left of equal figures is no difference."""


@dataclass(frozen=True)
class Gap:
    """One figure less another.

    Attributes:
        differences: one for each seed that both cells were trained with, one or more.
        error: standard error of a difference that comes from the choice of the images.
        is_rate: whether the figures are shares per epoch, and not shares.
    """

    differences: tuple[float, ...]
    error: float
    is_rate: bool = False

    @property
    def effect(self) -> float:
        """Mean difference."""
        return math.fsum(self.differences) / len(self.differences)

    def interval(self, tests: int = 1) -> Interval:
        """Where the difference lies.

        Its half width is the root of a**2 + b**2: a is the normal quantile times ``error``, b
        the half width of Student's t interval over the seeds, 0 with one seed: then it covers
        the choice of the images and not the chance of training.

        Args:
            tests: number of intervals that shall hold together: each has the level
                1 - (1 - LEVEL) / tests (Bonferroni).
        """
        level = 1 - (1 - LEVEL) / tests
        half = NormalDist().inv_cdf((1 + level) / 2) * self.error
        spread = over_seeds(self.differences, level).interval
        if spread is not None:
            half = math.hypot(half, (spread.high - spread.low) / 2)
        return Interval(self.effect - half, self.effect + half)

    def above(self, least: float = 0.0, tests: int = 1) -> State:
        """Whether the first figure is the larger one.

        A claim of several parts is supported only if all of them hold, which needs no
        correction, and is contradicted as soon as one of them fails, which does.

        Args:
            least: by how much it shall be larger; negative where it may be a little smaller.
            tests: number of parts that could fail.
        """
        if self.interval().low > least:
            return "holds"
        return "fails" if self.interval(tests).high < least else "open"

    def below(self, most: float, tests: int = 1) -> State:
        """Whether the first figure is larger by less than ``most``, as ``above``."""
        if self.interval().high < most:
            return "holds"
        return "fails" if self.interval(tests).low > most else "open"

    @property
    def known_interval(self) -> Interval | None:
        """The interval, None for the rate of one seed: the images alone say little of it."""
        return None if self.is_rate and len(self.differences) == 1 else self.interval()

    def text(self) -> str:
        """Effect and interval for a reader; for the rate of one seed the noise allowed for."""
        decimals = 4 if self.is_rate else 3
        interval = self.interval()
        low, high = (f"{end:+.{decimals}f}" for end in (interval.low, interval.high))
        if self.known_interval is None:
            known = f"(noise {(interval.high - interval.low) / 2:.{decimals}f})"
        else:
            known = f"[{low}, {high}]"
        return f"{self.effect:+.{decimals}f} {known}"

    def part(self, label: str, state: State) -> Part:
        """A part of a claim with these figures, after ``label``."""
        return Part(state, f"{label} {self.text()}", self.effect, self.known_interval)


def gap(
    first: Mapping[int, float],
    second: Mapping[int, float],
    error: float,
    *,
    is_rate: bool = False,
) -> Gap | None:
    """The first figure less the second, over the seeds that both have; None without any.

    Args:
        first: a figure for each seed.
        second: the same of another cell.
        error: as in ``Gap``.
        is_rate: as in ``Gap``.
    """
    differences = [round(first[seed] - second[seed], _DECIMALS) for seed in first if seed in second]
    return Gap(tuple(differences), error, is_rate) if differences else None


def agreed(label: str, parts: Sequence[Part]) -> Part:
    """One part from the same statement under each convention, open where they disagree.

    Args:
        label: what a reader is told first.
        parts: in the order of the conventions, one or more.
    """
    first = parts[0]
    shown = f"{label} {' / '.join(part.text.strip() for part in parts)}"
    if len({part.state for part in parts}) > 1:
        return Part("open", f"{shown} (the conventions disagree)", first.effect, first.interval)
    return Part(first.state, shown, first.effect, first.interval)
