"""What a comparison of two sides finds, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fer_bench.analysis.comparison.compared_metrics import Figure
    from fer_bench.analysis.comparison.thresholds import Threshold
    from fer_bench.metrics import Interval

Verdict = Literal[
    "better", "worse", "moved", "same", "new", "gone", "not deterministic", "not comparable"
]
"""``moved`` is said of figures of which neither direction is better."""

FINE, REGRESSION, CANNOT_COMPARE = 0, 1, 2
"""Exit statuses of a comparison."""


@dataclass(frozen=True)
class Change:
    """One figure of one cell on both sides, or a cell that only one side has.

    Attributes:
        cell: backbone and init, ``"mini-pretrained"``; of a cell that only one side has the
            cell's id, ``"mini-pretrained-43"``.
        figure: None where the change is of the whole cell.
        of: which one of several: a class for ``recall``, a batch size for ``inference``; else
            empty.
        verdict: what became of it.
        base: the figure on the base side, in its unit; None where it has none.
        head: the same on the head side.
        change: head less base, in the figure's unit; of speeds as a share of the base, after
            normalisation where ``why`` says so. None where it is not known.
        interval: of ``change``, at ``LEVEL``; None where nothing bounds it.
        threshold: the rule's, which a change for the worse must exceed to be a regression; None
            where the figure has no rule.
        regression: whether it makes the comparison fail.
        why: how it was decided, or why it cannot be: one line.
    """

    cell: str
    figure: Figure | None
    of: str
    verdict: Verdict
    base: float | None = None
    head: float | None = None
    change: float | None = None
    interval: Interval | None = None
    threshold: Threshold | None = None
    regression: bool = False
    why: str = ""

    @property
    def name(self) -> str:
        """The figure's name with what it is of: ``inference.p99@32``, ``recall.Happy``."""
        return "the whole cell" if self.figure is None else self.figure.named(self.of)

    @property
    def too_noisy(self) -> bool:
        """Whether its noise is too large to see whether it got worse by more than its rule."""
        if self.verdict != "same" or self.interval is None or self.figure is None:
            return False
        if self.threshold is None or self.base is None:
            return False
        allowed = self.threshold.distance(self.base)
        if self.figure.speed:
            allowed /= self.base
        low, high = self.interval.low, self.interval.high
        return (-low if self.figure.higher_is_better else high) > allowed


@dataclass(frozen=True)
class Difference:
    """A fact in which the two sides' surroundings differ.

    Attributes:
        what: its name: ``"processor"``, ``"protocol: epochs"``, ``"tensorflow"``.
        base: its value there, one line.
        head: the same of the head.
        meaning: what follows for the comparison, one line.
        of_experiment: whether it is of protocol or data, not of what they were measured in.
    """

    what: str
    base: str
    head: str
    meaning: str
    of_experiment: bool = False


@dataclass(frozen=True)
class Outcome:
    """All that a comparison found.

    Attributes:
        base: what the base side is, one line: its files and commit.
        head: the same of the head.
        differences: of machine, threads, device, libraries, protocol and data.
        notes: what else a reader must know before the verdicts, one line each.
        changes: a row for each figure of each cell, in the order of the runs; cells that one side
            lacks among them.
        level: of the intervals.
    """

    base: str
    head: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    changes: tuple[Change, ...]
    level: float

    @property
    def regressions(self) -> tuple[Change, ...]:
        """The changes that make the comparison fail."""
        return tuple(change for change in self.changes if change.regression)

    @property
    def undecided(self) -> tuple[Change, ...]:
        """Figures with a rule that both sides measured, and that cannot be compared."""
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
        """Whether any figure could be compared at all."""
        return any(
            change.figure is not None and change.verdict in ("better", "worse", "moved", "same")
            for change in self.changes
        )

    @property
    def exit_status(self) -> int:
        """0 where nothing got worse, 1 with a regression, 2 where that cannot be told."""
        if self.regressions:
            return REGRESSION
        return FINE if self.compared and not self.undecided else CANNOT_COMPARE
