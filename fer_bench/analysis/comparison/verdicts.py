"""Verdict on a change, from its noise and its threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.comparison_result import Change
from fer_bench.analysis.comparison.thresholds import GONE

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.comparison_result import ChangeKind
    from fer_bench.analysis.comparison.thresholds import Threshold, Thresholds
    from fer_bench.metrics import Interval

LEVEL = 0.99
"""Confidence level of the intervals: of changes by noise alone, 1 % lie outside theirs."""


def verdict(
    metric: Metric, change: float, interval: Interval, allowed: float
) -> tuple[ChangeKind, str]:
    """Return the verdict on a change, and the reason in a few words.

    A change counts if it exceeds the noise, so that its interval excludes 0, and exceeds the
    allowed amount.

    Args:
        metric: the metric.
        change: head minus base, in any unit.
        interval: interval of the change, in that unit.
        allowed: amount allowed by the metric's threshold, in that unit; 0 without a threshold.
    """
    if interval.low <= 0 <= interval.high:
        return "same", "within noise"
    if abs(change) <= allowed:
        return "same", "beyond noise, within the threshold"
    if metric.higher_is_better is None:
        return "moved", "beyond noise"
    improved = (change > 0) == metric.higher_is_better
    return ("better" if improved else "worse"), "beyond noise and threshold" if allowed else (
        "beyond noise"
    )


def metric_gone(
    cell: str, metric: Metric, of: str, base: float, why: str, thresholds: Thresholds
) -> Change:
    """Return the change of a metric that only the base has: a regression if it has a threshold.

    Args:
        cell: backbone and init.
        metric: the metric.
        of: its class or batch size; empty if a cell has only one value of it.
        base: its value in the base.
        why: reason why the head lacks it.
        thresholds: thresholds for how much worse a metric may get, and whether one may be gone.
    """
    threshold = thresholds.of(cell, metric.name, metric.named(of))
    regression = threshold is not None and thresholds.of(cell, GONE) is not None
    return Change(
        cell, metric, of, "gone", base=base, threshold=threshold, regression=regression, why=why
    )


def allowed(threshold: Threshold | None, base: float) -> float:
    """Return the amount that a threshold allows, in the metric's unit; 0 without a threshold."""
    return 0.0 if threshold is None else threshold.distance(base)
