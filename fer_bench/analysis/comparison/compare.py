"""Comparison of base and head."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.caveats import (
    commit_of,
    mixture_notes,
    notes,
    other_code,
    untimed_notes,
)
from fer_bench.analysis.comparison.cell_groups import group_cells
from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.analysis.comparison.comparison_result import (
    LEVEL,
    Change,
    ComparisonResult,
    metric_row,
)
from fer_bench.analysis.comparison.environment_differences import compare_environments
from fer_bench.analysis.comparison.quality import quality_changes, quality_gone
from fer_bench.analysis.comparison.speed import speed_change, timed
from fer_bench.analysis.comparison.thresholds import DETERMINISM, GONE
from fer_bench.analysis.comparison.validation import check_run_sets, check_thresholds
from fer_bench.analysis.seed_groups import display_names
from fer_bench.protocol.shards import OTHER_SHARD
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fer_bench.analysis.comparison.cell_groups import CellGroup
    from fer_bench.analysis.comparison.comparison_result import ChangeKind
    from fer_bench.analysis.comparison.environment_differences import EnvironmentComparison
    from fer_bench.analysis.comparison.run_set import RunSet
    from fer_bench.analysis.comparison.thresholds import Thresholds


def compare(base: RunSet, head: RunSet, thresholds: Thresholds) -> ComparisonResult:
    """Compare base and head, metric by metric.

    Results with the same fingerprint in base and head must be equal. Other results are compared by
    ``quality_changes``, and all speeds by ``speed_change``. A change counts if it exceeds both its
    noise, at ``LEVEL``, and its threshold.

    Args:
        base: runs to compare with.
        head: runs that may be better or worse.
        thresholds: thresholds for how much worse a metric may get.

    Raises:
        FerBenchError: the runs of base or of head are not of one experiment, base and head have no
            cell in common, or a threshold names an unknown class or batch size.
    """
    check_run_sets(base, head)
    bases, heads = group_cells(base), group_cells(head)
    names = display_names(run for _, run in (*head.runs, *base.runs))
    if not set(bases) & set(heads):
        listed = (", ".join(names[one] for one in groups) or "none" for groups in (bases, heads))
        raise FerBenchError(
            f"base and head have no cell in common: {' and '.join(listed)}",
            "results with at least one backbone and init in both",
        )
    check_thresholds(thresholds, bases, heads)
    environments = compare_environments(base, head)
    code = other_code(run for _, run in (*base.runs, *head.runs))
    context = _Context(environments, code, thresholds)
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
            changes += _group_changes(name, bases[name], heads[name], context)
    return ComparisonResult(
        base=_title(base),
        head=_title(head),
        differences=environments.differences,
        notes=tuple(remarks),
        changes=tuple(changes),
        level=LEVEL,
        names=names | _names_with_seeds(names, (bases, heads)),
    )


@dataclass(frozen=True)
class _Context:
    """Facts shared by all cells.

    ``other_code`` states why the code of the runs may differ; it is empty if it is the same.
    """

    environments: EnvironmentComparison
    other_code: str
    thresholds: Thresholds


def _names_with_seeds(
    names: Mapping[str, str], sides: Iterable[Mapping[str, CellGroup]]
) -> dict[str, str]:
    """Return the display names of the cells of one seed, by id."""
    return {
        f"{cell}-{seed}": f"{names[cell]}, seed {seed}"
        for groups in sides
        for cell, group in groups.items()
        for seed in group.cells
    }


def _title(run_set: RunSet) -> str:
    commits = dict.fromkeys(commit_of(run) for _, run in run_set.runs)
    first = run_set.runs[0][0]
    files = first if len(run_set.runs) == 1 else f"{first} and {len(run_set.runs) - 1} more"
    return f"{files} (commit {'; '.join(commits)})"


def _gone(cell: str, group: str, measured: bool, why: str, thresholds: Thresholds) -> Change:
    threshold = thresholds.of(group, GONE)
    regression = measured and threshold is not None
    return Change(cell, None, "", "gone", threshold=threshold, regression=regression, why=why)


def _group_changes(
    name: str, base: CellGroup, head: CellGroup, context: _Context
) -> Iterator[Change]:
    """Yield the changes of a backbone and init that both base and head requested."""
    seeds = sorted({*base.cells, *head.cells})
    for seed in seeds:
        cell = f"{name}-{seed}" if len(seeds) > 1 else name
        if base.is_measured(seed) and head.is_measured(seed):
            yield from _check_determinism(cell, name, base, head, seed, context)
        else:
            yield _lacking(cell, name, seed, base, head, context.thresholds)
    if not context.environments.same_data:
        yield Change(name, None, "", "not comparable", why="measured on other images")
        return
    if base.qualities and head.qualities:
        yield from quality_changes(
            name, base, head, context.environments.same_parts, context.thresholds
        )
    elif base.qualities and head.is_timed:
        yield from quality_gone(name, base, "the head measured only speeds", context.thresholds)
    if any(head.is_measured(seed) for seed in seeds):
        yield from _speeds(name, base, head, context.environments, context.thresholds)


def _check_determinism(
    cell: str, group: str, base: CellGroup, head: CellGroup, seed: int, context: _Context
) -> Iterator[Change]:
    """Yield a change if results of one seed with the same fingerprint differ."""
    results = [
        (run, result)
        for run, result in (*base.cells[seed], *head.cells[seed])
        if result.quality is not None and result.fingerprint
    ]
    for (run, one), (other_run, other) in itertools.combinations(results, 2):
        if one.fingerprint != other.fingerprint or one.quality == other.quality:
            continue
        # A result from the store may have been computed on another machine than its run.
        if one.computed_on and other.computed_on:
            elsewhere = one.computed_on != other.computed_on
        else:
            environments = context.environments
            same = environments.same_machine and environments.same_device
            elsewhere = not (same and environments.same_software)
        verdict: ChangeKind = "not comparable" if elsewhere else "not deterministic"
        threshold = None
        if elsewhere:
            why = "on another machine, device, backend or threads, which may round differently"
        elif context.other_code:
            why = f"{context.other_code}; its metrics decide"
        else:
            threshold = context.thresholds.of(group, DETERMINISM)
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


def _lacking(
    cell: str, group: str, seed: int, base: CellGroup, head: CellGroup, thresholds: Thresholds
) -> Change:
    """Return the change of a seed's cell that was not measured in base, head or both."""
    if base.is_measured(seed):
        reason = head.reason(seed)
        if OTHER_SHARD in reason:
            return Change(cell, None, "", "not comparable", why=f"the head: {reason}")
        return _gone(cell, group, True, f"the head: {reason}", thresholds)
    if head.is_measured(seed):
        return Change(cell, None, "", "new", why=f"the base: {base.reason(seed)}")
    why = f"measured in neither; the base: {base.reason(seed)}; the head: {head.reason(seed)}"
    return Change(cell, None, "", "not comparable", why=why)


def _speeds(
    name: str,
    base: CellGroup,
    head: CellGroup,
    environments: EnvironmentComparison,
    thresholds: Thresholds,
) -> Iterator[Change]:
    bases, heads = timed(base.every), timed(head.every)
    if head.is_untimed_by_request:
        return  # stated once, by a note
    keys = sorted({*bases, *heads}, key=lambda key: (METRICS.index(key[0]), int(key[1] or 0)))
    for key in keys:
        one, other = bases.get(key), heads.get(key)
        lacking = f"the {'base' if one is None else 'head'} did not measure it"
        values = one and one.value, other and other.value
        row = metric_row(name, *key, *values, lacking, thresholds)
        yield speed_change(row, one, other, environments) if one and other else row
