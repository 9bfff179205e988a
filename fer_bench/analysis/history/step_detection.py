"""Step detection in a series of numbers, one per run.

The numbers are logarithms of times, as in ``comparison.noise``. Their noise is the variation within
a level, estimated from all known levels together: a level with a single number is assumed to vary
like the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_LEAST_FREEDOM = 4
"""Degrees of freedom needed to estimate the noise; with fewer it is hardly known."""
_ROUNDING = 1e-9
"""Numbers that differ by less are equal."""
_LEAST_AFTER = 2
"""Minimum number of values after a step; a single one is tested by ``differ``."""


def differ(
    base: Sequence[float],
    head: Sequence[float],
    others: Iterable[Sequence[float]],
    level: float,
) -> bool | None:
    """Return True if two levels differ beyond noise, by Student's t with a common variance.

    Args:
        base: numbers of one level, at least one.
        head: numbers of the other level.
        others: numbers of other levels, used only to estimate the noise.
        level: confidence level of the interval, above 0 and below 1.

    Returns:
        None if there are too few numbers to estimate the noise.
    """
    levels = [np.asarray(each) for each in (base, head, *others)]
    freedom = sum(map(len, levels)) - len(levels)
    if freedom < _LEAST_FREEDOM:
        return None
    squares = sum(map(_squares, levels))
    error = np.sqrt(squares / freedom * (1 / len(base) + 1 / len(head)))
    shift = abs(np.mean(levels[1]) - np.mean(levels[0]))
    return bool(shift > _quantile(freedom, level) * error + _ROUNDING)


def step(numbers: Sequence[float], others: Iterable[Sequence[float]], level: float) -> int | None:
    """Return the position of the clearest step: the one with the largest t.

    Every position with at least one number before it and two after it is tried. Student's t is as
    in ``differ``; since the largest of many is taken, ``level`` must be stricter than for a single
    test.

    Returns:
        Number of values before the step; None if no step exceeds the noise, or if there are too few
        numbers to estimate it.
    """
    levels = [np.asarray(each) for each in others]
    count = len(numbers)
    freedom = count - 2 + sum(map(len, levels)) - len(levels)
    if count <= _LEAST_AFTER or freedom < _LEAST_FREEDOM:
        return None
    row = np.asarray(numbers) - np.mean(numbers)
    before = np.arange(1, count - _LEAST_AFTER + 1)
    after = count - before
    # The row's mean is 0, so the sums before and after the step differ only in sign.
    shifts = np.abs(np.cumsum(row)[: len(before)]) * (1 / before + 1 / after)
    explained = shifts**2 / (1 / before + 1 / after)
    within = np.maximum(row @ row - explained, 0) + sum(map(_squares, levels))
    errors = np.sqrt(within / freedom * (1 / before + 1 / after))
    sizes = shifts / (errors + _ROUNDING)
    place = int(np.argmax(sizes))
    return int(before[place]) if sizes[place] > _quantile(freedom, level) else None


def _squares(numbers: NDArray[np.float64]) -> float:
    return float(np.sum((numbers - np.mean(numbers)) ** 2))


def _quantile(freedom: int, level: float) -> float:
    # scipy.special, since importing scipy.stats takes most of a second.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
