"""Numbers and lists of names as text for people: percent, points, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.group_comparisons import p_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.metrics import Interval

_NAMED = 3
"""Number of names to list; if more than one further name remains, the rest is only counted."""

_WIDEST = 0.5
"""Widest confidence interval of a difference of shares around 0 that is worth its digits."""

TOO_WIDE = "not measurable with these seeds"
"""Text that replaces a difference with a wider interval."""


def is_uninformative(interval: Interval) -> bool:
    """Check if a difference of shares has an interval around 0 that is wider than 50 points."""
    return interval.low <= 0 <= interval.high and interval.high - interval.low > _WIDEST


def difference_text(pair: Pair) -> str:
    """Format a difference in points, with its 95 % CI and corrected p-value."""
    return f"{points(pair.comparison.difference)} ({interval_text(pair)})"


def interval_text(pair: Pair) -> str:
    """Format the 95 % CI of a difference, in points, and its corrected p-value.

    If the correction changes p, the text says that the interval is the one before it.
    """
    found = pair.comparison
    before = " before correction" if pair.corrected != found.p_value else ""
    return f"{ci_text(found.interval)}{before}, {p_text(pair.corrected)}"


def ci_text(interval: Interval) -> str:
    """Format the 95 % CI of a share, or of a difference of shares, in percent or points."""
    return f"95 % CI {100 * interval.low:.1f} to {100 * interval.high:.1f}"


def points(difference: float) -> str:
    """Format a difference of two shares in percentage points, with one decimal."""
    return f"{100 * difference:.1f} points"


def signed_points(difference: float) -> str:
    """Format a difference of two shares in percentage points, with its sign, without the unit."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def percent(share: float) -> str:
    """Format a share in percent, with one decimal."""
    return f"{100 * share:.1f} %"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def ranges(numbers: Iterable[int], to: str) -> list[str]:
    """Format ascending whole numbers, consecutive ones as ranges: ``3-5`` and ``8``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{run[0]}{to}{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]


def listed(names: Sequence[str]) -> str:
    """Join names, at least one; many are counted."""
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), names[-1]])
