"""Table of change points: the stored runs in which a metric changed."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from fer_bench.report.comparison.phrases import name_text, value_text
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.history.archive import Archive, Stored
    from fer_bench.analysis.history.series import ChangePoint, Series, Trend

UNDONE = "only in this run"
"""Label shown instead of a verdict if the next run returns to the previous value."""

_DIGEST = re.compile("[0-9a-f]{40,64}")
"""Full commit hash in a file name, as pytest-benchmark writes it."""
_NAMED = 3
"""Maximum number of names listed; the rest are only counted."""


def trend_table(trend: Trend) -> Table:
    """Return the table of all change points, grouped by metric, in chronological order."""
    runs = trend.archive.runs
    known = _told(runs)
    rows = [
        Row(
            _label(series),
            (
                UNDONE if move.undone else move.verdict,
                _value(series.figure, move.base),
                _value(series.figure, move.head),
                f"{move.run + 1} of {len(runs)}, {known[move.run]}",
                f"{_lasts(series, move, runs)}; {move.why}",
            ),
        )
        for series in trend.series
        for move in series.moves
    ]
    return Table(
        key="trend",
        title="Where each figure moved over the stored runs",
        head="Figure",
        columns=(
            Column("verdict", kind="word"),
            Column("from"),
            Column("to"),
            Column("run", kind="text"),
            Column("how long, and why", kind="text"),
        ),
        rows=tuple(rows),
        notes=tuple(_notes(trend, known)),
    )


def number(run: int, runs: Sequence[Stored]) -> str:
    """Return the position of a run among the stored ones: ``run 3 of 8``."""
    return f"run {run + 1} of {len(runs)}"


def _told(runs: Sequence[Stored]) -> list[str]:
    """Return time, commit and file of each run, without directories if file names are unique."""
    names = [
        _DIGEST.sub(lambda found: f"{found[0][:7]}\N{HORIZONTAL ELLIPSIS}", one.name)
        for one in runs
    ]
    files = [PurePath(name).name for name in names]
    if len(set(files)) == len(files):
        names = files
    return [
        f"{one.time:%Y-%m-%d %H:%M}, {one.short_commit or 'no commit'}, {name}"
        for one, name in zip(runs, names, strict=True)
    ]


def _label(series: Series) -> str:
    if series.figure is None:
        return series.cell
    return f"{series.cell} {name_text(series)}"


def _value(figure: Metric | None, value: float | None) -> str | None:
    return None if figure is None or value is None else value_text(figure, value)


def _lasts(series: Series, move: ChangePoint, runs: Sequence[Stored]) -> str:
    """Return the period for which a metric stayed at the level of a change point."""
    if move.undone:
        return "the run after it is back"
    later = [other for other in series.lasting if other.run > move.run]
    if later:
        return f"until {number(later[0].run, runs)}"
    measured = [point.run for point in series.points] or [len(runs) - 1]
    return "no run since" if max(measured) <= move.run else "since then"


def _notes(trend: Trend, known: Sequence[str]) -> Iterator[str]:
    archive = trend.archive
    runs = archive.runs
    moved = sum(series.first is not None for series in trend.series)
    figures = sum(series.figure is not None for series in trend.series)
    if len(runs) == 1:
        yield f"One stored run, {known[0]}: there is nothing to compare it with."
    else:
        yield (
            f"{moved:,} of {figures:,} figures moved over {len(runs):,} stored runs, from "
            f"{known[0]}, to {known[-1]}. Times are UTC."
        )
    yield (
        "A row for each move, the first one of a figure first. Each run is compared with all runs "
        "since the figure's last move together; it moved where the change is beyond noise, at "
        "99 %, and beyond its rule. Of figures without a rule about one in a hundred comparisons "
        "finds a change that is none."
    )
    yield (
        "A speed is looked at again with each later run: a step too small to be seen in its own "
        "run is told, in that run, as soon as enough runs follow, and a move that they do not "
        "bear out is told no more. While too few runs tell how far they vary, speeds are compared "
        "round by round, where a change of the machine looks like a move."
    )
    yield (
        f"{UNDONE}: a speed that the next run does not tell from what it was before, but from "
        "what it was in this run, and that is at least twice as near to the former. The machine "
        "was odd in this run, which is compared with nothing."
    )
    yield from _restarts(trend)
    yield from _partly(trend)
    yield from _archive(archive)


def _restarts(trend: Trend) -> Iterator[str]:
    """Yield a note for each reason why runs could not be compared with earlier ones."""
    reasons: dict[str, tuple[dict[str, None], dict[int, None]]] = {}
    for restart in trend.restarts:
        names, runs = reasons.setdefault(restart.why, ({}, {}))
        names.update(dict.fromkeys(restart.series))
        runs[restart.run + 1] = None
    for why, (names, runs) in reasons.items():
        ordinals = _listed([str(run) for run in runs])
        yield (
            f"Not compared with the runs before, in run {ordinals}: {_listed(list(names))} ({why})."
        )


def _partly(trend: Trend) -> Iterator[str]:
    """Yield a note for each cell that some of the runs lack."""
    total = len(trend.archive.runs)
    known: dict[str, set[int]] = {}
    for series in trend.series:
        known.setdefault(series.cell, set()).update(point.run for point in series.points)
    for cell, runs in known.items():
        if len(runs) < total:
            which = _ranges(sorted(runs))
            yield f"{cell} was measured in {len(runs):,} of {total:,} runs: {which}."


def _archive(archive: Archive) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, why in archive.left_out:
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        yield f"Left out, for it is another experiment: {_listed(names)} ({why})."
    for why in archive.unreadable:
        yield f"Left out, for it cannot be read: {why}."
    if archive.copies:
        yield f"{_files(archive.copies)} of a run that another file holds too: it counts once."
    if archive.others:
        yield f"{_files(archive.others)} of JSON without a record of fer_bench: passed over."


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED:,} more"]
    return ", ".join(names)


def _ranges(runs: Iterable[int]) -> str:
    """Format 0-based runs as 1-based ranges: ``1 to 3, 7``."""
    spans: list[list[int]] = []
    for run in runs:
        if spans and spans[-1][1] == run:
            spans[-1][1] = run + 1
        else:
            spans.append([run + 1, run + 1])
    return _listed([str(a) if a == b else f"{a} to {b}" for a, b in spans])
