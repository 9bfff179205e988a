"""How far a time may lie from another by noise alone.

Times are compared by their logarithms: a shift of 0.1 is 10 %, and noise that is a share of the
time is the same for short and long ones.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_TRIED_AT_ONCE = 64
"""Shifts that one call of the rank test is asked about."""

_EQUAL = 1e-12
"""Differences of logarithms of times that are closer than this are equal, but for rounding."""

LEAST_RUNS = 6
"""Both sides together need so many runs to tell how far a time varies from run to run.

With fewer, Student's t is so wide (4.6 standard errors at 99 % with six runs, 9.9 with four) that
it would hide what single rounds show.
"""


@dataclass(frozen=True)
class Shift:
    """How far the head's times lie from the base's.

    Attributes:
        estimate: of the shift, head less base, as a natural logarithm.
        low: lower end of its interval.
        high: upper end.
        method: how it was found, in a few words.
    """

    estimate: float
    low: float
    high: float
    method: str

    def widened(self, by: float) -> Shift:
        """The same with an interval that reaches further by ``by`` at each end."""
        return Shift(self.estimate, self.low - by, self.high + by, self.method)


def between_runs(base: Sequence[float], head: Sequence[float], level: float) -> Shift | None:
    """The shift of the means of one figure of each run, Student's t with a common variance.

    A side of one run is taken to vary as the other does.

    Args:
        base: logarithm of the figure in each run of the base, one or more.
        head: the same of the head.
        level: of the interval, above 0 and below 1.

    Returns:
        None with fewer than ``LEAST_RUNS`` runs in all, whose variance is hardly known.
    """
    if len(base) + len(head) < LEAST_RUNS:
        return None
    sides = f"{len(base)} and {len(head)} runs"
    return _student(base, head, level, f"Student's t over {sides}")


def of_rounds(base: Sequence[float], head: Sequence[float], level: float) -> Shift | None:
    """The shift of single rounds, where too few runs tell how far they vary among themselves.

    Mann and Whitney's test (*On a Test of Whether one of Two Random Variables is Stochastically
    Larger than the Other*, 1947) where it can reach ``level`` with so many rounds: the interval
    holds all shifts that it does not reject, and the estimate is the median of all differences
    (Hodges and Lehmann, *Estimates of Location Based on Rank Tests*, 1963). With fewer rounds
    Student's t with a common variance.

    Args:
        base: logarithm of the time of each round of the base.
        head: the same of the head.
        level: of the interval, above 0 and below 1.

    Returns:
        None where the rounds bound nothing: fewer than three in all.
    """
    sides = f"{len(base)} and {len(head)} rounds"
    if len(base) + len(head) < 3:
        return None
    if 2 / math.comb(len(base) + len(head), len(base)) > 1 - level:
        return _student(base, head, level, f"Student's t over {sides}: too few for ranks")
    return _ranks(np.asarray(base), np.asarray(head), level, f"Mann-Whitney over {sides}")


def _student(base: Sequence[float], head: Sequence[float], level: float, method: str) -> Shift:
    # Of scipy's special functions: its distributions take most of a second to load.
    from scipy.special import stdtrit

    freedom = len(base) + len(head) - 2
    squares = sum(
        sum((value - statistics.fmean(side)) ** 2 for value in side) for side in (base, head)
    )
    error = math.sqrt(squares / freedom * (1 / len(base) + 1 / len(head)))
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    estimate = statistics.fmean(head) - statistics.fmean(base)
    return Shift(estimate, estimate - half, estimate + half, method)


def _ranks(
    base: NDArray[np.float64], head: NDArray[np.float64], level: float, method: str
) -> Shift:
    from scipy.stats import mannwhitneyu

    differences = np.sort((head[:, None] - base[None, :]).ravel())
    ends = differences[np.diff(differences, prepend=-np.inf) > _EQUAL]
    # Between two differences, so that no two times are tied by the shift.
    places = (ends[1:] + ends[:-1]) / 2

    def rejected(shifts: NDArray[np.float64]) -> NDArray[np.bool_]:
        moved = head - shifts[:, None]
        found: NDArray[np.bool_] = mannwhitneyu(moved, base[None, :], axis=1).pvalue < 1 - level
        return found

    farthest = head.max() - base.min() + 1.0
    if not rejected(np.array([farthest])).all():
        # Times that are tied, as by a coarse clock, leave the test too little to go by.
        return _student(base.tolist(), head.tolist(), level, f"Student's t, as {method} ties")
    estimate = float(np.median(differences))
    middle = int(np.searchsorted(places, estimate))
    low = _first(0, middle, lambda tried: ~rejected(places[tried]))
    high = _first(middle, len(places), lambda tried: rejected(places[tried]))
    return Shift(estimate, float(ends[low]), float(ends[high]), method)


def _first(start: int, stop: int, holds: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> int:
    """The first place from ``start`` at which what holds from some place on does; else ``stop``.

    Many places are tried at once: a call of scipy's test takes as long for them as for one.
    """
    while start < stop:
        tried = np.unique(np.linspace(start, stop - 1, _TRIED_AT_ONCE).astype(np.int64))
        found = holds(tried)
        first = int(found.argmax()) if found.any() else len(tried)
        stop = int(tried[first]) if first < len(tried) else stop
        start = int(tried[first - 1]) + 1 if first else start
    return start
