"""Results files that were kept: the runs of one experiment, in the order of time."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.comparison.base_and_head import Side, measurement
from fer_bench.analysis.comparison.environment_differences import surroundings
from fer_bench.results import Folder, load_document, read_folder, read_run
from fer_bench.results.merge import joined
from fer_bench.runtime.errors import FerBenchError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fer_bench.results.records import Run

_TIME = "datetime"
"""Where pytest-benchmark's files tell when they were made."""
_COMMIT = re.compile(r"([0-9a-f]{7,64})(, .*)?")
_SHORT = 7


@dataclass(frozen=True)
class Stored:
    """A run that was kept.

    Attributes:
        name: of its file, for readers.
        time: when it was measured, in UTC.
        run: what it measured.
    """

    name: str
    time: datetime
    run: Run

    @property
    def commit(self) -> str:
        """What was measured, as the environment tells it; empty where it does not."""
        return dict(self.run.environment).get("commit", "")

    @property
    def short_commit(self) -> str:
        """The commit's first digits, ``+`` behind them where changes were not committed.

        Empty where there is none; those of several runs that were joined have a ``/`` between.
        """
        found = map(_COMMIT.fullmatch, self.commit.split("; "))
        told = [f"{one[1][:_SHORT]}{'+' if one[2] else ''}" for one in found if one is not None]
        return "/".join(dict.fromkeys(told))


@dataclass(frozen=True)
class Archive:
    """The stored runs that can be compared with each other.

    Attributes:
        runs: in the order of time, those of one time by their names.
        left_out: runs of other data or of another protocol: name and reason of each.
        copies: number of files that hold a run which is counted already.
        others: number of files without our record.
        unreadable: for each file that cannot be read, why.
    """

    runs: tuple[Stored, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    copies: int = 0
    others: int = 0
    unreadable: tuple[str, ...] = ()


def stored_run(path: Path) -> Stored:
    """Reads a results file with the time that it was made at.

    Raises:
        FerBenchError: as ``fer_bench.results.load_run``, or the file tells no time.
    """
    return _stored(load_document(path), str(path))


def as_one(parts: Sequence[Stored]) -> Stored:
    """Several runs of one experiment as one, of the time of the latest.

    Args:
        parts: one or more.

    Raises:
        FerBenchError: as ``fer_bench.results.merge.joined``.
    """
    first, *others = parts
    if not others:
        return first
    return Stored(
        name=f"{first.name} and {len(others)} more",
        time=max(part.time for part in parts),
        run=joined([(part.name, part.run) for part in parts]),
    )


def stored_runs(folder: Path) -> Folder[Stored]:
    """Reads all results files in a directory and below it, named by their paths in it.

    Args:
        folder: as pytest-benchmark's ``.benchmarks``.

    Raises:
        FerBenchError: as ``fer_bench.results.read_folder``.
    """
    found = read_folder(folder, _stored)
    named = (
        (path, dataclasses.replace(one, name=path.relative_to(folder).as_posix()))
        for path, one in found.read
    )
    return dataclasses.replace(found, read=tuple(named))


def gathered(
    found: Iterable[Stored],
    reported: Stored,
    parts: Iterable[Stored] = (),
    others: int = 0,
    unreadable: Iterable[str] = (),
) -> Archive:
    """The stored runs with the one that is reported; those of another experiment are left out.

    A run counts once, whatever number of files hold it: runs of one time and one commit are the
    same, and so is one all of whose times another one holds, as a merged file does.

    Args:
        found: the stored runs, in any order.
        reported: the run that is reported.
        parts: what it was joined of, where it was.
        others: number of files passed over.
        unreadable: for each file that cannot be read, why.
    """
    known = {(one.time, one.commit) for one in (reported, *parts)}
    held = {time for one in (reported, *parts) for time in measurement(one.run)}
    runs, left_out, copies = [reported], [], 0
    # The fullest first: a merged file has the time of one of its parts.
    for one in sorted(found, key=lambda one: (-len(measurement(one.run)), *_order(one))):
        times = measurement(one.run)
        if (one.time, one.commit) in known or (times and times <= held):
            copies += 1
            continue
        known.add((one.time, one.commit))
        held |= times
        reason = _difference(reported.run, one.run)
        if reason:
            left_out.append((one.name, reason))
        else:
            runs.append(one)
    return Archive(
        runs=tuple(sorted(runs, key=_order)),
        left_out=tuple(sorted(left_out)),
        copies=copies,
        others=others,
        unreadable=tuple(unreadable),
    )


def _order(one: Stored) -> tuple[datetime, str]:
    return one.time, one.name


def _difference(reported: Run, other: Run) -> str:
    """In what another run is of another experiment; empty where it is of the same."""
    around = surroundings(Side((("reported", reported),)), Side((("other", other),)))
    return "; ".join(
        f"{one.what} {one.head} instead of {one.base}"
        for one in around.differences
        if one.of_experiment
    )


def _stored(document: Any, name: str) -> Stored:
    run = read_run(document, name)
    text = document.get(_TIME)
    try:
        time = datetime.fromisoformat(text)
        # pytest-benchmark before version 5 wrote UTC without saying so.
        time = time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time
        return Stored(name, time.astimezone(timezone.utc), run)
    except (TypeError, ValueError, OverflowError):
        raise FerBenchError(
            f"{name}: {_TIME!r} at top level is {shown(text)}; accepted: a time as "
            "pytest-benchmark writes it, '2026-01-31T12:00:00+00:00'"
        ) from None
