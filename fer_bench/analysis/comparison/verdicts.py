"""Verdict on a change, from its noise and its threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.comparison_result import Change
from fer_bench.analysis.comparison.thresholds import GONE

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.comparison_result import ChangeKind
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.metrics import Interval

LEVEL = 0.99
"""Confidence level of the intervals: of changes by noise alone, 1 % lie outside theirs."""


def judged(row: Change, change: float, interval: Interval, how: str) -> Change:
    """Return the row of a metric that base and head have, with the verdict on its change.

    A change counts if it exceeds the noise, so that its interval excludes 0, and exceeds the
    amount that the metric's threshold allows.

    Args:
        row: the row without change and verdict.
        change: head minus base, in the unit of ``Change.change``.
        interval: interval of the change, in that unit.
        how: method of the interval, in a few words.
    """
    kind, why = _verdict(row, change, interval)
    return replace(
        row,
        verdict=kind,
        change=change,
        interval=interval,
        regression=kind == "worse" and row.threshold is not None,
        why=f"{why}; {how}",
    )


def _verdict(row: Change, change: float, interval: Interval) -> tuple[ChangeKind, str]:
    """Return the verdict on a change, and the reason in a few words."""
    if interval.low <= 0 <= interval.high:
        return "same", "within noise"
    if abs(change) <= row.allowed:
        return "same", "beyond noise, within the threshold"
    if row.metric is None or row.metric.higher_is_better is None:
        return "moved", "beyond noise"
    improved = (change > 0) == row.metric.higher_is_better
    why = "beyond noise and threshold" if row.allowed else "beyond noise"
    return ("better" if improved else "worse"), why


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
