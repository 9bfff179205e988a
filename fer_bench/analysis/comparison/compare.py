"""Comparison of base and head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.checks import (
    check_rules,
    check_sides,
    commit_of,
    mixtures,
    notes,
    other_code,
)
from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.analysis.comparison.environment_differences import compare_environments
from fer_bench.analysis.comparison.grouping import group_cells
from fer_bench.analysis.comparison.outcome import Change, ComparisonResult
from fer_bench.analysis.comparison.quality import Qualities, quality_changes, quality_gone
from fer_bench.analysis.comparison.speed import speed_change, timed
from fer_bench.analysis.comparison.thresholds import DETERMINISM, GONE
from fer_bench.analysis.comparison.verdicts import LEVEL, figure_gone
from fer_bench.protocol.shards import OTHER_SHARD
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fer_bench.analysis.comparison.base_and_head import Side
    from fer_bench.analysis.comparison.environment_differences import EnvironmentComparison
    from fer_bench.analysis.comparison.grouping import CellGroup
    from fer_bench.analysis.comparison.outcome import ChangeKind
    from fer_bench.analysis.comparison.thresholds import Thresholds


def compare(base: Side, head: Side, rules: Thresholds) -> ComparisonResult:
    """Compare base and head, metric by metric.

    Results with the same fingerprint on both sides must be equal. Other results are compared by
    ``quality_changes``, and all speeds by ``speed_change``. A change counts if it exceeds both its
    noise, at ``LEVEL``, and its threshold.

    Args:
        base: runs to compare with.
        head: runs that may be better or worse.
        rules: thresholds for how much worse a metric may get.

    Raises:
        FerBenchError: the runs of one side are not of one experiment, base and head have no cell in
            common, or a threshold names an unknown class or batch size.
    """
    check_sides(base, head)
    bases, heads = group_cells(base), group_cells(head)
    if not set(bases) & set(heads):
        raise FerBenchError(
            f"base and head have no cell in common: {_listed(bases)} and {_listed(heads)}",
            "results with at least one backbone and init in both",
        )
    check_rules(rules, bases, heads)
    around = compare_environments(base, head)
    code = other_code(run for side in (base, head) for _, run in side.runs)
    known = _Known(around, code, rules)
    remarks = [
        *(f"left out of the base: {why}" for why in base.unreadable),
        *(f"left out of the head: {why}" for why in head.unreadable),
        *notes(base, head, rules, {**bases, **heads}),
        *mixtures("base", bases),
        *mixtures("head", heads),
    ]
    changes: list[Change] = []
    for name in {**bases, **heads}:
        one, other = bases.get(name), heads.get(name)
        if one is None or other is None:
            changes.append(_alone(name, one, other, rules))
        else:
            changes += _of_group(name, one, other, known)
    return ComparisonResult(
        base=_title(base),
        head=_title(head),
        differences=around.differences,
        notes=tuple(remarks),
        changes=tuple(changes),
        level=LEVEL,
    )


@dataclass(frozen=True)
class _Known:
    """Facts shared by all cells.

    ``other_code`` states why the code of the runs may differ; it is empty if it is the same.
    """

    around: EnvironmentComparison
    other_code: str
    rules: Thresholds


def _listed(groups: Mapping[str, CellGroup]) -> str:
    return ", ".join(groups) or "none"


def _title(side: Side) -> str:
    commits = dict.fromkeys(commit_of(run) for _, run in side.runs)
    first = side.runs[0][0]
    files = first if len(side.runs) == 1 else f"{first} and {len(side.runs) - 1} more"
    return f"{files} (commit {'; '.join(commits)})"


def _alone(name: str, base: CellGroup | None, head: CellGroup | None, rules: Thresholds) -> Change:
    """Return the change of a backbone and init that only base or only head requested."""
    if base is None:
        return Change(name, None, "", "new", why="only in the head")
    measured = any(base.is_measured(seed) for seed in base.cells)
    return _gone(name, name, measured, "only in the base", rules)


def _gone(cell: str, group: str, measured: bool, why: str, rules: Thresholds) -> Change:
    threshold = rules.of(group, GONE)
    regression = measured and threshold is not None
    return Change(cell, None, "", "gone", threshold=threshold, regression=regression, why=why)


def _of_group(name: str, base: CellGroup, head: CellGroup, known: _Known) -> Iterator[Change]:
    """Yield the changes of a backbone and init that both base and head requested."""
    seeds = sorted({*base.cells, *head.cells})
    for seed in seeds:
        cell = f"{name}-{seed}" if len(seeds) > 1 else name
        if base.is_measured(seed) and head.is_measured(seed):
            yield from _deterministic(cell, name, base, head, seed, known)
        else:
            yield _lacking(cell, name, seed, base, head, known.rules)
    if not known.around.same_data:
        yield Change(name, None, "", "not comparable", why="measured on other images")
        return
    if base.trained and head.trained:
        bases, heads = _qualities(base), _qualities(head)
        yield from quality_changes(name, bases, heads, known.around.same_parts, known.rules)
    elif base.trained and head.is_timed:
        yield from quality_gone(
            name, _qualities(base), "the head measured only speeds", known.rules
        )
    if any(head.is_measured(seed) for seed in seeds):
        yield from _speeds(name, base, head, known.around, known.rules)


def _deterministic(
    cell: str, group: str, base: CellGroup, head: CellGroup, seed: int, known: _Known
) -> Iterator[Change]:
    """Yield a change if results of one seed with the same fingerprint differ."""
    results = [
        (run, found)
        for side in (base, head)
        for run, found in side.cells[seed]
        if found.quality is not None and found.fingerprint
    ]
    for place, (run, found) in enumerate(results):
        for other_run, other in results[place + 1 :]:
            if found.fingerprint != other.fingerprint or found.quality == other.quality:
                continue
            around = known.around
            # A result from the store may have been computed on another machine than its run.
            if found.computed_on and other.computed_on:
                elsewhere = found.computed_on != other.computed_on
            else:
                alike = around.same_machine and around.same_device and around.same_software
                elsewhere = not alike
            verdict: ChangeKind = "not comparable" if elsewhere else "not deterministic"
            threshold = None
            if elsewhere:
                why = "on another machine, device, backend or threads, which may round differently"
            elif known.other_code:
                why = f"{known.other_code}; its metrics decide"
            else:
                threshold = known.rules.of(group, DETERMINISM)
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
    cell: str, group: str, seed: int, base: CellGroup, head: CellGroup, rules: Thresholds
) -> Change:
    """Return the change of a seed's cell that was not measured in base, head or both."""
    if base.is_measured(seed):
        reason = head.reason(seed)
        if OTHER_SHARD in reason:
            return Change(cell, None, "", "not comparable", why=f"the head: {reason}")
        return _gone(cell, group, True, f"the head: {reason}", rules)
    if head.is_measured(seed):
        return Change(cell, None, "", "new", why=f"the base: {base.reason(seed)}")
    why = f"measured in neither; the base: {base.reason(seed)}; the head: {head.reason(seed)}"
    return Change(cell, None, "", "not comparable", why=why)


def _qualities(group: CellGroup) -> Qualities:
    return Qualities(
        {seed: cell.quality for seed, cell in group.trained.items() if cell.quality is not None},
        group.dataset,
    )


def _speeds(
    name: str, base: CellGroup, head: CellGroup, around: EnvironmentComparison, rules: Thresholds
) -> Iterator[Change]:
    bases, heads = timed(base.every), timed(head.every)
    keys = sorted({*bases, *heads}, key=lambda key: (METRICS.index(key[0]), int(key[1] or 0)))
    for key in keys:
        figure, of = key
        if key in bases and key in heads:
            yield speed_change(name, bases[key], heads[key], around, rules)
        elif key in bases:
            why = "the head did not measure it"
            yield figure_gone(name, figure, of, bases[key].value, why, rules)
        else:
            why = "the base did not measure it"
            yield Change(name, figure, of, "new", head=heads[key].value, why=why)
