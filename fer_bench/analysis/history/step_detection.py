"""Where a row of numbers, one of each run, steps to another level.

Numbers are logarithms of times, as in ``noise``. Their noise is how far they vary within a level;
all levels known tell it together, so that a level of one number is taken to vary as the others do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_LEAST_FREEDOM = 4
"""Degrees of freedom from which on numbers tell their noise; with fewer it is hardly known."""
_ROUNDING = 1e-9
"""Numbers that differ by less are equal."""
_LEAST_AFTER = 2
"""So many numbers at least are after a step; what a single one shows, ``differ`` tells."""


def differ(
    base: Sequence[float],
    head: Sequence[float],
    others: Iterable[Sequence[float]],
    level: float,
) -> bool | None:
    """Whether two levels differ by more than noise, by Student's t with a common variance.

    Args:
        base: numbers of one level, one or more.
        head: of the other.
        others: of other levels, which tell the noise too.
        level: of the interval, above 0 and below 1.

    Returns:
        None where too few numbers tell the noise.
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
    """The place of the clearest step: the one with the largest t.

    Every place is tried that has a number before and two after it. Student's t is as in
    ``differ``; as the largest of many is taken, ``level`` has to be stricter than for one.

    Args:
        numbers: in the order of time.
        others: of other levels, which tell the noise too.
        level: of the interval, above 0 and below 1.

    Returns:
        How many numbers are before the step; None where none is beyond noise, or too few numbers
        tell the noise.
    """
    levels = [np.asarray(each) for each in others]
    count = len(numbers)
    freedom = count - 2 + sum(map(len, levels)) - len(levels)
    if count <= _LEAST_AFTER or freedom < _LEAST_FREEDOM:
        return None
    row = np.asarray(numbers) - np.mean(numbers)
    before = np.arange(1, count - _LEAST_AFTER + 1)
    after = count - before
    # The row's mean is 0: what is before the step sums up to the opposite of what is after it.
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
    # Of scipy's special functions: its distributions take most of a second to load.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
