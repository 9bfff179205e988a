"""Change points of speeds over the stored runs."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.base_and_head import Side
from fer_bench.analysis.comparison.environment_differences import compare_environments
from fer_bench.analysis.comparison.speed import Timed, is_divided, speed_change, timed
from fer_bench.analysis.comparison.verdicts import LEVEL
from fer_bench.analysis.history.segments import MOVING
from fer_bench.analysis.history.series import Point
from fer_bench.analysis.history.step_detection import differ, step
from fer_bench.analysis.seed_groups import group_cells

if TYPE_CHECKING:
    from collections import defaultdict

    from fer_bench.analysis.comparison.environment_differences import EnvironmentComparison
    from fer_bench.analysis.comparison.outcome import Change
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.analysis.history.archive import Archive
    from fer_bench.analysis.history.segments import Name, Segmentation
    from fer_bench.results.records import Run

_SPLIT = 0.9998
"""Confidence level for splitting a segment.

The splits of an archive of about twenty runs, which largely depend on each other, find a false step
about as often as fifty independent comparisons: at this level, in one of a hundred archives.
"""
_ODD = 0.999
"""Confidence level for outliers; it is strict because every run of an archive may be one."""

_Runs = tuple[int, ...]


class Speeds:
    """Detector of change points of speeds, by ``speed_change`` and by the variation between runs.

    A run is a change point if ``speed_change`` finds it better or worse than the current segment,
    and if the difference also exceeds the variation between runs within this and the earlier
    segments, once there are enough of them to estimate it (``step_detection.differ``). Such a
    change point is tentative (``doubtful``). With each later run

    - it is undone if that run is the next one and is back at the previous level (``_is_back``);
    - it is removed if the segments around it no longer differ, or if the next run is a change point
      too and the variation between runs is unknown;
    - it is confirmed, and its run determined again, by the clearest split of the two segments.

    A segment without a change point at its end is split in the same way, so that a step too small
    to be detected in its own run is found there once more runs have followed.
    """

    def __init__(
        self, archive: Archive, rules: Thresholds, walks: defaultdict[Name, Segmentation]
    ) -> None:
        self._runs = [(one.name, one.run) for one in archive.runs]
        self._rules = rules
        self._walks = walks
        self._timed = [_timed_of(one.run) for one in archive.runs]
        self._logarithms = [
            {name: _logarithms(one) for name, one in found.items()} for found in self._timed
        ]
        # Cache for the current run, since several tests compare the same sets of runs.
        self._around: dict[tuple[_Runs, _Runs], EnvironmentComparison] = {}
        self._changes: dict[tuple[Name, _Runs, _Runs], Change] = {}

    def walk(self, run: int) -> None:
        """Process the next run."""
        self._around.clear()
        self._changes.clear()
        for name, ours in self._timed[run].items():
            self._follow(name, run)
            self._walks[name].points.append(Point(run, ours.value))

    def _follow(self, name: Name, run: int) -> None:
        walk = self._walks[name]
        if not walk.stretch:
            walk.stay(run)
            return
        if self._is_back(name, run):
            walk.undo(run)
        else:
            change = self._compared(name, walk.stretch, (run,))
            around = self._surroundings(walk.stretch, (run,))
            elsewhere = not (around.same_machine and around.same_device and around.same_timer)
            if change.verdict == "not comparable" and elsewhere:
                walk.restart(run, change.why)
                return
            if not self._split(name, run):
                if self._moved_twice(name, run):
                    walk.join()
                if self._moved(name, walk.stretch, (run,)):
                    change = self._compared(name, walk.stretch, (run,))
                    walk.move(run, change, doubtful=True)
                    return
                # If there are too few runs or rounds to compare, later runs will add some.
                walk.stay(run)
        while walk.doubtful and not self._moved(name, walk.earlier[-1], walk.stretch):
            walk.join()
        for odd in walk.odd:
            # Outliers of an earlier segment are not tested again.
            within = odd > walk.stretch[0]
            if within and self._differ(name, walk.stretch, (odd,), _ODD) is False:
                walk.include(odd)

    def _is_back(self, name: Name, run: int) -> bool:
        """Return True if the last run was an outlier and this one is back at the level before.

        This run must not differ from the runs before, which is weak evidence if these are few; so
        it must also differ from the outlier, as far as two runs can be compared, and be at least
        twice as close to the runs before as to the outlier.
        """
        walk = self._walks[name]
        if not walk.doubtful or len(walk.stretch) > 1:
            return False
        before, odd = walk.earlier[-1], walk.stretch
        if self._compared(name, before, (run,)).verdict != "same":
            return False
        if self._compared(name, odd, (run,)).verdict == "same":
            return False
        divided = self._divided(name, before, (run,))
        ours, theirs, apart = (
            statistics.fmean(self._numbers(name, runs, divided)) for runs in ((run,), before, odd)
        )
        return 2 * abs(ours - theirs) <= abs(ours - apart)

    def _split(self, name: Name, run: int) -> bool:
        """Split the current segment, and any before a tentative change, at the clearest step.

        Returns:
            True if it was split.
        """
        walk = self._walks[name]
        whole = (*(walk.earlier[-1] if walk.doubtful else ()), *walk.stretch, run)
        divided = self._divided(name, whole[:-1], (run,))
        others = walk.earlier[: len(walk.earlier) - walk.doubtful]
        place = step(
            self._numbers(name, whole, divided),
            [self._numbers(name, other, divided) for other in others],
            _SPLIT,
        )
        if place is None:
            return False
        change = self._compared(name, whole[:place], whole[place:])
        if change.verdict not in MOVING:
            return False
        if walk.doubtful:
            walk.join()
        walk.stay(run)
        walk.split(place, change)
        return True

    def _moved_twice(self, name: Name, run: int) -> bool:
        """Return True if this run and the last both changed and the noise is unknown.

        The two changes are then taken as the variation between runs. Kept as two change points they
        would never show it, since a segment of one run has no variation.
        """
        walk = self._walks[name]
        return (
            walk.doubtful
            and len(walk.stretch) == 1
            and self._differ(name, walk.stretch, (run,), LEVEL) is None
            and self._moved(name, walk.stretch, (run,))
        )

    def _moved(self, name: Name, base: _Runs, head: _Runs) -> bool:
        """Return True if two sets of runs differ, as far as is known."""
        found = self._compared(name, base, head).verdict in MOVING
        return found and self._differ(name, base, head, LEVEL) is not False

    def _differ(self, name: Name, base: _Runs, head: _Runs, level: float) -> bool | None:
        """Return True if two sets of runs differ by more than the noise; None if it is unknown."""
        divided = self._divided(name, base, head)
        ours, theirs, *others = (
            self._numbers(name, runs, divided)
            for runs in (base, head, *(one for one in self._walks[name].earlier if one != base))
        )
        return differ(ours, theirs, others, level)

    def _compared(self, name: Name, base: _Runs, head: _Runs) -> Change:
        asked = name, base, head
        if asked not in self._changes:
            ours, theirs = (self._joined(name, runs) for runs in (base, head))
            around = self._surroundings(base, head)
            self._changes[asked] = speed_change(name[0], ours, theirs, around, self._rules)
        return self._changes[asked]

    def _joined(self, name: Name, runs: _Runs) -> Timed:
        """Return the timings of several runs as one."""
        measured = [self._timed[run][name] for run in runs]
        timings = tuple(timing for one in measured for timing in one.timings)
        return measured[0]._replace(timings=timings)

    def _surroundings(self, base: _Runs, head: _Runs) -> EnvironmentComparison:
        if (base, head) not in self._around:
            sides = (Side(tuple(self._runs[run] for run in runs)) for runs in (base, head))
            self._around[base, head] = compare_environments(*sides)
        return self._around[base, head]

    def _divided(self, name: Name, base: _Runs, head: _Runs) -> bool:
        """Return True if ``speed_change`` divides by the reference workload."""
        ours, theirs = (
            [timing for run in runs for timing in self._timed[run][name].timings]
            for runs in (base, head)
        )
        return is_divided(ours, theirs, self._surroundings(base, head))

    def _numbers(self, name: Name, runs: _Runs, divided: bool) -> list[float]:
        """Return the logarithm of each run's time."""
        return [self._logarithms[run][name][divided] for run in runs]


def _timed_of(run: Run) -> dict[Name, Timed]:
    return {
        (f"{group.backbone}-{group.init}", figure, of): one
        for group in group_cells(run)
        for (figure, of), one in timed(group.cells).items()
    }


def _logarithms(one: Timed) -> tuple[float, float]:
    """Return the mean log time of a run, as measured and divided by the reference workload.

    Without a reference workload both are the same.
    """
    measured = statistics.fmean(math.log(timing.figure) for timing in one.timings)
    paces = [statistics.fmean(timing.pace or (0.0,)) for timing in one.timings]
    return measured, measured - statistics.fmean(paces)
