"""Differences between base and head in machine, software, protocol and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.outcome import Difference
from fer_bench.results.environment_facts import NUMERIC_SETTINGS
from fer_bench.results.records import REPEATED
from fer_bench.results.timers import TIMER, kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.comparison.base_and_head import Side

_MACHINE = ("processor", "cpu cores available", "platform")
_THREADS = ("threads",)
_DEVICE = ("devices",)
_OF_REFERENCE = ("python", "numpy", "keras", "backend", NUMERIC_SETTINGS)
"""Software and numeric settings that affect the reference workload too."""

_NOT_COMPARED = ("commit", "speed", REPEATED)
"""Facts that always differ, and notes of merged files and of repeated measurements."""

_SEEDS = ("seed", "seeds")
"""Settings that are recorded in the cells themselves."""


@dataclass(frozen=True)
class EnvironmentComparison:
    """Environment differences between base and head, and what they allow to compare.

    Attributes:
        differences: in the order machine, threads, device, timer, libraries, protocol, data.
        same_machine: True if both were measured on the same machine, as far as known.
        same_device: True if both used the same kind of device with the same backend.
        same_software: True if the software that affects the reference workload and the thread
            settings are the same.
        same_timer: True if the speeds of both use the same timer, such as wall-clock seconds.
        same_data: True if both have the same images.
        same_parts: True if both test on the same images; None if a file does not record it.
    """

    differences: tuple[Difference, ...]
    same_machine: bool
    same_device: bool
    same_software: bool
    same_timer: bool
    same_data: bool
    same_parts: bool | None


def compare_environments(base: Side, head: Side) -> EnvironmentComparison:
    """Compare the recorded environments of base and head; a fact missing on one side is ignored.

    The runs of one side are combined: a fact that varies between them is listed with all its
    values, and several machines on one side count as different from any other machine.
    """
    ours, theirs = _facts(base), _facts(head)
    names = [name for name in {**ours, **theirs} if name not in _NOT_COMPARED]
    named = [*_MACHINE, *_THREADS, *_DEVICE, TIMER]
    others = [name for name in names if name not in named]
    found = {
        name: ("; ".join(ours[name]), "; ".join(theirs[name]))
        for name in [*named, *others]
        if name in ours
        and name in theirs
        and (ours[name] != theirs[name] or (name in (*_MACHINE, TIMER) and len(ours[name]) > 1))
    }
    same_machine = not any(name in found for name in _MACHINE)
    same_software = not any(name in found for name in (*_THREADS, *_OF_REFERENCE))
    backends = [
        {fact.split(" ")[0] for fact in facts.get("backend", ())} for facts in (ours, theirs)
    ]
    same_device = not any(name in found for name in _DEVICE) and backends[0] == backends[1]
    same_timer = len({kind for facts in (ours, theirs) for kind in _timed_in(facts)}) < 2
    if same_timer:
        found.pop(TIMER, None)
    told = [
        Difference(name, one, other, _meaning(name, same_machine))
        for name, (one, other) in found.items()
    ]
    same_data, same_parts, data = _data(base, head)
    return EnvironmentComparison(
        differences=(*told, *_protocol(base, head), *data),
        same_machine=same_machine,
        same_device=same_device,
        same_software=same_software,
        same_timer=same_timer,
        same_data=same_data,
        same_parts=same_parts,
    )


def _meaning(name: str, same_machine: bool) -> str:
    if name in _MACHINE:
        return (
            "another machine: speeds are divided by those of the reference workload, which makes "
            "up for its general speed and no more"
        )
    if name in _THREADS:
        if same_machine:
            return "speeds are compared as they are, and differ by it as well as by the code"
        return "speeds differ by it as well as by the code"
    if name in _DEVICE:
        return "speeds of different devices are not compared"
    if name == TIMER:
        return "speeds that count something else, as CPU seconds do, are not compared"
    if name not in _OF_REFERENCE:
        return "results and speeds may differ by it as well as by the code"
    if same_machine:
        return (
            "results and speeds may differ by it as well as by the code; the reference workload "
            "runs on it too, so speeds are compared as they are"
        )
    return (
        "results may differ by it as well as by the code; what it changes in speed cannot be told "
        "from what the machine does"
    )


def _protocol(base: Side, head: Side) -> Iterable[Difference]:
    ours, theirs = _settings(base), _settings(head)
    for name in {**ours, **theirs}:
        one, other = ours.get(name, "not known"), theirs.get(name, "not known")
        if name not in _SEEDS and one != other:
            yield Difference(
                f"protocol: {name.replace('_', ' ')}",
                one,
                other,
                "quality is of another experiment, and differs by it as well as by the code",
                of_experiment=True,
            )


def _data(base: Side, head: Side) -> tuple[bool, bool | None, list[Difference]]:
    ours, theirs = base.runs[0][1].dataset, head.runs[0][1].dataset
    one, other = (
        f"{data.name}, {sum(count for _, count in data.counts):,} images, split {data.split}"
        for data in (ours, theirs)
    )
    if (ours.digest, ours.counts) != (theirs.digest, theirs.counts):
        return False, False, [Difference("data", one, other, "no figure can be compared", True)]
    if not ours.split_digest or not theirs.split_digest:
        return True, None, []
    if (ours.split_digest, ours.test_labels) != (theirs.split_digest, theirs.test_labels):
        meaning = "other images are trained and tested on: quality cannot be compared"
        return True, False, [Difference("split", one, other, meaning, True)]
    return True, True, []


def _facts(side: Side) -> dict[str, tuple[str, ...]]:
    """Return the sorted values of each fact over the runs of one side."""
    values: dict[str, set[str]] = {}
    for _, run in side.runs:
        for name, value in run.environment:
            values.setdefault(name, set()).add(value)
    return {name: tuple(sorted(of)) for name, of in values.items()}


def _timed_in(facts: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [kind for timer in facts.get(TIMER, ()) for kind in kinds(timer)]


def _settings(side: Side) -> dict[str, str]:
    return {setting.name: setting.value for setting in side.runs[0][1].protocol}
