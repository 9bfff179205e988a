"""Merging of several runs of one experiment into one run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.cell import OTHER_SHARD
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import OF_CELLS, is_of_head
from fer_bench.results.fact_names import (
    NOT_TIMED,
    NUMERIC_SETTINGS,
    OF_SPEEDS,
    REPEATED,
    SPEED,
)
from fer_bench.results.speed_units import TIMER
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.protocol.declared_settings import Setting
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, DatasetSummary, Example, Run, Status
    from fer_bench.results.speeds import InferenceSpeed

_FOUND = ("test_twins", "test_votes", "left_out")
"""Optional facts about a data set, which runs of an older fer_bench may lack."""

_NOT_OF_SPEED = ("scikit-learn", "deepface", "commit", REPEATED, SPEED)
"""Environment facts that do not affect the speed of the same fer_bench version: the library that
splits the data, the one that provides network structures, the commit of the working directory, and
notes on missing, merged and repeated measurements."""

_LATER = (TIMER, NUMERIC_SETTINGS)
"""Facts that older files lack; a missing one does not count as a difference."""

_UNKNOWN = "unknown"
"""Value of a fact that a run does not record."""

_AMONG = ", among the "
"""Start of the text appended to the reason of an example image in a merged run."""

_RANKS: dict[Status, int] = {"ok": 0, "failed": 1, "skipped": 2}


def merge_runs(runs: Sequence[tuple[str, Run]]) -> Run:
    """Merge runs into one run with all their cells, in order.

    A cell that occurs in several runs is merged into one: result, parameters and speed are taken
    from the runs that have them, and the cell is complete if any run completed it. Speeds are
    comparable on one machine only: those of the first run that measured any are kept, with those
    of runs in the same environment; the others are dropped, which the environment records. Facts
    about the common data set that only some runs have apply to all.

    Args:
        runs: one or more, each with a name for errors and notes, for example its path.

    Raises:
        FerBenchError: the runs differ in protocol or data, or have different results for the same
            cell.
    """
    (base_name, base), *others = runs
    if not others:
        return base
    dataset = _dataset(runs)
    for name, run in others:
        _check_protocol(base_name, base, name, run)
    elsewhere, note = speeds_elsewhere(runs)
    found: dict[str, list[tuple[str, CellResult]]] = {}
    for name, run in runs:
        for cell in run.cells:
            kept = cell.without_speed() if name in elsewhere else cell
            found.setdefault(cell.id, []).append((name, kept))
    cells = tuple(_one_of(records) for records in found.values())
    # Speed does not depend on the seed and is measured with the first one.
    timed = {cell.group_id for cell in cells if cell.is_timed}
    are_timed = all(cell.group_id in timed for cell in cells if cell.quality)
    return dataclasses.replace(
        base,
        protocol=_protocol(runs, cells),
        dataset=dataset,
        environment=_environment(runs, note, are_timed),
        cells=cells,
        examples=_examples(runs),
    )


def speeds_elsewhere(runs: Sequence[tuple[str, Run]]) -> tuple[set[str], str]:
    """Find the runs whose speeds were measured in another environment than the first ones.

    Args:
        runs: runs with their names, as for ``merge_runs``.

    Returns:
        Names of the runs whose speeds are not comparable with those of the first run that has
        speeds, and a note on which runs' speeds are kept and why the others are not; both empty if
        all are kept.
    """
    (_, first), *others = _timed(runs) or [("", {})]
    dropped = {}
    for name, facts in others:
        differing = [
            f"{fact} {facts.get(fact, _UNKNOWN)} instead of {first.get(fact, _UNKNOWN)}"
            for fact in dict.fromkeys([*first, *facts])
            if fact not in _NOT_OF_SPEED
            and first.get(fact) != facts.get(fact)
            and not (fact in _LATER and (fact not in first or fact not in facts))
        ]
        if differing:
            dropped[name] = f"{name} (measured elsewhere: {', '.join(differing)})"
    if not dropped:
        return set(), ""
    kept = ", ".join(name for name, _ in _timed(runs) if name not in dropped)
    return set(dropped), f"of {kept} only; left out: {'; '.join(dropped.values())}"


def _timed(runs: Sequence[tuple[str, Run]]) -> list[tuple[str, dict[str, str]]]:
    """Return name and environment of the speeds of each run that has any."""
    return [
        (name, _environment_of_speeds(run))
        for name, run in runs
        if any(cell.is_timed for cell in run.cells)
    ]


def _environment_of_speeds(run: Run) -> dict[str, str]:
    """Return the facts that a run's speeds were measured under, if it is a merged one of some."""
    facts = dict(run.environment)
    of_speeds = [name for name in facts if name.endswith(OF_SPEEDS)]
    own = {name.removesuffix(OF_SPEEDS): facts.pop(name) for name in of_speeds}
    return {name: value for name, value in {**facts, **own}.items() if value != _UNKNOWN}


def _one_of(records: Sequence[tuple[str, CellResult]]) -> CellResult:
    """Merge the results of one cell from several runs."""
    ((first_name, first), *others) = [one for one in records if one[1].quality] or records[:1]
    for name, other in others:
        if other.quality != first.quality:
            why = (
                "although everything that determines them is the same"
                if first.fingerprint == other.fingerprint
                else "from different versions, weights or data"
            )
            raise FerBenchError(
                f"{first_name} and {name} have different results of {first.name}, {why}",
                "each cell once, or with one result",
            )
    cells = [cell for _, cell in records]
    tests = dict.fromkeys(cell.cross_test for cell in cells if cell.cross_test is not None)
    if len(tests) > 1:
        sets = " and ".join(dict.fromkeys(f"{one.dataset} ({one.digest[:12]})" for one in tests))
        raise FerBenchError(
            f"{', '.join(name for name, _ in records)}: {first.name} has different results on "
            f"other data sets: {sets}",
            "each cell with one --test-on",
        )
    # The record of a trained cell has the most information, that of a cell left to another shard
    # the least. The fingerprint breaks ties, so that the order of the runs does not matter.
    ranked = sorted(cells, key=lambda cell: (cell.quality is None, *_rank(cell), cell.fingerprint))
    ended = min(cells, key=lambda cell: (*_rank(cell), cell.reason))
    speeds: dict[int, InferenceSpeed] = {}
    for cell in cells:
        for speed in cell.inference:
            speeds.setdefault(speed.batch_size, speed)
    return dataclasses.replace(
        ranked[0],
        status=ended.status,
        reason=ended.reason,
        quality=max(
            (cell.quality for cell in ranked if cell.quality), key=_has_second_classes, default=None
        ),
        parameters=next((cell.parameters for cell in ranked if cell.parameters), None),
        training=next((cell.training for cell in cells if cell.training), None),
        inference=tuple(speeds[size] for size in sorted(speeds)),
        network_training=next(
            (cell.network_training for cell in cells if cell.network_training), ()
        ),
        few_shot=next((cell.few_shot for cell in ranked if cell.few_shot), ()),
        cross_test=next(iter(tests), None),
    )


def _has_second_classes(quality: Quality) -> bool:
    return quality.predictions is not None and bool(quality.predictions.second_classes)


def _rank(cell: CellResult) -> tuple[int, bool]:
    return _RANKS[cell.status], cell.reason.startswith(OTHER_SHARD)


def _examples(runs: Sequence[tuple[str, Run]]) -> tuple[Example, ...]:
    """Return the examples of the first run that has any, noting the cells they were chosen from."""
    for name, run in runs:
        if run.examples:
            known = sum(cell.quality is not None for cell in run.cells)
            among = f"{_AMONG}{known} of {name}"
            # A run that is itself merged already has this note.
            return tuple(
                one if _AMONG in one.why else dataclasses.replace(one, why=f"{one.why}{among}")
                for one in run.examples
            )
    return ()


def _protocol(runs: Sequence[tuple[str, Run]], cells: Sequence[CellResult]) -> tuple[Setting, ...]:
    """Return the common protocol; if seeds or heads differ, list those of the cells."""
    (_, base), *others = runs
    differing = {
        name
        for name, value in _values(base).items()
        if any(_values(run).get(name) != value for _, run in others)
    }
    values = {}
    if differing & {"seed", "seeds"}:
        seeds = sorted({cell.seed for cell in cells})
        values = {"seed": ", ".join(map(str, seeds)), "seeds": str(len(seeds))}
    if "head" in differing:
        values["head"] = str(Heads(tuple(dict.fromkeys(cell.head for cell in cells))))
    joined: list[Setting] = []
    for setting in base.protocol:
        if is_of_head(setting.name):
            continue
        if setting.name in values:
            setting = dataclasses.replace(
                setting,
                value=values[setting.name],
                origin="changed",
                why="of all cells of the merged runs; each cell records its own",
            )
        joined.append(setting)
        if setting.name == "head":
            of_heads = [one for _, run in runs for one in run.protocol if is_of_head(one.name)]
            joined += {one.name: one for one in of_heads}.values()
    return tuple(joined)


def _check_protocol(base_name: str, base: Run, name: str, other: Run) -> None:
    expected, found = _values(base), _values(other)
    for key in [*expected, *found]:
        ours, theirs = (one.get(key, "not recorded") for one in (expected, found))
        both = key in expected and key in found
        differs = ours != theirs and key not in OF_CELLS if both else not is_of_head(key)
        if differs:
            raise FerBenchError(
                f"{key.replace('_', ' ')} is {theirs} in {name} and {ours} in {base_name}",
                "runs of one protocol",
            )


def _values(run: Run) -> dict[str, str]:
    return {setting.name: setting.value for setting in run.protocol}


def _dataset(runs: Sequence[tuple[str, Run]]) -> DatasetSummary:
    """Return the common data set, with the facts that any of the runs has about it."""
    (base_name, base), *others = ((name, run.dataset) for name, run in runs)
    for name, other in others:
        _check_dataset(base_name, base, name, other)
    known: dict[str, Any] = {}
    for what in _FOUND:
        recorded = [(name, getattr(run.dataset, what)) for name, run in runs]
        recorded = [(name, value) for name, value in recorded if value]
        for name, value in recorded[1:]:
            if value != recorded[0][1]:
                raise FerBenchError(
                    f"{name} and {recorded[0][0]} were measured on the same images, but "
                    f"{what.replace('_', ' ')} differs",
                    "runs whose data were prepared and audited in the same way",
                )
        if recorded:
            known[what] = recorded[0][1]
    # Different class maps may produce the same labels; equal digests show that these did.
    maps = _joined(run.dataset.class_map for _, run in runs if run.dataset.class_map)
    return dataclasses.replace(base, **known, class_map=maps)


def _check_dataset(base_name: str, base: DatasetSummary, name: str, other: DatasetSummary) -> None:
    if bool(base.split_digest) != bool(other.split_digest):
        older, newer = (name, base_name) if base.split_digest else (base_name, name)
        raise FerBenchError(
            f"{older} was written by an older fer_bench, which did not record the images of each "
            f"part, so it is unknown whether {newer} was measured on the same ones",
            "files that record them",
        )
    for what in ("digest", "counts", "split", "split_digest", "train", "validation", "test"):
        if getattr(base, what) != getattr(other, what):
            raise FerBenchError(
                f"{name} was measured on {other.name}, {other.test:,} test images, split "
                f"{other.split}, and {base_name} on {base.name}, {base.test:,} test images, split "
                f"{base.split}: {what.replace('_', ' ')} differs",
                "runs on the same images in the same split",
            )


def _environment(
    runs: Sequence[tuple[str, Run]], note: str, are_timed: bool
) -> tuple[tuple[str, str], ...]:
    """Return all facts of the runs, with those of the kept speeds if others differ, and a note."""
    known = [
        {
            name: value
            for name, value in run.environment
            if not name.endswith(OF_SPEEDS)
            and not (are_timed and (name, value) == (SPEED, NOT_TIMED))
        }
        for _, run in runs
    ]
    known.append({SPEED: note} if note else {})
    names = dict.fromkeys(name for facts in known for name in facts)
    joined = {name: _joined(one[name] for one in known if name in one) for name in names}
    of_speeds = {
        name + OF_SPEEDS: facts.get(name, _UNKNOWN)
        for _, facts in _timed(runs)[:1]
        for name, value in joined.items()
        if name not in _NOT_OF_SPEED
        and facts.get(name) != value
        and not (name in _LATER and name not in facts)
    }
    return (*joined.items(), *of_speeds.items())


def _joined(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))
