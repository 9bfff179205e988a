"""Change points of speeds over the stored runs."""

from __future__ import annotations

import functools
import math
import statistics
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.comparison_result import LEVEL, metric_row
from fer_bench.analysis.comparison.environment_differences import compare_environments
from fer_bench.analysis.comparison.run_set import RunSet
from fer_bench.analysis.comparison.speed import Timed, is_divided, speed_change, timed
from fer_bench.analysis.history.series import CHANGED, Point, Segmentation
from fer_bench.analysis.history.step_detection import differ, step
from fer_bench.analysis.seed_groups import group_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.analysis.comparison.comparison_result import Change
    from fer_bench.analysis.comparison.environment_differences import EnvironmentComparison
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.analysis.history.archive import Archive
    from fer_bench.analysis.history.series import Name
    from fer_bench.results.records import Run

_SPLIT = 0.9998
"""Confidence level for splitting a segment.

The splits of an archive of about twenty runs, which largely depend on each other, find a false step
about as often as fifty independent comparisons: at this level, in one of a hundred archives.
"""
_OUTLIER = 0.999
"""Confidence level for outliers; it is strict because every run of an archive may be one."""

_Runs = tuple[int, ...]


def segment_speeds(archive: Archive, thresholds: Thresholds) -> dict[Name, Segmentation]:
    """Find the change points of all speeds, by ``speed_change`` and the variation between runs.

    A run is a change point if ``speed_change`` finds it better or worse than the current segment,
    and if the difference also exceeds the variation between runs within this and the earlier
    segments, once there are enough of them to estimate it (``step_detection.differ``). Such a
    change point is tentative. With each later run

    - it is marked as an outlier if that run is the next one and is back at the previous level;
    - it is removed if the segments around it no longer differ, or if the next run is a change point
      too and the variation between runs is unknown;
    - it is confirmed, and its run determined again, by the clearest split of the two segments.

    A segment without a change point at its end is split in the same way, so that a step too small
    to be detected in its own run is found there once more runs have followed.
    """
    runs = [(stored.name, stored.run) for stored in archive.runs]

    @functools.cache
    def environments(base: _Runs, head: _Runs) -> EnvironmentComparison:
        base_runs, head_runs = (RunSet(tuple(runs[run] for run in part)) for part in (base, head))
        return compare_environments(base_runs, head_runs)

    speeds: dict[Name, _Speed] = {}
    for number, (_, run) in enumerate(runs):
        # The speeds of one run are compared with the same sets of runs, later runs with others.
        environments.cache_clear()
        for name, measured in _timed_of(run).items():
            if name not in speeds:
                speeds[name] = _Speed(name[0], thresholds, environments)
            speeds[name].add_run(number, measured)
    return {name: speed.segmentation for name, speed in speeds.items()}


class _Speed:
    """One speed of one backbone, init and head over the runs so far."""

    def __init__(
        self,
        cell: str,
        thresholds: Thresholds,
        environments: Callable[[_Runs, _Runs], EnvironmentComparison],
    ) -> None:
        self.segmentation = Segmentation()
        self._cell = cell
        self._thresholds = thresholds
        self._environments = environments
        self._timed: dict[int, Timed] = {}
        self._logarithms: dict[int, tuple[float, float]] = {}
        # Cache for the current run, since several tests compare the same sets of runs.
        self._changes: dict[tuple[_Runs, _Runs], Change] = {}

    def add_run(self, run: int, measured: Timed) -> None:
        """Process the next run that measured this speed."""
        self._timed[run], self._logarithms[run] = measured, _logarithms(measured)
        self._changes.clear()
        self._segment(run)
        self.segmentation.points.append(Point(run, measured.value))

    def _segment(self, run: int) -> None:
        found = self.segmentation
        if not found.current:
            found.extend(run)
            return
        if self._is_back(run):
            found.mark_outlier(run)
        else:
            change = self._compare(found.current, (run,))
            environments = self._environments(found.current, (run,))
            same = environments.same_machine and environments.same_device
            if change.verdict == "not comparable" and not (same and environments.same_timer):
                found.restart(run, change.why)
                return
            if not self._split(run):
                if self._changed_twice(run):
                    found.remove_last()
                if self._changed(found.current, (run,)):
                    change = self._compare(found.current, (run,))
                    found.add_change_point(run, change, tentative=True)
                    return
                # If there are too few runs or rounds to compare, later runs will add some.
                found.extend(run)
        while found.tentative and not self._changed(found.previous[-1], found.current):
            found.remove_last()
        for outlier in found.outliers:
            # Outliers of an earlier segment are not tested again.
            within = outlier > found.current[0]
            if within and self._differ(found.current, (outlier,), _OUTLIER) is False:
                found.unmark_outlier(outlier)

    def _is_back(self, run: int) -> bool:
        """Return True if the last run was an outlier and this one is back at the level before.

        This run must not differ from the runs before, which is weak evidence if these are few; so
        it must also differ from the outlier, as far as two runs can be compared, and be at least
        twice as close to the runs before as to the outlier.
        """
        if not self.segmentation.tentative or len(self.segmentation.current) > 1:
            return False
        before, outlier = self.segmentation.previous[-1], self.segmentation.current
        if self._compare(before, (run,)).verdict != "same":
            return False
        if self._compare(outlier, (run,)).verdict == "same":
            return False
        divided = self._is_divided(before, (run,))
        mean, mean_before, mean_outlier = (
            statistics.fmean(self._numbers(runs, divided)) for runs in ((run,), before, outlier)
        )
        return 2 * abs(mean - mean_before) <= abs(mean - mean_outlier)

    def _split(self, run: int) -> bool:
        """Split the current segment, and any before a tentative change, at the clearest step.

        Returns:
            True if it was split.
        """
        found = self.segmentation
        runs = (*(found.previous[-1] if found.tentative else ()), *found.current, run)
        divided = self._is_divided(runs[:-1], (run,))
        others = found.previous[: len(found.previous) - found.tentative]
        position = step(
            self._numbers(runs, divided),
            [self._numbers(other, divided) for other in others],
            _SPLIT,
        )
        if position is None:
            return False
        change = self._compare(runs[:position], runs[position:])
        if change.verdict not in CHANGED:
            return False
        if found.tentative:
            found.remove_last()
        found.extend(run)
        found.split(position, change)
        return True

    def _changed_twice(self, run: int) -> bool:
        """Return True if this run and the last both changed and the noise is unknown.

        The two changes are then taken as the variation between runs. Kept as two change points they
        would never show it, since a segment of one run has no variation.
        """
        current = self.segmentation.current
        return (
            self.segmentation.tentative
            and len(current) == 1
            and self._differ(current, (run,), LEVEL) is None
            and self._changed(current, (run,))
        )

    def _changed(self, base: _Runs, head: _Runs) -> bool:
        """Return True if two sets of runs differ, as far as is known."""
        changed = self._compare(base, head).verdict in CHANGED
        return changed and self._differ(base, head, LEVEL) is not False

    def _differ(self, base: _Runs, head: _Runs, level: float) -> bool | None:
        """Return True if two sets of runs differ by more than the noise; None if it is unknown."""
        divided = self._is_divided(base, head)
        others = [runs for runs in self.segmentation.previous if runs != base]
        return differ(
            self._numbers(base, divided),
            self._numbers(head, divided),
            [self._numbers(runs, divided) for runs in others],
            level,
        )

    def _compare(self, base: _Runs, head: _Runs) -> Change:
        if (base, head) not in self._changes:
            one, other = self._merge(base), self._merge(head)
            values = one.value, other.value
            row = metric_row(self._cell, one.metric, one.of, *values, "", self._thresholds)
            environments = self._environments(base, head)
            self._changes[base, head] = speed_change(row, one, other, environments)
        return self._changes[base, head]

    def _merge(self, runs: _Runs) -> Timed:
        """Return the timings of several runs as one."""
        timings = tuple(timing for run in runs for timing in self._timed[run].timings)
        return self._timed[runs[0]]._replace(timings=timings)

    def _is_divided(self, base: _Runs, head: _Runs) -> bool:
        """Return True if ``speed_change`` divides by the reference workload."""
        environments = self._environments(base, head)
        return is_divided(self._merge(base).timings, self._merge(head).timings, environments)

    def _numbers(self, runs: _Runs, divided: bool) -> list[float]:
        """Return the logarithm of each run's time, or of its ratio to the reference workload's."""
        return [self._logarithms[run][divided] for run in runs]


def _timed_of(run: Run) -> dict[Name, Timed]:
    return {
        (group.id, metric, of): measured
        for group in group_cells(run)
        for (metric, of), measured in timed(group.cells).items()
    }


def _logarithms(measured: Timed) -> tuple[float, float]:
    """Return the mean log time of a run, as measured and divided by the reference workload."""
    mean = statistics.fmean(math.log(timing.value) for timing in measured.timings)
    paces = [statistics.fmean(timing.pace or (0.0,)) for timing in measured.timings]
    return mean, mean - statistics.fmean(paces)
