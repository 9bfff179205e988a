"""Segmentation of one metric over the stored runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.history.series import ChangePoint, Point, Restart, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.comparison_result import Change, ChangeKind

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
        self.change_points[-1] = dataclasses.replace(self.change_points[-1], outlier=True)
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


def restarts(
    segmentations: Mapping[Name, Segmentation], keys: Iterable[Name], names: Mapping[str, str]
) -> tuple[Restart, ...]:
    """Return the restarts of all metrics, in the order of the runs; ``names`` are of the cells."""
    found: dict[tuple[int, str], list[str]] = {}
    for cell, metric, of in keys:
        for restart in segmentations[cell, metric, of].restarts:
            metric_name = metric.named(of) if metric else ""
            found.setdefault(restart, []).append(f"{names[cell]} {metric_name}")
    return tuple(Restart(run, tuple(found[run, why]), why) for run, why in sorted(found))
