"""Differences between runs in data, split, protocol and environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fer_bench.protocol.settings import OF_CELLS, is_of_head
from fer_bench.results.fact_names import REPEATED, SPEED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.results.records import Run

Kind = Literal["data", "split", "protocol", "environment"]

UNKNOWN = "not recorded"
"""Value of a property that a run does not record."""

_NOTES = (SPEED, REPEATED)
"""Environment facts that are notes on missing, merged and repeated measurements."""

_DIGITS = 8


@dataclass(frozen=True)
class RunDifference:
    """Property in which runs differ.

    Attributes:
        kind: what the property belongs to.
        name: name of the property, in words.
        values: its value in each run.
    """

    kind: Kind
    name: str
    values: tuple[str, ...]


def run_differences(runs: Sequence[Run]) -> tuple[RunDifference, ...]:
    """Return the properties in which runs differ: data, split, protocol, then environment.

    Seeds and heads do not count, since each cell records its own. An environment fact that some
    runs lack counts if it differs between the others.

    Args:
        runs: one or more runs.
    """
    compared = [*_data(runs), *_split(runs), *_protocol(runs), *_environment(runs)]
    return tuple(
        one
        for one in compared
        if len({*one.values} - ({UNKNOWN} if one.kind == "environment" else set())) > 1
    )


def _data(runs: Sequence[Run]) -> Iterator[RunDifference]:
    data = [run.dataset for run in runs]
    names = tuple(one.name for one in data)
    if len({*names}) < len({one.digest for one in data}):
        names = tuple(f"{one.name} ({one.digest[:_DIGITS] or UNKNOWN})" for one in data)
    # The same images have different names if they were read from different paths.
    if len({(one.digest, one.counts) for one in data}) > 1:
        yield RunDifference("data", "data set", names)
    classes = tuple(", ".join(name for name, _ in one.counts) for one in data)
    yield RunDifference("data", "classes", classes)


def _split(runs: Sequence[Run]) -> Iterator[RunDifference]:
    data = [run.dataset for run in runs]
    digests: dict[tuple[str, str], set[str]] = {}
    for one in data:
        digests.setdefault((one.digest, one.split), set()).add(one.split_digest)
    splits = tuple(
        f"{one.split} ({one.split_digest[:_DIGITS] or UNKNOWN})"
        if len(digests[one.digest, one.split]) > 1
        else one.split
        for one in data
    )
    yield RunDifference("split", "split", splits)
    yield RunDifference("split", "test images", tuple(f"{one.test:,}" for one in data))


def _protocol(runs: Sequence[Run]) -> Iterator[RunDifference]:
    values = [{setting.name: setting.value for setting in run.protocol} for run in runs]
    for name in dict.fromkeys(name for one in values for name in one):
        known = all(name in one for one in values)
        # The split is a property of the parts, too.
        if name not in (*OF_CELLS, "split") and (known or not is_of_head(name)):
            yield RunDifference(
                "protocol", name.replace("_", " "), tuple(one.get(name, UNKNOWN) for one in values)
            )


def _environment(runs: Sequence[Run]) -> Iterator[RunDifference]:
    values = [dict(run.environment) for run in runs]
    for name in dict.fromkeys(name for one in values for name in one):
        if name not in _NOTES:
            yield RunDifference(
                "environment", name, tuple(one.get(name, UNKNOWN) for one in values)
            )
