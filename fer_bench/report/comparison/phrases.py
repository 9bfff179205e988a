"""Metrics and verdicts of a comparison as text."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.comparison_result import CANNOT_COMPARE, REGRESSION
from fer_bench.analysis.number_text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.comparison.compared_metrics import Metric, Unit
    from fer_bench.analysis.comparison.comparison_result import Change, ChangeKind, ComparisonResult
    from fer_bench.analysis.history.series import Series

_UNITS: dict[Unit, str] = {
    "share": "%",
    "coefficient": "",
    "nats": "nats",
    "share per epoch": "per epoch",
    "images/s": "images/s",
    "s": "ms",
}
_DECIMALS: dict[Unit, int] = {
    "share": 1,
    "coefficient": 4,
    "nats": 4,
    "share per epoch": 5,
}
_DIGITS = 4
"""Significant digits of times and speeds: more than run-to-run noise leaves meaningful."""

_COUNTED: dict[ChangeKind, str] = {
    "worse": "worse without a threshold",
    "better": "better",
    "moved": "changed",
    "same": "same",
    "new": "new",
    "gone": "gone",
    "not deterministic": "not deterministic",
    "not comparable": "not comparable",
}
_NAMED = 3
"""Maximum number of changes that the conclusion names; the rest are only counted."""


def name_text(change: Change | Series) -> str:
    """Return the metric's name with its unit: ``inference.p99@32 (ms)``.

    Values in percent have the unit with them.
    """
    unit = "" if change.metric is None else unit_text(change.metric)
    return change.name if unit in ("", "%") else f"{change.name} ({unit})"


def unit_text(metric: Metric) -> str:
    """Return the unit that the metric's values are shown in; may be empty."""
    return _UNITS[metric.unit]


def shown_value(metric: Metric, value: float) -> float:
    """Return a metric's value in its display unit: milliseconds for seconds, % for shares."""
    return value * {"s": 1000, "share": 100}.get(metric.unit, 1)


def value_text(metric: Metric, value: float) -> str:
    """Return a metric's value in its display unit as text, without the unit unless it is %."""
    shown = shown_value(metric, value)
    if metric.speed:
        return f"{shown:,.{_sensible(shown)}f}"
    unit = " %" if metric.unit == "share" else ""
    return _plain(f"{shown:,.{_DECIMALS[metric.unit]}f}") + unit


def change_text(change: Change) -> str | None:
    """Return the change and its interval: ``-1.20 points (-2.31 to -0.09)``; None if unknown.

    Speeds are in percent of the base, shares in percentage points, other metrics in their unit.
    """
    if change.metric is None or change.change is None:
        return None
    factor, decimals, unit = _of_change(change.metric)
    text = f"{_signed(change.change * factor, decimals)}{unit}"
    if change.interval is None:
        return text
    ends = (_signed(end * factor, decimals) for end in (change.interval.low, change.interval.high))
    return f"{text} ({' to '.join(ends)})"


def threshold_text(change: Change) -> str | None:
    """Return the threshold as the user wrote it; None without one."""
    return None if change.threshold is None else change.threshold.text


def verdict_text(change: Change) -> str:
    """Return the verdict, in capitals if it makes the comparison fail."""
    if change.regression:
        return change.verdict.upper()
    if change.verdict != "same" or change.interval is None:
        return change.verdict
    if change.too_noisy:
        return "same, too noisy for the threshold"
    within = change.interval.low <= 0 <= change.interval.high
    return "same within noise" if within else "same, within the threshold"


def conclusion(outcome: ComparisonResult) -> tuple[str, str]:
    """Return the overall result in capitals and its reason in one line."""
    if outcome.exit_status == REGRESSION:
        return "REGRESSION", _listed(outcome.regressions, outcome.names)
    if outcome.exit_status == CANNOT_COMPARE:
        if not outcome.undecided:
            return "NOT DECIDED", "base and head have no metric that can be compared"
        return "NOT DECIDED", f"cannot be compared: {_listed(outcome.undecided, outcome.names)}"
    noisy = sum(change.too_noisy for change in outcome.changes)
    return "NO REGRESSION", "no metric got worse by more than its noise and its threshold" + (
        f"; {noisy:,} too noisy to detect a change as large as the threshold" if noisy else ""
    )


def counts_text(outcome: ComparisonResult) -> str:
    """Return the number of changes with each verdict."""
    others = [change.verdict for change in outcome.changes if not change.regression]
    counts = [counted(len(outcome.regressions), "regression")]
    counts += [
        f"{count:,} {word}" for kind, word in _COUNTED.items() if (count := others.count(kind))
    ]
    return f"Counts: {', '.join(counts)}."


def _listed(changes: Sequence[Change], names: Mapping[str, str]) -> str:
    """Name the first changes: ``Mini random accuracy -1.20 points (threshold 0.5pp)``."""
    listed = []
    for change in changes[:_NAMED]:
        if change.metric is None or change.verdict in ("gone", "not comparable"):
            metric = "" if change.metric is None else f" {change.name}"
            verdict = "" if change.verdict == "not comparable" else f" {change.verdict}"
            listed.append(f"{names[change.cell]}{metric}{verdict}")
        else:
            moved, *_ = (change_text(change) or "").split(" (")
            threshold = threshold_text(change)
            listed.append(f"{names[change.cell]} {change.name} {moved} (threshold {threshold})")
    if len(changes) > _NAMED:
        listed.append(f"{len(changes) - _NAMED:,} more")
    return ", ".join(listed)


def _of_change(metric: Metric) -> tuple[float, int, str]:
    """Return factor, decimals and unit for displaying a change."""
    if metric.speed:
        return 100, 1, " %"
    if metric.unit == "share":
        # A threshold may be a fraction of a point.
        return 100, 2, " points"
    return 1, _DECIMALS[metric.unit], ""


def _sensible(value: float) -> int:
    """Return the decimals that show ``_DIGITS`` significant digits of a number, at most 6."""
    if not value:
        return 0
    return min(6, max(0, _DIGITS - 1 - math.floor(math.log10(abs(value)))))


def _signed(value: float, decimals: int) -> str:
    return _plain(f"{value:+,.{decimals}f}")


def _plain(text: str) -> str:
    """Remove the sign of a formatted zero."""
    return text if re.search("[1-9]", text) else text.lstrip("+-")
