"""From a change, its noise and its rule to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.outcome import Change
from fer_bench.analysis.comparison.thresholds import GONE

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.compared_metrics import Figure
    from fer_bench.analysis.comparison.outcome import Verdict
    from fer_bench.analysis.comparison.thresholds import Rules, Threshold
    from fer_bench.metrics import Interval

LEVEL = 0.99
"""Of the intervals: one change in a hundred that is noise alone lies outside of its own."""


def verdict(
    figure: Figure, change: float, interval: Interval, allowed: float
) -> tuple[Verdict, str]:
    """What a change is, and why, in a few words.

    It counts where it is larger than the noise, so that its interval leaves out 0, and larger
    than what is allowed.

    Args:
        figure: which one it is.
        change: head less base, in any unit.
        interval: of the change, in that unit.
        allowed: by the figure's rule, in that unit; 0 without a rule.
    """
    if interval.low <= 0 <= interval.high:
        return "same", "within noise"
    if abs(change) <= allowed:
        return "same", "beyond noise, within the rule"
    if figure.higher_is_better is None:
        return "moved", "beyond noise"
    improved = (change > 0) == figure.higher_is_better
    return ("better" if improved else "worse"), "beyond noise and rule" if allowed else (
        "beyond noise"
    )


def figure_gone(cell: str, figure: Figure, of: str, base: float, why: str, rules: Rules) -> Change:
    """A figure that the base has and the head lacks: a regression where it has a rule.

    Args:
        cell: backbone and init.
        figure: which one it is.
        of: what it is of, empty where a cell has one of it.
        base: its value there.
        why: the head lacks it.
        rules: how much worse a figure may get, and whether one may be gone.
    """
    threshold = rules.of(cell, figure.name, figure.named(of))
    regression = threshold is not None and rules.of(cell, GONE) is not None
    return Change(
        cell, figure, of, "gone", base=base, threshold=threshold, regression=regression, why=why
    )


def allowed(threshold: Threshold | None, base: float) -> float:
    """What a rule allows, in the figure's unit; 0 without a rule."""
    return 0.0 if threshold is None else threshold.distance(base)
