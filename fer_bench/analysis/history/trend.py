"""Change points of each metric over several stored runs."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.base_and_head import Side
from fer_bench.analysis.comparison.compare import compare
from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.analysis.history.segments import MOVING, Segmentation, restarts
from fer_bench.analysis.history.series import Point, Series, Trend
from fer_bench.analysis.history.speed_changes import Speeds
from fer_bench.analysis.seed_groups import group_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from fer_bench.analysis.comparison.outcome import Change
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.analysis.history.archive import Archive
    from fer_bench.analysis.history.segments import Name
    from fer_bench.results.records import Quality, Run


def trend(archive: Archive, rules: Thresholds) -> Trend:
    """Find the change points of each metric in the chronologically ordered runs.

    Each run is compared, metric by metric, with all runs since the metric's last change point taken
    together, by the same thresholds as base and head. If the verdict is a change, a new segment
    starts with that run. Since speeds vary from run to run, their change points are tested again
    with each later run (``Speeds``). A complete cell has a change point if its fingerprint is that
    of the previous run but its result is not.

    If a run cannot be compared with the segment (another machine without a reference workload; a
    changed loss with a single seed), a new segment starts without a change point.

    Args:
        archive: the runs, of one experiment.
        rules: thresholds for how much worse a metric may get; smaller changes do not count.

    Raises:
        FerBenchError: as for ``compare``.
    """
    walks: defaultdict[Name, Segmentation] = defaultdict(Segmentation)
    quality, speed = _Qualities(archive, rules, walks), Speeds(archive, rules, walks)
    for run in range(len(archive.runs)):
        quality.walk(run)
        speed.walk(run)
    names = _in_order(walks, archive)
    series = (Series(*name, tuple(walks[name].points), walks[name].told) for name in names)
    return Trend(
        archive,
        tuple(one for one in series if one.points or one.moves),
        restarts(walks, names),
    )


@dataclass(frozen=True)
class _Result:
    """Training result of a cell in one run.

    Attributes:
        fingerprints: by seed.
        number: identifier of the result; equal if the results are equal for every seed.
    """

    fingerprints: Mapping[int, str]
    number: int


class _Qualities:
    """Detector of change points of quality metrics and of complete cells.

    A result is compared only if it differs from all in its segment; otherwise it was compared
    before, or is the first. Most runs of an archive therefore need no comparison, which is slow.
    """

    def __init__(
        self, archive: Archive, rules: Thresholds, walks: defaultdict[Name, Segmentation]
    ) -> None:
        self._runs = [(one.name, _without_speed(one.run)) for one in archive.runs]
        self._rules = rules
        self._walks = walks
        self._known: dict[str, list[dict[int, Quality]]] = {}
        # For each cell, the last run that trained it.
        self._last: dict[str, int] = {}
        self._results = [self._results_of(run) for _, run in self._runs]

    def walk(self, run: int) -> None:
        """Process the next run."""
        results = self._results[run]
        values = self._values(run)
        to_compare: dict[tuple[int, ...], set[str]] = {}
        for cell in results:
            to_compare.setdefault(self._suspect(cell, run), set()).add(cell)
        for name in values:
            if self._is_new(name, run):
                to_compare.setdefault(self._walks[name].stretch, set()).add(name[0])
        to_compare.pop((), None)
        changes = {base: self._changes(base, run, cells) for base, cells in to_compare.items()}
        for cell in results:
            self._follow_cell(cell, run, changes)
        for name, value in values.items():
            if self._is_new(name, run):
                self._follow(name, run, changes[self._walks[name].stretch].get(name))
            else:
                self._walks[name].stay(run)
            self._walks[name].points.append(Point(run, value))

    def _results_of(self, run: Run) -> dict[str, _Result]:
        found = {}
        for group in group_cells(run):
            if group.trained:
                cell = f"{group.backbone}-{group.init}"
                known = self._known.setdefault(cell, [])
                ours = dict(zip(group.seeds, group.qualities, strict=True))
                if ours not in known:
                    known.append(ours)
                fingerprints = {one.seed: one.fingerprint for one in group.trained}
                found[cell] = _Result(fingerprints, known.index(ours))
        return found

    def _values(self, run: int) -> dict[Name, float]:
        """Return every metric of a run, read from a comparison of the run with itself."""
        if not self._results[run]:
            return {}
        side = Side((self._runs[run],))
        return {
            (change.cell, change.figure, change.of): change.base
            for change in compare(side, side, self._rules).changes
            if change.figure is not None and change.base is not None
        }

    def _is_new(self, name: Name, run: int) -> bool:
        """Return True if the cell's result differs from all in the metric's current segment."""
        cell, stretch = name[0], self._walks[name].stretch
        numbers = {self._results[other][cell].number for other in stretch}
        return bool(stretch) and self._results[run][cell].number not in numbers

    def _suspect(self, cell: str, run: int) -> tuple[int, ...]:
        """Return the last run with the same fingerprint but another result; empty if none."""
        before = self._last.get(cell)
        if before is None:
            return ()
        ours, theirs = (self._results[one][cell] for one in (run, before))
        shared = set(ours.fingerprints.items()) & set(theirs.fingerprints.items())
        return (before,) if shared and ours.number != theirs.number else ()

    def _follow_cell(
        self, cell: str, run: int, changes: Mapping[tuple[int, ...], Mapping[Name, Change]]
    ) -> None:
        seeds = re.compile(rf"{re.escape(cell)}(-[0-9]+)?")
        found = [
            change
            for change in changes.get(self._suspect(cell, run), {}).values()
            if change.verdict == "not deterministic" and seeds.fullmatch(change.cell)
        ]
        if found:
            names = ", ".join(change.cell for change in found if change.cell != cell)
            why = f"{names}: {found[0].why}" if names else found[0].why
            change = dataclasses.replace(found[0], why=why)
            self._walks[cell, None, ""].move(run, change, doubtful=False)
        self._last[cell] = run

    def _follow(self, name: Name, run: int, change: Change | None) -> None:
        walk = self._walks[name]
        if change is None:
            walk.restart(run, "the runs before have no such figure of these seeds")
        elif change.verdict in MOVING:
            walk.move(run, change, doubtful=False)
        elif change.verdict == "not comparable" and change.base != change.head:
            walk.restart(run, change.why)
        else:
            walk.stay(run)

    def _changes(
        self, base: tuple[int, ...], run: int, cells: Collection[str]
    ) -> dict[Name, Change]:
        side = Side(tuple(_only(self._runs[other], cells) for other in base))
        outcome = compare(side, Side((_only(self._runs[run], cells),)), self._rules)
        return {(change.cell, change.figure, change.of): change for change in outcome.changes}


def _without_speed(run: Run) -> Run:
    cells = (dataclasses.replace(cell, training=None, inference=()) for cell in run.cells)
    return dataclasses.replace(run, cells=tuple(cells))


def _only(named: tuple[str, Run], cells: Collection[str]) -> tuple[str, Run]:
    """Return a run with only some of its cells."""
    name, run = named
    kept = (cell for cell in run.cells if f"{cell.backbone}-{cell.init}" in cells)
    return name, dataclasses.replace(run, cells=tuple(kept))


def _in_order(names: Iterable[Name], archive: Archive) -> list[Name]:
    """Sort by cell, those of the newest run first; then by metric, the complete cell first."""
    cells = list(
        dict.fromkeys(
            f"{cell.backbone}-{cell.init}"
            for one in reversed(archive.runs)
            for cell in one.run.cells
        )
    )

    def place(name: Name) -> tuple[int, int, int]:
        cell, figure, of = name
        if figure is None:
            return cells.index(cell), -1, 0
        return cells.index(cell), METRICS.index(figure), int(of) if figure.speed and of else 0

    return sorted(names, key=place)
