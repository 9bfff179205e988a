"""Change points of quality metrics, and of entire cells, over the stored runs."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.analysis.comparison.compare import compare
from fer_bench.analysis.comparison.run_set import RunSet
from fer_bench.analysis.history.series import CHANGED, Point, Segmentation
from fer_bench.analysis.seed_groups import group_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fer_bench.analysis.comparison.comparison_result import Change
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.analysis.history.archive import Archive
    from fer_bench.analysis.history.series import Name
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import Run

_Runs = tuple[int, ...]


def segment_qualities(archive: Archive, thresholds: Thresholds) -> dict[Name, Segmentation]:
    """Find the change points of all quality metrics and of entire cells.

    A result is compared only if it differs from all in its segment; otherwise it was compared
    before, or is the first. Most runs of an archive therefore need no comparison, which is slow.
    """
    detector = _Detector(archive, thresholds)
    for run in range(len(archive.runs)):
        detector.add_run(run)
    return detector.segmentations


class _Result(NamedTuple):
    """Training result of a cell in one run: its fingerprints by seed, and a number.

    The number is that of every result with the same qualities for every seed.
    """

    fingerprints: set[tuple[int, str]]
    number: int


class _Detector:
    """Segmentations of all quality metrics after some of the runs."""

    def __init__(self, archive: Archive, thresholds: Thresholds) -> None:
        self.segmentations: defaultdict[Name, Segmentation] = defaultdict(Segmentation)
        self._runs = [(stored.name, _without_speed(stored.run)) for stored in archive.runs]
        self._thresholds = thresholds
        self._known: dict[str, list[dict[int, Quality]]] = {}
        # For each cell, the last run that trained it.
        self._last: dict[str, int] = {}
        self._results = [self._results_of(run) for _, run in self._runs]

    def add_run(self, run: int) -> None:
        """Process the next run."""
        results = self._results[run]
        values = self._values(run)
        to_compare: dict[_Runs, set[str]] = {}
        for cell in results:
            to_compare.setdefault(self._suspect(cell, run), set()).add(cell)
        for name in values:
            if self._is_new(name, run):
                to_compare.setdefault(self.segmentations[name].current, set()).add(name[0])
        to_compare.pop((), None)
        changes = {base: self._changes(base, run, cells) for base, cells in to_compare.items()}
        for cell in results:
            self._check_determinism(cell, run, changes.get(self._suspect(cell, run), {}))
            self._last[cell] = run
        for name, value in values.items():
            segmentation = self.segmentations[name]
            if self._is_new(name, run):
                _segment(segmentation, run, changes[segmentation.current].get(name))
            else:
                segmentation.extend(run)
            segmentation.points.append(Point(run, value))

    def _results_of(self, run: Run) -> dict[str, _Result]:
        found = {}
        for group in group_cells(run):
            if group.trained:
                cell = group.id
                known = self._known.setdefault(cell, [])
                qualities = dict(zip(group.seeds, group.qualities, strict=True))
                if qualities not in known:
                    known.append(qualities)
                fingerprints = {(trained.seed, trained.fingerprint) for trained in group.trained}
                found[cell] = _Result(fingerprints, known.index(qualities))
        return found

    def _values(self, run: int) -> dict[Name, float]:
        """Return every metric of a run, read from a comparison of the run with itself."""
        if not self._results[run]:
            return {}
        itself = RunSet((self._runs[run],))
        return {
            (change.cell, change.metric, change.of): change.base
            for change in compare(itself, itself, self._thresholds).changes
            if change.metric is not None and change.base is not None
        }

    def _is_new(self, name: Name, run: int) -> bool:
        """Return True if the cell's result differs from all in the metric's current segment."""
        cell, current = name[0], self.segmentations[name].current
        numbers = {self._results[other][cell].number for other in current}
        return bool(current) and self._results[run][cell].number not in numbers

    def _suspect(self, cell: str, run: int) -> _Runs:
        """Return the last run with the same fingerprint but another result; empty if none."""
        last = self._last.get(cell)
        if last is None:
            return ()
        result, before = (self._results[one][cell] for one in (run, last))
        shared = result.fingerprints & before.fingerprints
        return (last,) if shared and result.number != before.number else ()

    def _check_determinism(self, cell: str, run: int, changes: Mapping[Name, Change]) -> None:
        """Add a change point to the entire cell if a seed of it is not deterministic."""
        seeds = re.compile(rf"{re.escape(cell)}(-[0-9]+)?")
        found = [
            change
            for change in changes.values()
            if change.verdict == "not deterministic" and seeds.fullmatch(change.cell)
        ]
        if found:
            names = ", ".join(change.cell for change in found if change.cell != cell)
            why = f"{names}: {found[0].why}" if names else found[0].why
            change = dataclasses.replace(found[0], why=why)
            self.segmentations[cell, None, ""].add_change_point(run, change, tentative=False)

    def _changes(self, base: _Runs, run: int, cells: Collection[str]) -> dict[Name, Change]:
        base_set, head_set = (
            RunSet(tuple(_only(self._runs[one], cells) for one in runs)) for runs in (base, (run,))
        )
        outcome = compare(base_set, head_set, self._thresholds)
        return {(change.cell, change.metric, change.of): change for change in outcome.changes}


def _segment(segmentation: Segmentation, run: int, change: Change | None) -> None:
    if change is None:
        segmentation.restart(run, "the runs before do not have this metric for these seeds")
    elif change.verdict in CHANGED:
        segmentation.add_change_point(run, change, tentative=False)
    elif change.verdict == "not comparable" and change.base != change.head:
        segmentation.restart(run, change.why)
    else:
        segmentation.extend(run)


def _without_speed(run: Run) -> Run:
    return dataclasses.replace(run, cells=tuple(cell.without_speed() for cell in run.cells))


def _only(named: tuple[str, Run], cells: Collection[str]) -> tuple[str, Run]:
    """Return a run with only some of its cells."""
    name, run = named
    kept = (cell for cell in run.cells if cell.group_id in cells)
    return name, dataclasses.replace(run, cells=tuple(kept))
