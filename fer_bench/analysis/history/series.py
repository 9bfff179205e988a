"""Series of metrics over stored runs, and the segments that their change points make of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.comparison_result import Change, ChangeKind
    from fer_bench.analysis.history.archive import Archive


@dataclass(frozen=True)
class Point:
    """Value of a metric in one run, its index: mean over the seeds, or the speed as measured."""

    run: int
    value: float


@dataclass(frozen=True)
class ChangePoint:
    """Change point: a run in which a metric differs from the preceding runs.

    Attributes:
        run: index of the run, from 0.
        base: value in the preceding runs, as used in the comparison; None if it is of the complete
            cell.
        head: value in this run, or in this and later runs if only these together showed the change.
        verdict: ``"better"``, ``"worse"``, ``"moved"`` or ``"not deterministic"``.
        why: how it was decided: one line.
        outlier: True if it is a speed and the next run that measured it is back at the previous
            level, unlike this one: then this run is an outlier of the machine, not a change of the
            metric.
    """

    run: int
    base: float | None
    head: float | None
    verdict: ChangeKind
    why: str
    outlier: bool = False


@dataclass(frozen=True)
class Series:
    """One metric of one backbone and init over the stored runs.

    Attributes:
        cell: backbone and init.
        metric: the metric; None for the complete cell, whose change points are runs that were not
            deterministic.
        of: class or batch size, or empty.
        points: values in the runs that measured it, in their order; empty for a complete cell.
        change_points: change points in the order of the runs.
    """

    cell: str
    metric: Metric | None
    of: str
    points: tuple[Point, ...]
    change_points: tuple[ChangePoint, ...]

    @property
    def name(self) -> str:
        """Name of the metric with its class or batch size."""
        return "the whole cell" if self.metric is None else self.metric.named(self.of)

    @property
    def lasting(self) -> tuple[ChangePoint, ...]:
        """Change points that are not outliers."""
        return tuple(point for point in self.change_points if not point.outlier)


@dataclass(frozen=True)
class Restart:
    """Run that cannot be compared with the preceding ones, so that segmentation starts again there.

    ``series`` are the names of the cells and metrics concerned, ``why`` is the reason, one line.
    """

    run: int
    series: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Trend:
    """All metrics over the stored runs.

    Attributes:
        archive: the runs.
        series: ordered by cell, those of the newest run first; then by metric, the complete cell
            first.
        restarts: in the order of the runs.
        names: display name of each backbone and init.
    """

    archive: Archive
    series: tuple[Series, ...]
    restarts: tuple[Restart, ...]
    names: Mapping[str, str] = field(hash=False)


CHANGED: tuple[ChangeKind, ...] = ("better", "worse", "moved", "not deterministic")

Name = tuple[str, "Metric | None", str]
"""Key of a series: its cell, its metric, and the class or batch size."""


class Segmentation:
    """Segmentation of one metric after some of the runs.

    A segment consists of runs between two change points.

    Attributes:
        points: values so far.
        change_points: in the order in which they were found.
        restarts: run and reason of each restart, in the order of the runs.
        current: current segment: the runs since the last change point.
        previous: previous segments since the last restart.
        tentative: True if later runs may still mark the last change point as an outlier or remove
            it.
        outliers: outliers since the last restart; they belong to no segment.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.change_points: list[ChangePoint] = []
        self.restarts: list[tuple[int, str]] = []
        self.current: tuple[int, ...] = ()
        self.previous: list[tuple[int, ...]] = []
        self.tentative = False
        self.outliers: tuple[int, ...] = ()

    def series(self, name: Name) -> Series:
        """Return the values and the change points in the order of the runs."""
        change_points = sorted(self.change_points, key=lambda point: point.run)
        return Series(*name, tuple(self.points), tuple(change_points))

    def extend(self, run: int) -> None:
        """Add a run to the current segment."""
        self.current = (*self.current, run)

    def add_change_point(self, run: int, change: Change, *, tentative: bool) -> None:
        """Start a new segment with a run that is a change point."""
        self.extend(run)
        self.split(len(self.current) - 1, change)
        self.tentative = tentative

    def split(self, position: int, change: Change) -> None:
        """Split the current segment after its first ``position`` runs."""
        before, after = self.current[:position], self.current[position:]
        self.change_points.append(
            ChangePoint(after[0], change.base, change.head, change.verdict, change.why)
        )
        self.previous.append(before)
        self.current, self.tentative = after, False

    def remove_last(self) -> None:
        """Remove the last change point and merge the segments around it."""
        self.change_points.remove([point for point in self.change_points if not point.outlier][-1])
        self._resume(self.current)

    def mark_outlier(self, run: int) -> None:
        """Mark the current segment as an outlier; add this run to the previous segment."""
        self.change_points[-1] = replace(self.change_points[-1], outlier=True)
        self.outliers += self.current
        self._resume((run,))

    def unmark_outlier(self, outlier: int) -> None:
        """Add an outlier to the current segment."""
        self.change_points = [point for point in self.change_points if point.run != outlier]
        self.outliers = tuple(other for other in self.outliers if other != outlier)
        self.current = tuple(sorted((*self.current, outlier)))

    def restart(self, run: int, why: str) -> None:
        """Start a new segment without a change point."""
        self.restarts.append((run, why))
        self.current, self.previous, self.tentative, self.outliers = (run,), [], False, ()

    def _resume(self, runs: tuple[int, ...]) -> None:
        """Make the previous segment the current one again, extended by these runs."""
        self.current = (*self.previous.pop(), *runs)
        # Change points found against a shorter segment must be tested again.
        self.tentative = bool(self.previous)
