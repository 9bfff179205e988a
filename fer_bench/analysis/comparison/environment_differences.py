"""Differences between base and head in machine, software, protocol and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.comparison_result import Difference
from fer_bench.protocol.settings import OF_CELLS, is_of_head
from fer_bench.results.fact_names import NUMERIC_SETTINGS, REPEATED, SPEED
from fer_bench.results.speed_units import TIMER, kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.analysis.comparison.run_set import RunSet
    from fer_bench.results.records import Run

_MACHINE = ("processor", "cpu cores available", "platform")
_THREADS = ("threads",)
_DEVICE = ("devices",)
_OF_REFERENCE = ("python", "numpy", "keras", "backend", NUMERIC_SETTINGS)
"""Software and numeric settings that affect the reference workload too."""

_NOT_COMPARED = ("commit", SPEED, REPEATED)
"""Facts that always differ, and notes on missing, merged and repeated measurements."""


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


def compare_environments(base: RunSet, head: RunSet) -> EnvironmentComparison:
    """Compare the recorded environments of base and head; a fact missing in one is ignored.

    The runs of each are combined: a fact that varies between them is listed with all its
    values, and several machines count as different from any other machine.
    """
    in_base, in_head = _facts(base), _facts(head)
    found = {
        name: ("; ".join(in_base[name]), "; ".join(in_head[name]))
        for name in dict.fromkeys((*_MACHINE, *_THREADS, *_DEVICE, TIMER, *in_base))
        if name in in_base
        and name in in_head
        and name not in _NOT_COMPARED
        and (
            in_base[name] != in_head[name]
            or (name in (*_MACHINE, TIMER) and len(in_base[name]) > 1)
        )
    }
    same_machine = not any(name in found for name in _MACHINE)
    same_software = not any(name in found for name in (*_THREADS, *_OF_REFERENCE))
    backends = [
        {fact.split(" ")[0] for fact in facts.get("backend", ())} for facts in (in_base, in_head)
    ]
    same_device = not any(name in found for name in _DEVICE) and backends[0] == backends[1]
    timers = (timer for facts in (in_base, in_head) for timer in facts.get(TIMER, ()))
    same_timer = len({kind for timer in timers for kind in kinds(timer)}) < 2
    if same_timer:
        found.pop(TIMER, None)
    environment = [
        Difference(name, one, other, _meaning(name, same_machine))
        for name, (one, other) in found.items()
    ]
    first = base.runs[0][1], head.runs[0][1]
    same_data, same_parts, data = _data(*first)
    return EnvironmentComparison(
        differences=(*environment, *_protocol(*first), *data),
        same_machine=same_machine,
        same_device=same_device,
        same_software=same_software,
        same_timer=same_timer,
        same_data=same_data,
        same_parts=same_parts,
    )


def experiment_differences(base: Run, head: Run) -> list[Difference]:
    """Return what differs between the experiments of two runs: protocol and data."""
    return [*_protocol(base, head), *_data(base, head)[2]]


def _meaning(name: str, same_machine: bool) -> str:
    if name in _MACHINE:
        return (
            "another machine: speeds are divided by those of the reference workload, which "
            "corrects only for its overall speed"
        )
    if name in _THREADS:
        if same_machine:
            return "may change speeds as well as the code does; they are compared as measured"
        return "may change speeds as well as the code does"
    if name in _DEVICE:
        return "speeds on different devices are not compared"
    if name == TIMER:
        return "speeds by different timers, such as CPU and wall-clock seconds, are not compared"
    if name not in _OF_REFERENCE:
        return "may change results and speeds as well as the code does"
    if same_machine:
        return (
            "may change results and speeds as well as the code does; the reference workload "
            "depends on it too, so speeds are compared as measured"
        )
    return (
        "may change results as well as the code does; its effect on speed cannot be separated from "
        "the machine's"
    )


def _protocol(base: Run, head: Run) -> Iterable[Difference]:
    in_base, in_head = (
        {setting.name: setting.value for setting in one.protocol} for one in (base, head)
    )
    for name in {**in_base, **in_head}:
        one, other = in_base.get(name, "unknown"), in_head.get(name, "unknown")
        if is_of_head(name) and not (name in in_base and name in in_head):
            continue
        if name not in OF_CELLS and one != other:
            yield Difference(
                f"protocol: {name.replace('_', ' ')}",
                one,
                other,
                "another experiment: may change quality as well as the code does",
                of_experiment=True,
            )


def _data(base: Run, head: Run) -> tuple[bool, bool | None, list[Difference]]:
    in_base, in_head = base.dataset, head.dataset
    one, other = (
        f"{data.name}, {sum(count for _, count in data.counts):,} images, split {data.split}"
        for data in (in_base, in_head)
    )
    if (in_base.digest, in_base.counts) != (in_head.digest, in_head.counts):
        return False, False, [Difference("data", one, other, "no metric can be compared", True)]
    if not in_base.split_digest or not in_head.split_digest:
        return True, None, []
    if (in_base.split_digest, in_base.test_labels) != (in_head.split_digest, in_head.test_labels):
        meaning = "trained and tested on other images: quality cannot be compared"
        return True, False, [Difference("split", one, other, meaning, True)]
    return True, True, []


def _facts(run_set: RunSet) -> dict[str, tuple[str, ...]]:
    """Return the sorted values of each fact over the runs of base or head."""
    values: dict[str, set[str]] = {}
    for _, run in run_set.runs:
        for name, value in run.environment:
            values.setdefault(name, set()).add(value)
    return {name: tuple(sorted(of)) for name, of in values.items()}
