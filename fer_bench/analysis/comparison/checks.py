"""Checks before a comparison, and notes for the reader of its result."""

from __future__ import annotations

import math
import re
import statistics
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.base_and_head import Side, measurement
from fer_bench.analysis.comparison.compared_metrics import METRICS, RECALL
from fer_bench.analysis.comparison.environment_differences import compare_environments
from fer_bench.analysis.comparison.noise import LEAST_RUNS
from fer_bench.analysis.comparison.speed import RUN_NOISE, SLOWER, timed
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from fer_bench.analysis.comparison.grouping import CellGroup
    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.results.records import Run


def check_sides(base: Side, head: Side) -> None:
    """Check that base and head are each one experiment and do not share a measurement.

    Raises:
        FerBenchError: runs of one side differ in data or protocol, or, with several runs on a side,
            a measurement is in both base and head, where it would hide the difference.
    """
    for name, side in (("base", base), ("head", head)):
        (first, run), *others = side.runs
        for other, another in others:
            between = compare_environments(Side(((first, run),)), Side(((other, another),)))
            for difference in between.differences:
                if difference.of_experiment:
                    raise FerBenchError(
                        f"{name}: {first} and {other} are different experiments, with "
                        f"{difference.what} {difference.base} and {difference.head}",
                        "runs of one experiment as base, and of one as head",
                    )
    if len(base.runs) == len(head.runs) == 1:
        return
    known = {measurement(run): name for name, run in base.runs}
    for name, run in head.runs:
        times = measurement(run)
        if times and times in known:
            raise FerBenchError(
                f"{known[times]} of the base and {name} of the head hold the same measurement",
                "each measurement once",
            )


def check_rules(
    rules: Thresholds, base: Mapping[str, CellGroup], head: Mapping[str, CellGroup]
) -> None:
    """Check that thresholds for a class or a batch size name an existing one.

    A threshold for a metric that no file has is accepted: it applies once a file has that metric.

    Raises:
        FerBenchError: a threshold names an unknown class or batch size.
    """
    names = {
        name
        for side in (base, head)
        for found in side.values()
        for name in (
            *(RECALL.named(label) for label, _ in found.dataset.counts),
            *(figure.named(of) for figure, of in timed(found.every)),
        )
    }
    for rule in rules.rules:
        for figure in METRICS:
            start = figure.name + figure.mark
            known = sorted(name for name in names if figure.mark and name.startswith(start))
            if (
                known
                and rule.figure.startswith(start)
                and not any(fnmatchcase(name, rule.figure) for name in known)
            ):
                raise FerBenchError(
                    f"threshold {rule.text!r}: no file has the metric {rule.figure!r}",
                    ", ".join(known),
                )


def notes(base: Side, head: Side, rules: Thresholds, cells: Collection[str]) -> Iterator[str]:
    """Yield notes that a reader needs before the verdicts.

    Args:
        base: the base.
        head: the head.
        rules: thresholds for how much worse a metric may get.
        cells: backbone and init of all cells.
    """
    for name, side in (("base", base), ("head", head)):
        commits = dict.fromkeys(commit_of(run) for _, run in side.runs)
        if len(commits) > 1:
            yield (
                f"the runs of the {name} are of {len(commits)} commits ({', '.join(commits)}): "
                "differences between these count as noise"
            )
    sides = [side.runs for side in (base, head)]
    if all(any(measurement(run) for _, run in runs) for runs in sides):
        count = len(base.runs) + len(head.runs)
        if count < LEAST_RUNS:
            yield (
                f"speeds are assumed to vary by {RUN_NOISE:.0%} from run to run, since {count} "
                f"runs are too few to measure it; {LEAST_RUNS} runs of base and head together are "
                "enough, five of each are better"
            )
    yield from _reference(base, head)
    for rule in rules.rules:
        if not any(fnmatchcase(cell, rule.cells) for cell in cells):
            yield f"threshold {rule.text!r}: no file has a matching cell"


def mixtures(side: str, groups: Mapping[str, CellGroup]) -> Iterator[str]:
    """Yield a note for each seed with results of different experiments on one side.

    Args:
        side: ``"base"`` or ``"head"``.
        groups: the cells of that side.
    """
    for name, group in groups.items():
        for seed, cells in group.cells.items():
            known = {cell.fingerprint: run for run, cell in cells if cell.quality is not None}
            if len(known) > 1:
                runs = [run for run, cell in cells if cell.quality is not None]
                yield (
                    f"{side}: {name}-{seed} has {len(known)} fingerprints, in "
                    f"{' and '.join(known.values())}; its quality is taken from {runs[0]}"
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


def _reference(base: Side, head: Side) -> Iterator[str]:
    """Yield a note if the reference workload's time differs much between base and head."""
    bases, heads = ([pace for _, run in side.runs for pace in _pace(run)] for side in (base, head))
    shift = statistics.fmean(heads) - statistics.fmean(bases) if bases and heads else 0.0
    if abs(shift) > SLOWER:
        slower = math.expm1(shift)
        yield (
            f"the reference workload was {abs(slower):.0%} {'slower' if slower > 0 else 'faster'} "
            "in the runs of the head: either the machine was, or the code changed a setting of all "
            "computations; it is divided out of the rows that say so"
        )


def _pace(run: Run) -> Iterator[float]:
    """Yield the mean logarithm of a run's reference-workload times, or nothing without any."""
    paces = [
        part
        for one in timed(run.cells).values()
        for timing in one.timings
        if timing.pace
        for part in timing.pace
    ]
    if paces:
        yield statistics.fmean(paces)
