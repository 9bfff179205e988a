"""Table of change points: the stored runs in which a metric changed."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import counted, ranges
from fer_bench.report.comparison.phrases import name_text, value_text
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.history.archive import Archive, StoredRun
    from fer_bench.analysis.history.series import ChangePoint, Series, Trend

OUTLIER = "only in this run"
"""Label shown instead of a verdict if the next run returns to the previous value."""

_DIGEST = re.compile("[0-9a-f]{40,64}")
"""Full commit hash in a file name, as pytest-benchmark writes it."""
_NAMED = 3
"""Maximum number of names listed; the rest are only counted."""


def trend_table(trend: Trend) -> Table:
    """Return the table of all change points, grouped by metric, in chronological order."""
    runs = trend.archive.runs
    described = _descriptions(runs)
    rows = [
        Row(
            _label(series, trend.names[series.cell]),
            (
                OUTLIER if change.outlier else change.verdict,
                *(_shown(series.metric, value) for value in (change.base, change.head)),
                *(_recorded(series.metric, value) for value in (change.base, change.head)),
                f"{change.run + 1} of {len(runs)}, {described[change.run]}",
                f"{_lasts(series, change, runs)}; {change.why}",
            ),
            key=_label(series, series.cell),
        )
        for series in trend.series
        for change in series.change_points
    ]
    columns = (
        Column("verdict", kind="word"),
        Column("from", shown_only=True),
        Column("to", shown_only=True),
        Column("from", hidden=True),
        Column("to", hidden=True),
        Column("run", kind="text"),
        Column("duration and reason", kind="text"),
    )
    title = "Changes of each metric over the stored runs"
    return Table("trend", title, "Metric", columns, rows, _notes(trend, described))


def number(run: int, runs: Sequence[StoredRun]) -> str:
    """Return the position of a run among the stored ones: ``run 3 of 8``."""
    return f"run {run + 1} of {len(runs)}"


def _descriptions(runs: Sequence[StoredRun]) -> list[str]:
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


def _label(series: Series, name: str) -> str:
    return name if series.metric is None else f"{name} {name_text(series)}"


def _shown(metric: Metric | None, value: float | None) -> str | None:
    return None if metric is None or value is None else value_text(metric, value)


def _recorded(metric: Metric | None, value: float | None) -> str | None:
    """Return a value for ``tables.csv``, where shares are 0 to 1."""
    if metric is not None and metric.unit == "share" and value is not None:
        return f"{value:.4f}"
    return _shown(metric, value)


def _lasts(series: Series, change: ChangePoint, runs: Sequence[StoredRun]) -> str:
    """Return the period for which a metric stayed at the level of a change point."""
    if change.outlier:
        return "the next run is back at the previous level"
    later = [other for other in series.lasting if other.run > change.run]
    if later:
        return f"until {number(later[0].run, runs)}"
    measured = [point.run for point in series.points] or [len(runs) - 1]
    return "no run since" if max(measured) <= change.run else "since then"


def _notes(trend: Trend, described: Sequence[str]) -> list[str]:
    changed = sum(bool(series.lasting) for series in trend.series)
    metrics = sum(series.metric is not None for series in trend.series)
    return [
        f"{changed:,} of {metrics:,} metrics changed over {len(described):,} stored runs, from "
        f"{described[0]}, to {described[-1]}. Times are UTC."
        if len(described) > 1
        else f"One stored run, {described[0]}: there is nothing to compare it with.",
        "One row per change, grouped by metric. Each run is compared with all runs since the last "
        "change of the metric together. It counts as a change if the difference exceeds the noise, "
        "at 99 %, and the threshold. For metrics without a threshold, about one in a hundred "
        "comparisons reports a change although there is none.",
        "Speeds are tested again with each later run: a step too small to be detected in its own "
        "run is reported for that run as soon as enough runs follow, and a change that later runs "
        "do not confirm is removed. While there are too few runs to measure how much they vary, "
        "speeds are compared round by round, and a change of the machine looks like a change of "
        "the speed.",
        f"{OUTLIER}: a speed for which the next run cannot be distinguished from the runs before, "
        "differs from this run, and is at least twice as close to the runs before as to this run. "
        "The machine was disturbed in this run, which is left out of all comparisons.",
        *_restarts(trend),
        *_partly(trend),
        *_left_out(trend.archive),
    ]


def _restarts(trend: Trend) -> Iterator[str]:
    """Yield a note for each reason why runs could not be compared with earlier ones."""
    for why in dict.fromkeys(restart.why for restart in trend.restarts):
        restarts = [restart for restart in trend.restarts if restart.why == why]
        names = dict.fromkeys(name for restart in restarts for name in restart.series)
        runs = dict.fromkeys(restart.run + 1 for restart in restarts)
        ordinals = _listed([*map(str, runs)])
        yield f"Not compared with earlier runs, in run {ordinals}: {_listed([*names])} ({why})."


def _partly(trend: Trend) -> Iterator[str]:
    """Yield a note for each cell that some of the runs lack."""
    total = len(trend.archive.runs)
    known: dict[str, set[int]] = {}
    for series in trend.series:
        known.setdefault(series.cell, set()).update(point.run for point in series.points)
    for cell, runs in known.items():
        if len(runs) < total:
            which = _listed(ranges((run + 1 for run in sorted(runs)), " to "))
            yield f"{trend.names[cell]} was measured in {len(runs):,} of {total:,} runs: {which}."


def _left_out(archive: Archive) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, why in archive.left_out:
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        yield f"Left out, as another experiment: {_listed(names)} ({why})."
    for why in archive.unreadable:
        yield f"Left out, as unreadable: {why}."
    if archive.duplicates:
        files = counted(archive.duplicates, "file")
        yield f"Left out, as duplicates of a run in another file: {files}."
    if archive.others:
        yield f"Left out, as not results of fer_bench: {counted(archive.others, 'file')}."


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED:,} more"]
    return ", ".join(names)
