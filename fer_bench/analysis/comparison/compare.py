"""Comparison of base and head."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.caveats import (
    commit_of,
    mixture_notes,
    notes,
    other_code,
    untimed_notes,
)
from fer_bench.analysis.comparison.compared_metrics import METRICS, RECALL
from fer_bench.analysis.comparison.comparison_result import (
    LEVEL,
    Change,
    ComparisonResult,
    metric_row,
)
from fer_bench.analysis.comparison.environment_differences import (
    compare_environments,
    experiment_differences,
)
from fer_bench.analysis.comparison.quality import quality_changes, quality_gone
from fer_bench.analysis.comparison.run_set import group_cells, measurement
from fer_bench.analysis.comparison.speed import speed_change, timed
from fer_bench.analysis.comparison.thresholds import DETERMINISM, GONE
from fer_bench.analysis.seed_groups import display_names
from fer_bench.protocol.cell import OTHER_SHARD
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.analysis.comparison.comparison_result import ChangeKind
    from fer_bench.analysis.comparison.environment_differences import EnvironmentComparison
    from fer_bench.analysis.comparison.run_set import CellGroup, RunSet
    from fer_bench.analysis.comparison.thresholds import Thresholds


def compare(base: RunSet, head: RunSet, thresholds: Thresholds) -> ComparisonResult:
    """Compare base and head, metric by metric.

    Results with the same fingerprint in base and head must be equal. Other results are compared by
    ``quality_changes``, and all speeds by ``speed_change``. A change counts if it exceeds both its
    noise, at ``LEVEL``, and its threshold.

    Raises:
        FerBenchError: the runs of base or of head are not of one experiment, base and head share a
            measurement or have no cell in common, or a threshold names an unknown class or batch
            size.
    """
    _check_run_sets(base, head)
    bases, heads = group_cells(base), group_cells(head)
    names = display_names(run for _, run in (*head.runs, *base.runs))
    if not set(bases) & set(heads):
        listed = (", ".join(names[one] for one in groups) or "none" for groups in (bases, heads))
        raise FerBenchError(
            f"base and head have no cell in common: {' and '.join(listed)}",
            "results with at least one backbone and init in both",
        )
    _check_thresholds(thresholds, (*bases.values(), *heads.values()))
    environments = compare_environments(base, head)
    code = other_code(run for _, run in (*base.runs, *head.runs))
    remarks = [
        *(f"left out of the base: {why}" for why in base.unreadable),
        *(f"left out of the head: {why}" for why in head.unreadable),
        *notes(base, head, thresholds, {**bases, **heads}),
        *mixture_notes("base", bases, names),
        *mixture_notes("head", heads, names),
        *untimed_notes(bases, heads, names),
    ]
    changes: list[Change] = []
    for name in {**bases, **heads}:
        if name not in heads:
            measured = any(map(bases[name].is_measured, bases[name].cells))
            changes.append(_gone(name, name, measured, "only in the base", thresholds))
        elif name not in bases:
            changes.append(Change(name, None, "", "new", why="only in the head"))
        else:
            pair = _Pair(name, bases[name], heads[name], environments, code, thresholds)
            changes += pair.changes()
    with_seeds = {
        f"{cell}-{seed}": f"{names[cell]}, seed {seed}"
        for groups in (bases, heads)
        for cell, group in groups.items()
        for seed in group.cells
    }
    return ComparisonResult(
        base=_title(base),
        head=_title(head),
        differences=environments.differences,
        notes=tuple(remarks),
        changes=tuple(changes),
        level=LEVEL,
        names=names | with_seeds,
    )


def _check_run_sets(base: RunSet, head: RunSet) -> None:
    """Check that base and head are each one experiment and do not share a measurement.

    One run may be compared with itself; with several, a shared measurement would hide the
    difference.
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


def _check_thresholds(thresholds: Thresholds, groups: tuple[CellGroup, ...]) -> None:
    """Check that thresholds for a class or a batch size name an existing one.

    A threshold for a metric that no file has is accepted: it applies once a file has that metric.
    """
    names = {
        name
        for group in groups
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


def _title(run_set: RunSet) -> str:
    commits = dict.fromkeys(commit_of(run) for _, run in run_set.runs)
    first = run_set.runs[0][0]
    files = first if len(run_set.runs) == 1 else f"{first} and {len(run_set.runs) - 1} more"
    return f"{files} (commit {'; '.join(commits)})"


def _gone(cell: str, group: str, measured: bool, why: str, thresholds: Thresholds) -> Change:
    threshold = thresholds.of(group, GONE)
    regression = measured and threshold is not None
    return Change(cell, None, "", "gone", threshold=threshold, regression=regression, why=why)


@dataclass(frozen=True)
class _Pair:
    """Cells of one backbone, init and head that both base and head requested.

    ``other_code`` states why the code of the runs may differ; it is empty if it is the same.
    """

    name: str
    base: CellGroup
    head: CellGroup
    environments: EnvironmentComparison
    other_code: str
    thresholds: Thresholds

    def changes(self) -> Iterator[Change]:
        """Yield the changes of single seeds, then those of all metrics."""
        name, base, head = self.name, self.base, self.head
        seeds = sorted({*base.cells, *head.cells})
        for seed in seeds:
            cell = f"{name}-{seed}" if len(seeds) > 1 else name
            if base.is_measured(seed) and head.is_measured(seed):
                yield from self._check_determinism(cell, seed)
            else:
                yield self._lacking(cell, seed)
        if not self.environments.same_data:
            yield Change(name, None, "", "not comparable", why="measured on other images")
            return
        if base.qualities and head.qualities:
            same_parts = self.environments.same_parts
            yield from quality_changes(name, base, head, same_parts, self.thresholds)
        elif base.qualities and head.is_timed:
            yield from quality_gone(name, base, "the head measured only speeds", self.thresholds)
        # Speeds that were not requested are stated once, by a note.
        if any(map(head.is_measured, seeds)) and not head.is_untimed_by_request:
            yield from self._speeds()

    def _check_determinism(self, cell: str, seed: int) -> Iterator[Change]:
        """Yield a change if results of one seed with the same fingerprint differ."""
        results = [
            (run, result)
            for run, result in (*self.base.cells[seed], *self.head.cells[seed])
            if result.quality is not None and result.fingerprint
        ]
        for (run, one), (other_run, other) in itertools.combinations(results, 2):
            if one.fingerprint != other.fingerprint or one.quality == other.quality:
                continue
            # A result from the store may have been computed on another machine than its run.
            if one.computed_on and other.computed_on:
                elsewhere = one.computed_on != other.computed_on
            else:
                environments = self.environments
                same = environments.same_machine and environments.same_device
                elsewhere = not (same and environments.same_software)
            verdict: ChangeKind = "not comparable" if elsewhere else "not deterministic"
            threshold = None
            if elsewhere:
                why = "on another machine, device, backend or threads, which may round differently"
            elif self.other_code:
                why = f"{self.other_code}; its metrics decide"
            else:
                threshold = self.thresholds.of(self.name, DETERMINISM)
                why = "of the same commit: the computation is not deterministic"
            yield Change(
                cell,
                None,
                "",
                verdict,
                threshold=threshold,
                regression=threshold is not None,
                why=f"{run} and {other_run} have the same fingerprint and different results, {why}",
            )
            return

    def _lacking(self, cell: str, seed: int) -> Change:
        """Return the change of a seed's cell that was not measured in base, head or both."""
        base, head = self.base, self.head
        if base.is_measured(seed):
            reason = head.reason(seed)
            if OTHER_SHARD in reason:
                return Change(cell, None, "", "not comparable", why=f"the head: {reason}")
            return _gone(cell, self.name, True, f"the head: {reason}", self.thresholds)
        if head.is_measured(seed):
            return Change(cell, None, "", "new", why=f"the base: {base.reason(seed)}")
        why = f"measured in neither; the base: {base.reason(seed)}; the head: {head.reason(seed)}"
        return Change(cell, None, "", "not comparable", why=why)

    def _speeds(self) -> Iterator[Change]:
        bases, heads = timed(self.base.every), timed(self.head.every)
        keys = sorted({*bases, *heads}, key=lambda key: (METRICS.index(key[0]), int(key[1] or 0)))
        for key in keys:
            one, other = bases.get(key), heads.get(key)
            lacking = f"the {'base' if one is None else 'head'} did not measure it"
            values = one and one.value, other and other.value
            row = metric_row(self.name, *key, *values, lacking, self.thresholds)
            yield speed_change(row, one, other, self.environments) if one and other else row
