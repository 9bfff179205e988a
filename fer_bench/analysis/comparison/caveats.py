"""Notes for the reader of a comparison."""

from __future__ import annotations

import math
import re
import statistics
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.noise import LEAST_RUNS
from fer_bench.analysis.comparison.run_set import measurement
from fer_bench.analysis.comparison.speed import RUN_NOISE, SLOWER, timed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from fer_bench.analysis.comparison.run_set import CellGroup, RunSet
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.results.records import Run


def notes(
    base: RunSet, head: RunSet, thresholds: Thresholds, cells: Collection[str]
) -> Iterator[str]:
    """Yield notes that a reader needs before the verdicts; ``cells`` are those of all runs."""
    for name, run_set in (("base", base), ("head", head)):
        commits = dict.fromkeys(commit_of(run) for _, run in run_set.runs)
        if len(commits) > 1:
            yield (
                f"the runs of the {name} are of {len(commits)} commits ({', '.join(commits)}): "
                "differences between these count as noise"
            )
    if all(any(measurement(run) for _, run in one.runs) for one in (base, head)):
        count = len(base.runs) + len(head.runs)
        if count < LEAST_RUNS:
            yield (
                f"speeds are assumed to vary by {RUN_NOISE:.0%} from run to run, since {count} "
                f"runs are too few to measure it; {LEAST_RUNS} runs of base and head together are "
                "enough, five of each are better"
            )
    yield from _reference_notes(base, head)
    for entry in thresholds.entries:
        if not any(fnmatchcase(cell, entry.cells) for cell in cells):
            yield f"threshold {entry.text!r}: no file has a matching cell"


def mixture_notes(
    name: str, groups: Mapping[str, CellGroup], names: Mapping[str, str]
) -> Iterator[str]:
    """Yield a note for each seed with results of different experiments in base or in head."""
    for cell, group in groups.items():
        for seed, results in group.cells.items():
            trained = [(run, one) for run, one in results if one.quality is not None]
            known = {one.fingerprint: run for run, one in trained}
            if len(known) > 1:
                yield (
                    f"{name}: {names[cell]}, seed {seed}, has {len(known)} fingerprints, in "
                    f"{' and '.join(known.values())}; its quality is taken from {trained[0][0]}"
                )


def untimed_notes(
    base: Mapping[str, CellGroup], head: Mapping[str, CellGroup], names: Mapping[str, str]
) -> Iterator[str]:
    """Yield a note on the speeds of the base that the head was requested not to measure."""
    untimed = {
        cell: timed(base[cell].every)
        for cell, group in head.items()
        if cell in base and group.is_untimed_by_request and base[cell].is_timed
    }
    if untimed:
        metrics = dict.fromkeys(metric.name for speeds in untimed.values() for metric, _ in speeds)
        yield (
            f"not compared: {', '.join(metrics)} of {', '.join(names[cell] for cell in untimed)}, "
            "since the head was run with --no-timing"
        )


def commit_of(run: Run) -> str:
    """Return the commit recorded in a run, or ``"unknown"``."""
    return dict(run.environment).get("commit", "unknown")


def other_code(runs: Iterable[Run]) -> str:
    """Return why runs may be of different code; empty if all are of one commit without changes."""
    # A merged file lists several commits.
    commits = {commit for run in runs for commit in commit_of(run).split("; ")}
    if not all(re.match("[0-9a-f]+(,|$)", commit) for commit in commits):
        return "of unknown commits, so code that results depend on may have changed"
    if len(commits) > 1:
        return "of another commit, so code that results depend on changed"
    if any("not committed" in commit for commit in commits):
        return "with uncommitted changes, so code that results depend on may have changed"
    return ""


def _reference_notes(base: RunSet, head: RunSet) -> Iterator[str]:
    """Yield a note if the reference workload's time differs much between base and head."""
    bases, heads = (
        [statistics.fmean(paces) for _, run in one.runs if (paces := _paces(run))]
        for one in (base, head)
    )
    shift = statistics.fmean(heads) - statistics.fmean(bases) if bases and heads else 0.0
    if abs(shift) > SLOWER:
        slower = math.expm1(shift)
        yield (
            f"the reference workload was {abs(slower):.0%} {'slower' if slower > 0 else 'faster'} "
            "in the runs of the head: either the machine was, or the code changed a setting of all "
            "computations; it is divided out of the rows that say so"
        )


def _paces(run: Run) -> list[float]:
    """Return the logarithms of a run's reference-workload times."""
    return [
        part
        for one in timed(run.cells).values()
        for timing in one.timings
        for part in timing.pace or ()
    ]
