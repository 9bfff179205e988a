"""Result of a comparison as plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from fer_bench.analysis.comparison.thresholds import GONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.thresholds import Threshold, Thresholds
    from fer_bench.metrics import Interval

ChangeKind = Literal[
    "better", "worse", "moved", "same", "new", "gone", "not deterministic", "not comparable"
]
"""``moved`` applies to metrics for which neither direction is better."""

LEVEL = 0.99
"""Confidence level of the intervals: of changes by noise alone, 1 % lie outside theirs."""

FINE, REGRESSION, CANNOT_COMPARE = 0, 1, 2
"""Exit statuses of a comparison."""


@dataclass(frozen=True)
class Change:
    """Change of one metric of one cell, or a cell that only base or only head has.

    Attributes:
        cell: backbone and init, ``"mini-pretrained"``; for a cell of one seed that only base
            or only head has, its id, ``"mini-pretrained-43"``.
        metric: the metric; None if the change is of the complete cell.
        of: class for ``recall``, batch size for ``inference``, otherwise empty.
        verdict: result of the comparison.
        base: value of the metric in the base, in its unit; None if it has none.
        head: the same for the head.
        change: head minus base, in the metric's unit; for speeds, as a share of the base, after
            normalisation if ``why`` says so. None if unknown.
        interval: interval of ``change`` at ``LEVEL``; None if it cannot be computed.
        threshold: amount that a change for the worse must exceed to be a regression; None if the
            metric has no threshold.
        regression: True if this change makes the comparison fail.
        why: how the verdict was reached, or why it could not be: one line.
    """

    cell: str
    metric: Metric | None
    of: str
    verdict: ChangeKind
    base: float | None = None
    head: float | None = None
    change: float | None = None
    interval: Interval | None = None
    threshold: Threshold | None = None
    regression: bool = False
    why: str = ""

    def judged(self, change: float, interval: Interval, how: str) -> Change:
        """Return this row of a metric that base and head have, with the verdict on its change.

        A change counts if it exceeds the noise, so that its interval excludes 0, and exceeds the
        amount that the metric's threshold allows.

        Args:
            change: head minus base, in the unit of ``Change.change``.
            interval: interval of the change, in that unit.
            how: method of the interval, in a few words.
        """
        verdict: ChangeKind = "same"
        if interval.low <= 0 <= interval.high:
            why = "within noise"
        elif abs(change) <= self.allowed:
            why = "beyond noise, within the threshold"
        elif self.metric is None or self.metric.higher_is_better is None:
            verdict, why = "moved", "beyond noise"
        else:
            verdict = "better" if (change > 0) == self.metric.higher_is_better else "worse"
            why = "beyond noise and threshold" if self.allowed else "beyond noise"
        return replace(
            self,
            verdict=verdict,
            change=change,
            interval=interval,
            regression=verdict == "worse" and self.threshold is not None,
            why=f"{why}; {how}",
        )

    @property
    def name(self) -> str:
        """Metric's name with class or batch size: ``inference.p99@32``, ``recall.Happy``."""
        return "complete cell" if self.metric is None else self.metric.named(self.of)

    @property
    def allowed(self) -> float:
        """Amount that the threshold allows, in the unit of ``change``; 0 without a threshold."""
        if self.threshold is None or self.metric is None or self.base is None:
            return 0.0
        distance = self.threshold.distance(self.base)
        return distance / self.base if self.metric.speed else distance

    @property
    def too_noisy(self) -> bool:
        """True if the noise is too large to exclude a regression beyond the threshold."""
        if self.verdict != "same" or self.interval is None or self.metric is None:
            return False
        low, high = self.interval.low, self.interval.high
        worst = -low if self.metric.higher_is_better else high
        return self.threshold is not None and worst > self.allowed


def metric_row(
    cell: str,
    metric: Metric,
    of: str,
    base: float | None,
    head: float | None,
    lacking: str,
    thresholds: Thresholds,
) -> Change:
    """Return the row of a metric, not yet judged if base and head have it.

    A metric that only the base has is gone, a regression if it has a threshold; one that only the
    head has is new. ``lacking`` is why base or head has none, at most one of them.
    """
    if base is None:
        return Change(cell, metric, of, "new", head=head, why=lacking)
    threshold = thresholds.of(cell, metric.name, metric.named(of))
    row = Change(cell, metric, of, "not comparable", base, head, threshold=threshold)
    if head is not None:
        return row
    regression = threshold is not None and thresholds.of(cell, GONE) is not None
    return replace(row, verdict="gone", regression=regression, why=lacking)


@dataclass(frozen=True)
class Difference:
    """Environment difference between base and head.

    Attributes:
        what: name of the fact: ``"processor"``, ``"protocol: epochs"``, ``"tensorflow"``.
        base: its value in the base, one line.
        head: its value in the head, one line.
        meaning: consequence for the comparison, one line.
        of_experiment: True if it concerns protocol or data, not the environment.
    """

    what: str
    base: str
    head: str
    meaning: str
    of_experiment: bool = False


@dataclass(frozen=True)
class ComparisonResult:
    """Complete result of a comparison.

    Attributes:
        base: description of the base, one line: its files and commit.
        head: the same for the head.
        differences: differences in machine, threads, device, libraries, protocol and data.
        notes: other facts that a reader needs before the verdicts, one line each.
        changes: one row for each metric of each cell, in the order of the runs, including cells
            that base or head lacks.
        level: confidence level of the intervals.
        names: display name of each cell that a change can have.
    """

    base: str
    head: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    changes: tuple[Change, ...]
    level: float
    names: Mapping[str, str]

    @property
    def regressions(self) -> tuple[Change, ...]:
        """Changes that make the comparison fail."""
        return tuple(change for change in self.changes if change.regression)

    @property
    def undecided(self) -> tuple[Change, ...]:
        """Metrics with a threshold that were measured in base and head but cannot be compared."""
        return tuple(
            change
            for change in self.changes
            if change.verdict == "not comparable"
            and change.threshold is not None
            and change.base is not None
            and change.head is not None
        )

    @property
    def compared(self) -> bool:
        """True if any metric could be compared."""
        return any(
            change.metric is not None and change.verdict in ("better", "worse", "moved", "same")
            for change in self.changes
        )

    @property
    def exit_status(self) -> int:
        """0 if nothing got worse, 1 with a regression, 2 if that cannot be determined."""
        if self.regressions:
            return REGRESSION
        return FINE if self.compared and not self.undecided else CANNOT_COMPARE
