"""Experiments of a report: runs of one protocol on the same images, merged."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.analysis.seed_groups import with_unique_titles
from fer_bench.results.merge import merge_runs, speeds_elsewhere
from fer_bench.results.run_differences import run_differences
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fer_bench.results.records import Run
    from fer_bench.results.run_differences import RunDifference

_LONGEST = 24
"""Maximum length of a value that becomes part of a name."""


class NamedRun(NamedTuple):
    """Run of one results file.

    Attributes:
        name: display name of the file.
        run: the results.
        time: when the file was written; None if it is unknown.
    """

    name: str
    run: Run
    time: datetime | None = None


@dataclass(frozen=True)
class Experiment:
    """Cells that were measured under one protocol on the same images.

    Attributes:
        run: the results, with unique titles of the backbones.
        name: what distinguishes it from the other experiments of a report; empty if there are none.
        qualifier: what distinguishes it from those with the same test images; empty if there are
            none.
        files: names of the results files.
        times: when they were written, as far as known.
    """

    run: Run
    name: str = ""
    qualifier: str = ""
    files: tuple[str, ...] = ()
    times: tuple[datetime, ...] = ()

    @property
    def qualified(self) -> Run:
        """The run, with the qualifier appended to the titles of the backbones."""
        if not self.qualifier:
            return self.run
        cells = (
            dataclasses.replace(cell, title=f"{cell.title} ({self.qualifier})")
            for cell in self.run.cells
        )
        return dataclasses.replace(self.run, cells=tuple(cells))


def group_experiments(runs: Sequence[NamedRun]) -> tuple[Experiment, ...]:
    """Merge the runs that ``merge_runs`` accepts, in the order of their first runs, and name them.

    A single experiment has no name.
    """
    groups: list[list[NamedRun]] = []
    for one in runs:
        fitting = next((group for group in groups if _can_merge([*group, one])), None)
        if fitting is None:
            groups.append([one])
        else:
            fitting.append(one)
    merged = [with_unique_titles(merge_runs([one[:2] for one in group])) for group in groups]
    experiments = [
        Experiment(
            run,
            name,
            files=tuple(one.name for one in group),
            times=tuple(one.time for one in group if one.time is not None),
        )
        for run, name, group in zip(merged, _names(merged), groups, strict=True)
    ]
    qualifiers = {
        one.name: qualifier
        for members in by_test_images(experiments)
        for one, qualifier in zip(members, _names([one.run for one in members]), strict=True)
    }
    return tuple(dataclasses.replace(one, qualifier=qualifiers[one.name]) for one in experiments)


def _can_merge(runs: Sequence[NamedRun]) -> bool:
    try:
        merge_runs([one[:2] for one in runs])
    except FerBenchError:
        return False
    return True


def _names(runs: Sequence[Run]) -> list[str]:
    """Return a unique name for each run from its differences, empty for a single run.

    Of several settings, only those that a run changed are named, if that is enough.
    """
    if len(runs) == 1:
        return [""]
    names = [""] * len(runs)
    named: list[RunDifference] = []
    for difference in run_differences(runs):
        if max(map(len, difference.values)) > _LONGEST:
            continue
        counts = Counter(names)
        longer = [
            f"{name}, {_in_name(difference, value)}".removeprefix(", ")
            if counts[name] > 1
            else name
            for name, value in zip(names, difference.values, strict=True)
        ]
        # A property that distinguishes no further runs would only make the names longer.
        if len({*longer}) > len({*names}):
            names = longer
            named.append(difference)
    if len(named) > 1 and all(one.kind == "protocol" for one in named):
        shorter = [_changed_settings(run, place, named) for place, run in enumerate(runs)]
        names = shorter if len({*shorter}) == len(runs) else names
    if len({*names}) < len(runs):
        names = [f"{name}, run {number}".removeprefix(", ") for number, name in enumerate(names, 1)]
    return names


def _changed_settings(run: Run, place: int, settings: Sequence[RunDifference]) -> str:
    """Return those of the settings that the run at ``place`` changed, with their values."""
    changed = {one.name.replace("_", " ") for one in run.protocol if one.origin == "changed"}
    words = [_in_name(one, one.values[place]) for one in settings if one.name in changed]
    return ", ".join(words) or "defaults"


def _in_name(difference: RunDifference, value: str) -> str:
    return value if difference.name == "data set" else f"{difference.name} {value}"


def by_test_images(experiments: Sequence[Experiment]) -> list[list[Experiment]]:
    """Return the experiments grouped by test images, which are the same within a group.

    Results files of schema 1 do not record the images of the parts: their experiments stay alone.
    """
    found: dict[object, list[Experiment]] = {}
    for place, experiment in enumerate(experiments):
        data = experiment.run.dataset
        key = (data.digest, data.counts, data.split_digest) if data.split_digest else place
        found.setdefault(key, []).append(experiment)
    return list(found.values())


def set_names(sets: Sequence[Sequence[Experiment]]) -> list[str]:
    """Return a unique name for each group of ``by_test_images``, empty for a single one."""
    if len(sets) == 1:
        return [""]
    data = [members[0].run.dataset for members in sets]
    names = [one.name for one in data]
    splits = [f"{one.name}, split {one.split}" for one in data]
    every = ["; ".join(one.name for one in members) for members in sets]
    return next((each for each in (names, splits) if len({*each}) == len(sets)), every)


def pool(experiments: Sequence[Experiment]) -> tuple[Run, str]:
    """Return the cells of experiments with the same test images as one run.

    The cells of each experiment are separate networks, distinguished by their titles. Protocol and
    environment are those of the first experiment; speeds are kept as by ``merge_runs``.

    Returns:
        The run, and a note on the speeds that are left out, empty if there are none.
    """
    first, *others = experiments
    if not others:
        return first.qualified, ""
    elsewhere, note = speeds_elsewhere([(one.name, one.run) for one in experiments])
    cells = [
        dataclasses.replace(
            cell.without_speed() if one.name in elsewhere else cell,
            backbone=f"{cell.backbone}-{number}",
        )
        for number, one in enumerate(experiments, start=1)
        for cell in one.qualified.cells
    ]
    examples = next((one.run.examples for one in experiments if one.run.examples), ())
    return dataclasses.replace(first.run, cells=tuple(cells), examples=examples), note
