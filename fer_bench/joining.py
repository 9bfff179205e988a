"""Several runs of one experiment as one run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.results import CellResult, DatasetSummary, Run

_FREE = ("seed", "seeds")
"""Settings in which runs of one experiment may differ: each cell carries its own seed."""


def joined(runs: Sequence[tuple[str, Run]]) -> Run:
    """One run with the cells of all, in their order.

    A cell that stands in several runs counts once: its result comes from the first that has one,
    its speed from the first that measured it.

    Args:
        runs: one or more, each with a name for errors, for example its path.

    Raises:
        FerBenchError: the runs differ in protocol or data, or have different results of the same
            cell.
    """
    (base_name, base), *others = runs
    cells: dict[str, tuple[str, CellResult]] = {cell.id: (base_name, cell) for cell in base.cells}
    for name, run in others:
        _check_protocol(base_name, base, name, run)
        _check_dataset(base_name, base.dataset, name, run.dataset)
        for cell in run.cells:
            known = cells.get(cell.id)
            cells[cell.id] = (name, cell) if known is None else _one_of(known, (name, cell))
    return dataclasses.replace(
        base,
        protocol=tuple(
            dataclasses.replace(
                setting, value=_together(_values(run)[setting.name] for _, run in runs)
            )
            for setting in base.protocol
        ),
        environment=_environment([run for _, run in runs]),
        cells=tuple(cell for _, cell in cells.values()),
        examples=next((run.examples for _, run in runs if run.examples), ()),
    )


def _one_of(
    first: tuple[str, CellResult], second: tuple[str, CellResult]
) -> tuple[str, CellResult]:
    (first_name, one), (second_name, other) = first, second
    if one.quality is not None and other.quality is not None and one.quality != other.quality:
        why = (
            "though all that determines it is the same"
            if one.fingerprint == other.fingerprint
            else "from other versions, weights or data"
        )
        raise FerBenchError(
            f"{first_name} and {second_name} have different results of {one.id}, {why}; "
            "accepted: each cell once, or with one result"
        )
    has_result = (one.quality is not None) >= (other.quality is not None)
    name, kept, left = (*first, other) if has_result else (*second, one)
    return name, dataclasses.replace(
        kept,
        training=kept.training or left.training,
        inference=kept.inference or left.inference,
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


def _check_dataset(base_name: str, base: DatasetSummary, name: str, other: DatasetSummary) -> None:
    for what in ("digest", "counts", "split", "split_digest", "train", "validation", "test"):
        if getattr(base, what) != getattr(other, what):
            raise FerBenchError(
                f"{name} was measured on {other.name}, {other.test:,} test images, split "
                f"{other.split}, and {base_name} on {base.name}, {base.test:,} test images, split "
                f"{base.split}: their {what.replace('_', ' ')} differs; accepted: runs on the "
                "same images in the same split"
            )


def _environment(runs: Sequence[Run]) -> tuple[tuple[str, str], ...]:
    names = dict.fromkeys(name for run in runs for name, _ in run.environment)
    known = [dict(run.environment) for run in runs]
    return tuple((name, _together([one[name] for one in known if name in one])) for name in names)


def _together(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))
