"""From two sides of runs to an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.comparison.figures import FIGURES
from fer_bench.comparison.outcome import Change, Outcome
from fer_bench.comparison.quality import Qualities, quality_changes
from fer_bench.comparison.rules import DETERMINISM, GONE
from fer_bench.comparison.sides import Side
from fer_bench.comparison.speed import speed_change, timed
from fer_bench.comparison.surroundings import surroundings
from fer_bench.comparison.verdicts import LEVEL
from fer_bench.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fer_bench.comparison.rules import Rules
    from fer_bench.comparison.surroundings import Surroundings
    from fer_bench.results import CellResult, DatasetSummary


def compare(base: Side, head: Side, rules: Rules) -> Outcome:
    """Compares two sides, figure by figure.

    What has the same fingerprint on both sides must have the same result; what has not, and every
    speed, is compared by ``quality_changes`` and ``speed_change``. A change counts where it is
    larger than its noise, at ``LEVEL``, and than its rule.

    Args:
        base: what to compare with.
        head: what may have become better or worse.
        rules: how much worse a figure may get.

    Raises:
        FerBenchError: the runs of one side are not of one experiment, or the sides have no cell in
            common.
    """
    for name, side in (("base", base), ("head", head)):
        _check_side(name, side)
    around = surroundings(base, head)
    ours, theirs = _groups(base), _groups(head)
    if not set(ours) & set(theirs):
        raise FerBenchError(
            f"the base has the cells {_listed(ours)} and the head {_listed(theirs)}: none in "
            "common; accepted: two files with the same backbone and init in both"
        )
    notes = [*_disagreements("base", ours), *_disagreements("head", theirs)]
    changes: list[Change] = []
    for name in {**ours, **theirs}:
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            changes.append(_alone(name, one, other, rules))
        else:
            found, told = _of_group(name, one, other, around, rules)
            changes += found
            notes += told
    return Outcome(
        base=_title(base),
        head=_title(head),
        differences=around.differences,
        notes=tuple(dict.fromkeys(notes)),
        changes=tuple(changes),
        level=LEVEL,
    )


@dataclass(frozen=True)
class _Group:
    """The cells of one backbone and init in all runs of a side, by seed.

    Attributes:
        cells: for each seed one or more, each with the name of its run.
        dataset: of the side.
    """

    cells: Mapping[int, Sequence[tuple[str, CellResult]]]
    dataset: DatasetSummary

    @property
    def trained(self) -> dict[int, CellResult]:
        """The first cell of each seed whose quality is known."""
        found: dict[int, CellResult] = {}
        for seed, cells in self.cells.items():
            for _, cell in cells:
                if cell.quality is not None:
                    found.setdefault(seed, cell)
        return found

    @property
    def every(self) -> list[CellResult]:
        return [cell for cells in self.cells.values() for _, cell in cells]

    def reason(self, seed: int) -> str:
        """Why a cell was not trained."""
        if seed not in self.cells:
            return "not asked for"
        _, cell = self.cells[seed][0]
        return f"{cell.status}: {cell.reason}"


def _check_side(name: str, side: Side) -> None:
    (first, run), *others = side.runs
    for other, another in others:
        for difference in surroundings(
            Side(((first, run),)), Side(((other, another),))
        ).differences:
            if difference.what in ("data", "split") or difference.what.startswith("protocol"):
                raise FerBenchError(
                    f"{name}: {first} has {difference.what} {difference.base} and {other} "
                    f"{difference.head}; accepted: runs of one experiment on each side"
                )


def _groups(side: Side) -> dict[str, _Group]:
    found: dict[str, dict[int, list[tuple[str, CellResult]]]] = {}
    for name, run in side.runs:
        for cell in run.cells:
            seeds = found.setdefault(f"{cell.backbone}-{cell.init}", {})
            seeds.setdefault(cell.seed, []).append((name, cell))
    dataset = side.runs[0][1].dataset
    return {name: _Group(seeds, dataset) for name, seeds in found.items()}


def _listed(groups: Mapping[str, _Group]) -> str:
    return ", ".join(groups) or "none"


def _title(side: Side) -> str:
    commits = dict.fromkeys(
        dict(run.environment).get("commit", "not known") for _, run in side.runs
    )
    first = side.runs[0][0]
    files = first if len(side.runs) == 1 else f"{first} and {len(side.runs) - 1} more"
    return f"{files} (commit {'; '.join(commits)})"


def _disagreements(side: str, groups: Mapping[str, _Group]) -> Iterator[str]:
    """Cells that the runs of one side give different results of."""
    for name, group in groups.items():
        for seed, cells in group.cells.items():
            trained = [(run, cell) for run, cell in cells if cell.quality is not None]
            for run, cell in trained[1:]:
                first_run, first = trained[0]
                if cell.quality != first.quality:
                    why = (
                        "with one fingerprint: it is not deterministic"
                        if cell.fingerprint == first.fingerprint
                        else "of different fingerprints"
                    )
                    yield (
                        f"{side}: {first_run} and {run} have different results of {name}-{seed}, "
                        f"{why}; its quality is that of {first_run}"
                    )
                    break


def _alone(name: str, base: _Group | None, head: _Group | None, rules: Rules) -> Change:
    """A backbone and init that only one side was asked for."""
    if base is None:
        return Change(name, None, "", "new", why="the base does not have it")
    return _gone(name, name, base.trained != {}, "the head does not have it", rules)


def _gone(cell: str, group: str, measured: bool, why: str, rules: Rules) -> Change:
    threshold = rules.of(group, GONE)
    regression = measured and threshold is not None
    return Change(cell, None, "", "gone", threshold=threshold, regression=regression, why=why)


def _of_group(
    name: str, base: _Group, head: _Group, around: Surroundings, rules: Rules
) -> tuple[list[Change], list[str]]:
    """What became of a backbone and init that both sides were asked for, and notes."""
    changes, notes = _of_seeds(name, base, head, around, rules)
    ours, theirs = base.trained, head.trained
    if not ours or not theirs:
        return changes, notes
    if not around.same_data:
        why = "measured on other images"
        return [*changes, Change(name, None, "", "not comparable", why=why)], notes
    changes += quality_changes(name, _qualities(base), _qualities(head), around.same_parts, rules)
    return [*changes, *_speeds(name, base, head, around, rules)], notes


def _of_seeds(
    name: str, base: _Group, head: _Group, around: Surroundings, rules: Rules
) -> tuple[list[Change], list[str]]:
    """Cells that one side lacks, and those whose result differs though it should not."""
    changes, notes = [], []
    ours, theirs = base.trained, head.trained
    seeds = sorted({*base.cells, *head.cells})
    for seed in seeds:
        cell = f"{name}-{seed}" if len(seeds) > 1 else name
        if seed not in ours or seed not in theirs:
            changes.append(_lacking(cell, name, seed, base, head, rules))
            continue
        one, other = ours[seed], theirs[seed]
        if not one.fingerprint or one.fingerprint != other.fingerprint:
            continue
        if one.quality == other.quality:
            continue
        if around.same_machine:
            threshold = rules.of(name, DETERMINISM)
            changes.append(
                Change(
                    cell,
                    None,
                    "",
                    "not deterministic",
                    threshold=threshold,
                    regression=threshold is not None,
                    why="the same fingerprint but another result: either the computation is not "
                    "deterministic, or code that it depends on changed",
                )
            )
        else:
            notes.append(
                f"{cell} has the same fingerprint on both sides but another result, on another "
                "machine, where arithmetic may be rounded otherwise"
            )
    return changes, notes


def _lacking(cell: str, group: str, seed: int, base: _Group, head: _Group, rules: Rules) -> Change:
    if seed in base.trained:
        return _gone(cell, group, True, f"the head: {head.reason(seed)}", rules)
    if seed in head.trained:
        return Change(cell, None, "", "new", why=f"the base: {base.reason(seed)}")
    why = f"measured on neither side; the base: {base.reason(seed)}; the head: {head.reason(seed)}"
    return Change(cell, None, "", "not comparable", why=why)


def _qualities(group: _Group) -> Qualities:
    return Qualities(
        {seed: cell.quality for seed, cell in group.trained.items() if cell.quality is not None},
        group.dataset,
    )


def _speeds(
    name: str, base: _Group, head: _Group, around: Surroundings, rules: Rules
) -> Iterator[Change]:
    ours, theirs = timed(base.every), timed(head.every)
    keys = sorted({*ours, *theirs}, key=lambda key: (FIGURES.index(key[0]), int(key[1] or 0)))
    for key in keys:
        figure, of = key
        if key in ours and key in theirs:
            yield speed_change(name, ours[key], theirs[key], around, rules)
        elif key in ours:
            watched = rules.of(name, figure.name, figure.named(of))
            yield Change(
                name,
                figure,
                of,
                "gone",
                base=ours[key].value,
                threshold=watched,
                regression=watched is not None and rules.of(name, GONE) is not None,
                why="the head did not measure it",
            )
        else:
            why = "the base did not measure it"
            yield Change(name, figure, of, "new", head=theirs[key].value, why=why)
