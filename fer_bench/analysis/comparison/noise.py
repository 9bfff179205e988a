"""Noise of timings: confidence intervals of the shift between base and head.

Times are compared by their logarithms: a shift of 0.1 is about 10 %, and noise proportional to the
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
"""Number of shifts that are tested in one call of the rank test."""

_EQUAL = 1e-12
"""Tolerance for rounding: differences of log times that are closer than this are equal."""

LEAST_RUNS = 6
"""Number of runs, base and head together, needed to estimate the variation between runs.

With fewer, Student's t is so wide (4.6 standard errors at 99 % with six runs, 9.9 with four) that
it would hide what single rounds show.
"""


@dataclass(frozen=True)
class Shift:
    """Shift of the head's times relative to the base's, as a natural logarithm, and its interval.

    ``method`` is a short description of the method.
    """

    estimate: float
    low: float
    high: float
    method: str

    def widened(self, by: float) -> Shift:
        """Return the same shift with its interval extended by ``by`` at each end."""
        return Shift(self.estimate, self.low - by, self.high + by, self.method)


def between_runs(base: Sequence[float], head: Sequence[float], level: float) -> Shift | None:
    """Estimate the shift of the mean over runs by Student's t with a common variance.

    If one of them has a single run, the variance of the other is used for both.

    Args:
        base: logarithm of the metric in each run of the base, at least one.
        head: the same for the head.
        level: confidence level of the interval, above 0 and below 1.

    Returns:
        None with fewer than ``LEAST_RUNS`` runs in all, since their variance is hardly known.
    """
    if len(base) + len(head) < LEAST_RUNS:
        return None
    method = f"Student's t over {len(base)} and {len(head)} runs"
    return _student(base, head, level, method)


def of_rounds(base: Sequence[float], head: Sequence[float], level: float) -> Shift | None:
    """Estimate the shift from single rounds, if there are too few runs to estimate their variation.

    Uses the test of Mann and Whitney (*On a Test of Whether one of Two Random Variables is
    Stochastically Larger than the Other*, 1947) if it can reach ``level`` with this number of
    rounds: the interval contains all shifts that it does not reject, and the estimate is the median
    of all differences (Hodges and Lehmann, *Estimates of Location Based on Rank Tests*, 1963). With
    fewer rounds, uses Student's t with a common variance.

    Arguments are those of ``between_runs``, with the logarithm of the time of each round.

    Returns:
        None if there are fewer than three rounds in all, which give no interval.
    """
    if len(base) + len(head) < 3:
        return None
    rounds = f"{len(base)} and {len(head)} rounds"
    if 2 / math.comb(len(base) + len(head), len(base)) > 1 - level:
        return _student(base, head, level, f"Student's t over {rounds}: too few for ranks")
    return _ranks(np.asarray(base), np.asarray(head), level, f"Mann-Whitney over {rounds}")


def _student(base: Sequence[float], head: Sequence[float], level: float, method: str) -> Shift:
    # scipy.special, since importing scipy.stats takes most of a second.
    from scipy.special import stdtrit

    freedom = len(base) + len(head) - 2
    squares = sum(
        sum((value - statistics.fmean(times)) ** 2 for value in times) for times in (base, head)
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
    # Test between two differences, so that the shift makes no two times equal.
    places = (ends[1:] + ends[:-1]) / 2

    def rejected(shifts: NDArray[np.float64]) -> NDArray[np.bool_]:
        moved = head - shifts[:, None]
        found: NDArray[np.bool_] = mannwhitneyu(moved, base[None, :], axis=1).pvalue < 1 - level
        return found

    farthest = head.max() - base.min() + 1.0
    if not rejected(np.array([farthest])).all():
        # With many ties, as from a coarse clock, the test cannot reject any shift.
        return _student(
            base.tolist(), head.tolist(), level, f"Student's t, since {method} has too many ties"
        )
    estimate = float(np.median(differences))
    middle = int(np.searchsorted(places, estimate))
    low = _first(0, middle, lambda tried: ~rejected(places[tried]))
    high = _first(middle, len(places), lambda tried: rejected(places[tried]))
    return Shift(estimate, float(ends[low]), float(ends[high]), method)


def _first(start: int, stop: int, holds: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> int:
    """Return the first index from ``start`` at which ``holds`` becomes true; ``stop`` if none.

    ``holds`` must stay true once it is. Many indices are tested at once, since one call of scipy's
    test takes as long for many as for one.
    """
    while start < stop:
        tried = np.unique(np.linspace(start, stop - 1, _TRIED_AT_ONCE).astype(np.int64))
        found = holds(tried)
        first = int(found.argmax()) if found.any() else len(tried)
        stop = int(tried[first]) if first < len(tried) else stop
        start = int(tried[first - 1]) + 1 if first else start
    return start
