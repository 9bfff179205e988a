"""In which stored runs speeds moved."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.base_and_head import Side
from fer_bench.analysis.comparison.environment_differences import surroundings
from fer_bench.analysis.comparison.speed import Timed, is_divided, speed_change, timed
from fer_bench.analysis.comparison.verdicts import LEVEL
from fer_bench.analysis.history.segments import MOVING
from fer_bench.analysis.history.series import Point
from fer_bench.analysis.history.step_detection import differ, step
from fer_bench.analysis.seed_groups import groups

if TYPE_CHECKING:
    from collections import defaultdict

    from fer_bench.analysis.comparison.environment_differences import Surroundings
    from fer_bench.analysis.comparison.outcome import Change
    from fer_bench.analysis.comparison.thresholds import Rules
    from fer_bench.analysis.history.archive import Archive
    from fer_bench.analysis.history.segments import Name, Walk
    from fer_bench.results.records import Run

_SPLIT = 0.9998
"""Level at which a stretch is split. The splits of an archive of some twenty runs, of which one
follows from another to a large part, find a step that is none about as often as fifty comparisons
of other runs would: at this level in one archive of a hundred."""
_ODD = 0.999
"""Level at which a run stays marked as odd: every run of an archive may be one."""

_Runs = tuple[int, ...]


class Speeds:
    """Finds moves of speeds, by ``speed_change`` and by how far they vary from run to run.

    A figure moved in a run where ``speed_change`` finds it better or worse than in the stretch,
    and where the difference is also beyond what the runs of this and the earlier stretches vary
    by, as soon as these tell it (``steps.differ``). Such a move is doubtful. With each later run

    - it is undone where that run is the next one and is back (``_is_back``);
    - it is taken back where the stretches around it cannot be told apart any more, or where the
      next run moved again and nothing tells how far runs vary;
    - it is settled, and dated anew, by the clearest split of the two stretches.

    A stretch without a move at its end is split likewise, so that a step which was too small to
    be seen in its own run is found, in that run, when others have followed.
    """

    def __init__(self, archive: Archive, rules: Rules, walks: defaultdict[Name, Walk]) -> None:
        self._runs = [(one.name, one.run) for one in archive.runs]
        self._rules = rules
        self._walks = walks
        self._timed = [_timed_of(one.run) for one in archive.runs]
        self._logarithms = [
            {name: _logarithms(one) for name, one in found.items()} for found in self._timed
        ]
        # What was found for one run: several questions ask for the same two sides.
        self._around: dict[tuple[_Runs, _Runs], Surroundings] = {}
        self._changes: dict[tuple[Name, _Runs, _Runs], Change] = {}

    def walk(self, run: int) -> None:
        """Takes one run further: the next one."""
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
                # Too few runs or rounds to compare become enough in time.
                walk.stay(run)
        while walk.doubtful and not self._moved(name, walk.earlier[-1], walk.stretch):
            walk.join()
        for odd in walk.odd:
            # What was odd in an earlier stretch stays so.
            within = odd > walk.stretch[0]
            if within and self._differ(name, walk.stretch, (odd,), _ODD) is False:
                walk.include(odd)

    def _is_back(self, name: Name, run: int) -> bool:
        """Whether the last run was odd: this one is what the figure was before.

        It cannot be told from the runs before, which proves little of few of them; so it must also
        differ from the odd run, as far as two runs can be compared, and be at least twice as near
        to those before as to the odd one.
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
        """Splits the stretch, and what is before a doubtful move, where it is clearest."""
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
        """Whether this run and the last one both moved, and nothing tells how far runs vary.

        Then that is what they vary by. As two moves they would never tell it: no stretch of a
        single run does.
        """
        walk = self._walks[name]
        return (
            walk.doubtful
            and len(walk.stretch) == 1
            and self._differ(name, walk.stretch, (run,), LEVEL) is None
            and self._moved(name, walk.stretch, (run,))
        )

    def _moved(self, name: Name, base: _Runs, head: _Runs) -> bool:
        """Whether two sides differ, as far as is known."""
        found = self._compared(name, base, head).verdict in MOVING
        return found and self._differ(name, base, head, LEVEL) is not False

    def _differ(self, name: Name, base: _Runs, head: _Runs, level: float) -> bool | None:
        """Whether two sides differ by more than runs do; None where that is not known."""
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
        """What the runs measured, taken together."""
        measured = [self._timed[run][name] for run in runs]
        timings = tuple(timing for one in measured for timing in one.timings)
        return measured[0]._replace(timings=timings)

    def _surroundings(self, base: _Runs, head: _Runs) -> Surroundings:
        if (base, head) not in self._around:
            sides = (Side(tuple(self._runs[run] for run in runs)) for runs in (base, head))
            self._around[base, head] = surroundings(*sides)
        return self._around[base, head]

    def _divided(self, name: Name, base: _Runs, head: _Runs) -> bool:
        """Whether ``speed_change`` divides by the reference workload."""
        ours, theirs = (
            [timing for run in runs for timing in self._timed[run][name].timings]
            for runs in (base, head)
        )
        return is_divided(ours, theirs, self._surroundings(base, head))

    def _numbers(self, name: Name, runs: _Runs, divided: bool) -> list[float]:
        """The logarithm of each run's time."""
        return [self._logarithms[run][name][divided] for run in runs]


def _timed_of(run: Run) -> dict[Name, Timed]:
    return {
        (f"{group.backbone}-{group.init}", figure, of): one
        for group in groups(run)
        for (figure, of), one in timed(group.cells).items()
    }


def _logarithms(one: Timed) -> tuple[float, float]:
    """Of a run's time: as it was measured, and divided by the reference workload where known."""
    measured = statistics.fmean(math.log(timing.figure) for timing in one.timings)
    paces = [statistics.fmean(timing.pace or (0.0,)) for timing in one.timings]
    return measured, measured - statistics.fmean(paces)
