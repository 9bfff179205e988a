"""Several runs of one experiment as one run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.shards import OTHER_SHARD
from fer_bench.results.environment_facts import NUMERIC_SETTINGS
from fer_bench.results.records import REPEATED
from fer_bench.results.timers import TIMER
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.protocol.settings import Setting
    from fer_bench.results.records import (
        CellResult,
        DatasetSummary,
        Example,
        InferenceSpeed,
        Run,
        Status,
    )

_FREE = ("seed", "seeds")
"""Settings in which runs of one experiment may differ: each cell carries its own seed."""

_FOUND = ("test_twins", "test_votes", "left_out")
"""What is found out about a data set: a run may not know it, as those of older fer_bench."""

_NOT_OF_SPEED = ("scikit-learn", "deepface", "commit", REPEATED)
"""Facts of an environment that change no speed of the same fer_bench: what splits the data, what
brings structures, the commit of the folder that it ran in, and what was measured several times."""

_LATER = (TIMER, NUMERIC_SETTINGS)
"""Facts that older files do not tell, which makes them no other ones."""

SPEED = "speed"
"""Fact in the environment of a joined run that tells whose speed it holds."""

_AMONG = ", among the "
"""Begins what is added to the reason of a joined run's picture."""

_RANKS: dict[Status, int] = {"ok": 0, "failed": 1, "skipped": 2}


def joined(runs: Sequence[tuple[str, Run]]) -> Run:
    """One run with the cells of all, in their order.

    A cell that stands in several runs counts once: its result, its parameters and its speed come
    from whichever run has them, and it is complete where any of them completed it. Speeds are
    compared on one machine only: those of the first run that measured any stay, with those of
    runs in the same environment, and the others are left out, which the environment tells. What
    only some of the runs know of their common data holds for all.

    Args:
        runs: one or more, each with a name for errors and notes, for example its path.

    Raises:
        FerBenchError: the runs differ in protocol or data, or have different results of the same
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
            kept = _without_speed(cell) if name in elsewhere else cell
            found.setdefault(cell.id, []).append((name, kept))
    cells = tuple(_one_of(records) for records in found.values())
    return dataclasses.replace(
        base,
        protocol=_protocol(runs, cells),
        dataset=dataset,
        environment=_environment(
            [*(run.environment for _, run in runs), *([((SPEED, note),)] if note else [])]
        ),
        cells=cells,
        examples=_examples(runs),
    )


def speeds_elsewhere(runs: Sequence[tuple[str, Run]]) -> tuple[set[str], str]:
    """The runs whose speeds were measured elsewhere than the first ones, and a note on them.

    Args:
        runs: each with a name, as ``joined`` takes them.

    Returns:
        Names of the runs whose speeds are not comparable with those of the first run that has
        some, and in words whose speeds stay and why the others do not; empty where all stay.
    """
    timed = [
        (name, dict(run.environment))
        for name, run in runs
        if any(cell.training or cell.inference for cell in run.cells)
    ]
    told = []
    for name, facts in timed[1:]:
        first = timed[0][1]
        differing = [
            f"{fact} {facts.get(fact, 'unknown')} instead of {first.get(fact, 'unknown')}"
            for fact in dict.fromkeys([*first, *facts])
            if fact not in _NOT_OF_SPEED
            and first.get(fact) != facts.get(fact)
            and not (fact in _LATER and (fact not in first or fact not in facts))
        ]
        if differing:
            told.append((name, f"{name} (measured elsewhere: {', '.join(differing)})"))
    if not told:
        return set(), ""
    away = {name for name, _ in told}
    own = ", ".join(name for name, _ in timed if name not in away)
    return away, f"of {own} only; left out: {'; '.join(text for _, text in told)}"


def _without_speed(cell: CellResult) -> CellResult:
    return dataclasses.replace(cell, training=None, inference=())


def _one_of(records: Sequence[tuple[str, CellResult]]) -> CellResult:
    """One cell out of what several runs found out about it."""
    ((first_name, first), *others) = [one for one in records if one[1].quality] or records[:1]
    for name, other in others:
        if other.quality != first.quality:
            why = (
                "though all that determines it is the same"
                if first.fingerprint == other.fingerprint
                else "from other versions, weights or data"
            )
            raise FerBenchError(
                f"{first_name} and {name} have different results of {first.id}, {why}; "
                "accepted: each cell once, or with one result"
            )
    cells = [cell for _, cell in records]
    # The record of a trained network tells most of it, that of another shard nothing; among equals
    # the order must not matter.
    told = sorted(cells, key=lambda cell: (cell.quality is None, *_rank(cell), cell.fingerprint))
    ended = min(cells, key=lambda cell: (*_rank(cell), cell.reason))
    speeds: dict[int, InferenceSpeed] = {}
    for cell in cells:
        for speed in cell.inference:
            speeds.setdefault(speed.batch_size, speed)
    return dataclasses.replace(
        told[0],
        status=ended.status,
        reason=ended.reason,
        parameters=next((cell.parameters for cell in told if cell.parameters), None),
        training=next((cell.training for cell in cells if cell.training), None),
        inference=tuple(speeds[size] for size in sorted(speeds)),
    )


def _rank(cell: CellResult) -> tuple[int, bool]:
    return _RANKS[cell.status], cell.reason.startswith(OTHER_SHARD)


def _examples(runs: Sequence[tuple[str, Run]]) -> tuple[Example, ...]:
    """The pictures of the first run that has some, and of how many cells they were chosen."""
    for name, run in runs:
        if run.examples:
            known = sum(cell.quality is not None for cell in run.cells)
            among = f"{_AMONG}{known} of {name}"
            # Where that run is a joined one, it tells already among which cells they were chosen.
            return tuple(
                one if _AMONG in one.why else dataclasses.replace(one, why=f"{one.why}{among}")
                for one in run.examples
            )
    return ()


def _protocol(runs: Sequence[tuple[str, Run]], cells: Sequence[CellResult]) -> tuple[Setting, ...]:
    """The runs' protocol; where their seeds differ, those that stand in the cells."""
    (_, base), *others = runs
    if all(_values(run) == _values(base) for _, run in others):
        return base.protocol
    seeds = sorted({cell.seed for cell in cells})
    values = {"seed": ", ".join(map(str, seeds)), "seeds": str(len(seeds))}
    return tuple(
        dataclasses.replace(
            setting,
            value=values[setting.name],
            origin="changed",
            why="of the joined runs' cells together; each cell has its own",
        )
        if setting.name in _FREE
        else setting
        for setting in base.protocol
    )


def _check_protocol(base_name: str, base: Run, name: str, other: Run) -> None:
    ours, theirs = _values(base), _values(other)
    for key in [*ours, *theirs]:
        if key not in ours or key not in theirs or (key not in _FREE and ours[key] != theirs[key]):
            raise FerBenchError(
                f"{name} has {key.replace('_', ' ')} {theirs.get(key)} and {base_name} "
                f"{ours.get(key)}; accepted: runs of one protocol"
            )


def _values(run: Run) -> dict[str, str]:
    return {setting.name: setting.value for setting in run.protocol}


def _dataset(runs: Sequence[tuple[str, Run]]) -> DatasetSummary:
    """The data set of all runs, with what any of them knows of it."""
    (base_name, base), *others = ((name, run.dataset) for name, run in runs)
    for name, other in others:
        _check_dataset(base_name, base, name, other)
    known: dict[str, Any] = {}
    for what in _FOUND:
        told = [(name, getattr(data, what)) for name, data in [(base_name, base), *others]]
        told = [(name, value) for name, value in told if value]
        for name, value in told[1:]:
            if value != told[0][1]:
                raise FerBenchError(
                    f"{name} and {told[0][0]} were measured on the same images, but their "
                    f"{what.replace('_', ' ')} differs; accepted: runs whose data were prepared "
                    "and audited alike"
                )
        if told:
            known[what] = told[0][1]
    # Different maps may give the same labels, as the digests say that they did.
    maps = _together(run.dataset.class_map for _, run in runs if run.dataset.class_map)
    return dataclasses.replace(base, **known, class_map=maps)


def _check_dataset(base_name: str, base: DatasetSummary, name: str, other: DatasetSummary) -> None:
    if bool(base.split_digest) != bool(other.split_digest):
        older, newer = (name, base_name) if base.split_digest else (base_name, name)
        raise FerBenchError(
            f"{older} is of an older fer_bench and does not record which images its parts hold, so "
            f"that nobody knows whether {newer} was measured on the same ones; accepted: files "
            "that both record it, as new runs do"
        )
    for what in ("digest", "counts", "split", "split_digest", "train", "validation", "test"):
        if getattr(base, what) != getattr(other, what):
            raise FerBenchError(
                f"{name} was measured on {other.name}, {other.test:,} test images, split "
                f"{other.split}, and {base_name} on {base.name}, {base.test:,} test images, split "
                f"{base.split}: their {what.replace('_', ' ')} differs; accepted: runs on the "
                "same images in the same split"
            )


def _environment(
    environments: Iterable[tuple[tuple[str, str], ...]],
) -> tuple[tuple[str, str], ...]:
    known = [dict(facts) for facts in environments]
    names = dict.fromkeys(name for facts in known for name in facts)
    return tuple((name, _together([one[name] for one in known if name in one])) for name in names)


def _together(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))
