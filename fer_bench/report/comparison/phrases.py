"""Metrics and verdicts of a comparison as text."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.outcome import CANNOT_COMPARE, FINE, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.analysis.comparison.compared_metrics import Metric, Unit
    from fer_bench.analysis.comparison.outcome import Change, ChangeKind, ComparisonResult
    from fer_bench.analysis.history.series import Series

_UNITS: dict[Unit, str] = {
    "share": "",
    "nats": "nats",
    "share per epoch": "per epoch",
    "images/s": "images/s",
    "s": "ms",
}
_DECIMALS: dict[Unit, int] = {
    "share": 4,
    "nats": 4,
    "share per epoch": 5,
}
_DIGITS = 4
"""Significant digits of times and speeds: more than run-to-run noise leaves meaningful."""

_ALWAYS_COUNTED: tuple[ChangeKind, ...] = ("better", "same", "gone", "not comparable")
_SOMETIMES_COUNTED: dict[ChangeKind, str] = {
    "worse": "worse without a rule",
    "moved": "moved",
    "new": "new",
    "not deterministic": "not deterministic",
}


def name_text(change: Change | Series) -> str:
    """Return the metric's name with its unit: ``inference.p99@32 (ms)``."""
    unit = "" if change.figure is None else unit_text(change.figure)
    return f"{change.name} ({unit})" if unit else change.name


def unit_text(figure: Metric) -> str:
    """Return the unit that the metric's values are shown in; empty for shares."""
    return _UNITS[figure.unit]


def shown_value(figure: Metric, value: float) -> float:
    """Return a metric's value in its display unit: milliseconds for seconds."""
    return value * 1000 if figure.unit == "s" else value


def value_text(figure: Metric, value: float) -> str:
    """Return a metric's value in its display unit as text, without the unit."""
    if figure.speed:
        shown = shown_value(figure, value)
        return f"{shown:,.{_sensible(shown)}f}"
    return _plain(f"{value:,.{_DECIMALS[figure.unit]}f}")


def change_text(change: Change) -> str | None:
    """Return the change and its interval: ``-1.20 pp (-2.31 to -0.09)``; None if unknown.

    Speeds are in percent of the base, shares in percentage points, other metrics in their unit.
    """
    if change.figure is None or change.change is None:
        return None
    factor, decimals, unit = _of_change(change.figure)
    text = f"{_signed(change.change * factor, decimals)}{unit}"
    if change.interval is None:
        return text
    ends = (_signed(end * factor, decimals) for end in (change.interval.low, change.interval.high))
    return f"{text} ({' to '.join(ends)})"


def rule_text(change: Change) -> str | None:
    """Return the threshold as the user wrote it; None without one."""
    return None if change.threshold is None else change.threshold.text


def verdict_text(change: Change) -> str:
    """Return the verdict, in capitals if it makes the comparison fail."""
    if change.regression:
        return change.verdict.upper()
    if change.verdict != "same" or change.interval is None:
        return change.verdict
    if change.too_noisy:
        return "same, too noisy for the rule"
    within = change.interval.low <= 0 <= change.interval.high
    return "same within noise" if within else "same, within the rule"


def others_text(hidden: Iterable[Change]) -> str:
    """Return the number of unchanged metrics not shown, in words; empty if there are none."""
    count = len(list(hidden))
    if not count:
        return ""
    others = "1 other figure is" if count == 1 else f"{count:,} other figures are"
    return f"{others} the same, within noise or rule."


def conclusion(outcome: ComparisonResult) -> tuple[str, str]:
    """Return the overall result in capitals and its basis in one line."""
    word, meaning = {
        FINE: ("NO REGRESSION", "the comparison passes"),
        REGRESSION: ("REGRESSION", "the comparison fails"),
        CANNOT_COMPARE: (
            "NOT DECIDED",
            "what has a rule cannot be compared, and the comparison fails"
            if outcome.undecided
            else "nothing can be compared, and the comparison fails",
        ),
    }[outcome.exit_status]
    return word, f"{_counts(outcome)}; {meaning}"


def _counts(outcome: ComparisonResult) -> str:
    failing = outcome.regressions
    text = "1 regression" if len(failing) == 1 else f"{len(failing):,} regressions"
    kinds = dict.fromkeys(change.verdict for change in failing)
    if any(kind != "worse" for kind in kinds):
        counts = [f"{_count(failing, kind):,} {kind}" for kind in kinds]
        text += f" ({', '.join(counts)})"
    others = [change for change in outcome.changes if not change.regression]
    noisy = sum(change.too_noisy for change in others)
    unseen = {"same": f" ({noisy:,} too noisy to see what the rule allows)"} if noisy else {}
    told = [f"{_count(others, kind):,} {kind}{unseen.get(kind, '')}" for kind in _ALWAYS_COUNTED]
    told += [
        f"{count:,} {words}"
        for kind, words in _SOMETIMES_COUNTED.items()
        if (count := _count(others, kind))
    ]
    return f"{text}, else {', '.join(told)}"


def _count(changes: Iterable[Change], kind: ChangeKind) -> int:
    return sum(change.verdict == kind for change in changes)


def _of_change(figure: Metric) -> tuple[float, int, str]:
    """Return factor, decimals and unit for displaying a change."""
    if figure.speed:
        return 100, 1, " %"
    if figure.unit == "share":
        return 100, 2, " pp"
    if figure.unit == "share per epoch":
        return 100, 3, " pp"
    return 1, _DECIMALS[figure.unit], ""


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
