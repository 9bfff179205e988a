"""In what the two sides' machines, software, protocols and data differ."""

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
"""Software that the reference workload runs on too, and what it is set to."""

_NOT_COMPARED = ("commit", "speed", REPEATED)
"""Facts that are bound to differ, and notes of files that were joined and of repeated measures."""

_SEEDS = ("seed", "seeds")
"""Settings that stand in the cells themselves."""


@dataclass(frozen=True)
class Surroundings:
    """What both sides were measured in, and on.

    Attributes:
        differences: in the order machine, threads, device, timer, libraries, protocol, data.
        same_machine: as far as is known.
        same_device: whether both computed on the same kind of device, with the same backend.
        same_software: whether what the reference workload runs on is the same, threads included.
        same_timer: whether the speeds of both count the same, such as seconds of the wall clock.
        same_data: whether both have the same images.
        same_parts: whether both test on the same images; None where a file does not tell.
    """

    differences: tuple[Difference, ...]
    same_machine: bool
    same_device: bool
    same_software: bool
    same_timer: bool
    same_data: bool
    same_parts: bool | None


def surroundings(base: Side, head: Side) -> Surroundings:
    """Compares what both sides say of themselves; what one of them does not say is no difference.

    The runs of one side are taken together: a fact that differs among them stands with all its
    values, and a side of several machines is on another machine than any.
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
    return Surroundings(
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
    """The values of each fact in the runs of a side, sorted."""
    values: dict[str, set[str]] = {}
    for _, run in side.runs:
        for name, value in run.environment:
            values.setdefault(name, set()).add(value)
    return {name: tuple(sorted(of)) for name, of in values.items()}


def _timed_in(facts: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [kind for timer in facts.get(TIMER, ()) for kind in kinds(timer)]


def _settings(side: Side) -> dict[str, str]:
    return {setting.name: setting.value for setting in side.runs[0][1].protocol}
