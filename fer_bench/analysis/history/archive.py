"""Archive of stored results files: the runs of one experiment in chronological order."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.comparison.environment_differences import experiment_differences
from fer_bench.analysis.comparison.run_set import measurement
from fer_bench.results import ResultsDirectory, read_directory, read_run, written_at
from fer_bench.results.merge import merge_runs
from fer_bench.results.read import TIME
from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from fer_bench.results.records import Run

_COMMIT = re.compile(r"([0-9a-f]{7,64})(, .*)?")
_SHORT = 7


@dataclass(frozen=True)
class StoredRun:
    """Stored run, with the display name of its file and its time in UTC."""

    name: str
    time: datetime
    run: Run

    @property
    def commit(self) -> str:
        """Measured commit as recorded in the environment; empty if it is not recorded."""
        return dict(self.run.environment).get("commit", "")

    @property
    def short_commit(self) -> str:
        """First digits of the commit, with ``+`` appended if there were uncommitted changes.

        Empty if unknown; the commits of several merged runs are separated by ``/``.
        """
        found = map(_COMMIT.fullmatch, self.commit.split("; "))
        short = [f"{one[1][:_SHORT]}{'+' if one[2] else ''}" for one in found if one is not None]
        return "/".join(dict.fromkeys(short))


@dataclass(frozen=True)
class Archive:
    """Stored runs that can be compared with each other.

    Attributes:
        runs: in chronological order; runs of the same time are sorted by name.
        left_out: name of each run of other data or another protocol, with the reason.
        duplicates: number of files that hold an already counted run.
        others: number of files that are not results of fer_bench.
        unreadable: for each file that cannot be read, the reason.
    """

    runs: tuple[StoredRun, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    duplicates: int = 0
    others: int = 0
    unreadable: tuple[str, ...] = ()


def stored_run(document: Any, name: str) -> StoredRun:
    """Convert the document of a results file to a run with its time.

    Raises:
        FerBenchError: as for ``fer_bench.results.read_run``, or the file has no valid time.
    """
    run = read_run(document, name)
    time = written_at(document)
    if time is None:
        raise FerBenchError(
            f"{name}: {TIME!r} at top level is {shown(document.get(TIME))}",
            "a time as pytest-benchmark writes it, '2026-01-31T12:00:00+00:00'",
        )
    return StoredRun(name, time, run)


def merge_stored_runs(parts: Sequence[StoredRun]) -> StoredRun:
    """Merge several runs of one experiment into one, with the time of the latest.

    Raises:
        FerBenchError: as for ``fer_bench.results.merge.merge_runs``.
    """
    first, *others = parts
    if not others:
        return first
    return StoredRun(
        name=f"{first.name} and {len(others)} more",
        time=max(part.time for part in parts),
        run=merge_runs([(part.name, part.run) for part in parts]),
    )


def read_stored_runs(folder: Path) -> ResultsDirectory[StoredRun]:
    """Read all results files in a directory and its subdirectories, named by their relative paths.

    Raises:
        FerBenchError: as for ``fer_bench.results.read_directory``.
    """
    found = read_directory(folder, stored_run)
    named = (
        (path, dataclasses.replace(one, name=path.relative_to(folder).as_posix()))
        for path, one in found.read
    )
    return dataclasses.replace(found, read=tuple(named))


def build_archive(
    found: Iterable[StoredRun],
    reported: StoredRun,
    parts: Iterable[StoredRun] = (),
    others: int = 0,
    unreadable: Iterable[str] = (),
) -> Archive:
    """Combine the stored runs with the reported one, leaving out those of another experiment.

    A run counts once, however many files hold it: two runs are duplicates if they have the same
    time and commit, or if all timings of one are contained in those counted already, as with a
    merged file.

    ``parts`` are the runs that were merged into the reported one, if any; ``others`` and
    ``unreadable`` are those of ``Archive``.
    """
    known = {(one.time, one.commit) for one in (reported, *parts)}
    held = {time for one in (reported, *parts) for time in measurement(one.run)}
    runs, left_out, duplicates = [reported], [], 0
    # Most timings first: a merged file shares its time with a part, which must not replace it.
    for one in sorted(found, key=lambda one: (-len(measurement(one.run)), *_order(one))):
        times = measurement(one.run)
        if (one.time, one.commit) in known or (times and times <= held):
            duplicates += 1
            continue
        known.add((one.time, one.commit))
        held |= times
        differences = experiment_differences(reported.run, one.run)
        if differences:
            why = (f"{each.what} {each.head} instead of {each.base}" for each in differences)
            left_out.append((one.name, "; ".join(why)))
        else:
            runs.append(one)
    return Archive(
        runs=tuple(sorted(runs, key=_order)),
        left_out=tuple(sorted(left_out)),
        duplicates=duplicates,
        others=others,
        unreadable=tuple(unreadable),
    )


def _order(one: StoredRun) -> tuple[datetime, str]:
    return one.time, one.name
