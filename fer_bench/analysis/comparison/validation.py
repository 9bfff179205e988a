"""Checks before a comparison."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.compared_metrics import METRICS, RECALL
from fer_bench.analysis.comparison.environment_differences import experiment_differences
from fer_bench.analysis.comparison.run_set import measurement
from fer_bench.analysis.comparison.speed import timed
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.comparison.cell_groups import CellGroup
    from fer_bench.analysis.comparison.run_set import RunSet
    from fer_bench.analysis.comparison.thresholds import Thresholds


def check_run_sets(base: RunSet, head: RunSet) -> None:
    """Check that base and head are each one experiment and do not share a measurement.

    Raises:
        FerBenchError: runs of base or of head differ in data or protocol, or, with several runs of
            one, a measurement is in both base and head, where it would hide the difference.
    """
    for name, run_set in (("base", base), ("head", head)):
        (first, run), *others = run_set.runs
        for other, another in others:
            for difference in experiment_differences(run, another):
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


def check_thresholds(
    thresholds: Thresholds, base: Mapping[str, CellGroup], head: Mapping[str, CellGroup]
) -> None:
    """Check that thresholds for a class or a batch size name an existing one.

    A threshold for a metric that no file has is accepted: it applies once a file has that metric.

    Raises:
        FerBenchError: a threshold names an unknown class or batch size.
    """
    names = {
        name
        for group in (*base.values(), *head.values())
        for name in (
            *(RECALL.named(label) for label, _ in group.dataset.counts),
            *(metric.named(of) for metric, of in timed(group.every)),
        )
    }
    for entry in thresholds.entries:
        for metric in METRICS:
            start = metric.name + metric.mark
            known = sorted(name for name in names if metric.mark and name.startswith(start))
            if (
                known
                and entry.metric.startswith(start)
                and not any(fnmatchcase(name, entry.metric) for name in known)
            ):
                raise FerBenchError(
                    f"threshold {entry.text!r}: no file has the metric {entry.metric!r}",
                    ", ".join(known),
                )
