"""Content of a report, computed once for all output formats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from fer_bench.analysis.experiments import (
    Experiment,
    by_test_images,
    group_experiments,
    pool,
    set_names,
)
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.seed_groups import with_unique_titles
from fer_bench.analysis.summary import Summary, summarise
from fer_bench.report.latex import latex_files
from fer_bench.report.metrics_tables import pairs_table
from fer_bench.report.recommendation_text import recommendation_tables
from fer_bench.report.summary_csv import summary_csv
from fer_bench.report.summary_table import summary_table
from fer_bench.report.table import Column, Row, Table
from fer_bench.report.table_rendering import markdown, tidy_csv
from fer_bench.report.tables import tables
from fer_bench.report.time_tables import runtime_table
from fer_bench.report.trend_table import trend_table
from fer_bench.results.run_differences import run_differences
from fer_bench.runtime.escapes import in_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fer_bench.analysis.experiments import NamedRun
    from fer_bench.analysis.history.series import Trend
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import Run
    from fer_bench.results.runtime_speeds import RuntimeSpeeds


@dataclass(frozen=True)
class Report:
    """Runs with their analysis, tables and summary, shown by terminal, files and page alike.

    Attributes:
        experiments: the runs, merged as far as they are of one protocol on the same images.
        analyses: analysis of all cells, once for each set of test images.
        tables: every table, in the order of the report.
        summary: the results in sentences.
        trend: the metrics over stored runs; None if the report shows no trend.
    """

    experiments: tuple[Experiment, ...]
    analyses: tuple[Analysis, ...]
    tables: tuple[Table, ...]
    summary: Summary
    trend: Trend | None = None

    @property
    def analysis(self) -> Analysis:
        """Analysis of the cells of the first set of test images, the only one of a single run."""
        return self.analyses[0]

    @property
    def set_names(self) -> tuple[str, ...]:
        """Name of each set of test images, empty for a single one."""
        return tuple(set_names(by_test_images(self.experiments)))

    @property
    def fingerprints(self) -> dict[str, str]:
        """Display name of each trained cell, with its seed, by fingerprint."""
        cells = (cell for one in self.analyses for cell in one.run.cells if cell.fingerprint)
        return {cell.fingerprint: cell.name for cell in cells}

    def with_runtimes(self, measured: Sequence[RuntimeSpeeds]) -> Report:
        """Return the report with a table of each of these measurements of its cells."""
        made = [runtime_table(one, self.fingerprints) for one in measured]
        keyed = [replace(one, key=f"{one.key}-{place}") for place, one in enumerate(made, start=1)]
        return replace(self, tables=(*self.tables, *keyed))

    @cached_property
    def files(self) -> dict[str, str]:
        """Contents of the table files by file name, rendered when they are first used.

        They are ``summary.csv``, ``tables.md``, ``tables.csv``, and ``tables.tex`` with its files
        in ``tables/``.
        """
        shown = [*_rankings(self.analyses), *self.tables]
        sets = zip(self.analyses, by_test_images(self.experiments), strict=True)
        headline = [in_markdown(sentence) + "\n" for sentence in self.summary.sentences]
        return {
            "summary.csv": summary_csv(sets),
            "tables.md": "\n".join(["# Tables\n", *headline, *map(markdown, shown)]),
            "tables.csv": tidy_csv(self.tables),
            **latex_files(shown),
        }

    @classmethod
    def of(cls, run: Run, trend: Trend | None = None, times: tuple[datetime, ...] = ()) -> Report:
        """Compute the report of a run; ``times`` are those of its results files, if known.

        Raises:
            ValueError: the run contradicts itself, see ``fer_bench.report.tables.tables``.
        """
        return _single(Experiment(with_unique_titles(run), times=times), trend)

    @classmethod
    def of_runs(cls, runs: Sequence[NamedRun], left_out: Sequence[str] = ()) -> Report:
        """Compute the report of one or more runs, whose protocols and data may differ.

        ``left_out`` holds the reason for each run that is left out.

        Raises:
            ValueError: a run contradicts itself, see ``fer_bench.report.tables.tables``.
        """
        experiments = group_experiments(runs)
        if len(experiments) == 1:
            return _single(experiments[0], left_out=left_out)
        pooled = [pool(members) for members in by_test_images(experiments)]
        analyses = tuple(analyse(run) for run, _ in pooled)
        notes = [f"Speeds {note}." for _, note in pooled if note]
        summary = _summarise(experiments, analyses, [*notes, *_left_out(left_out)])
        return cls(experiments, analyses, tuple(combined_tables(experiments, analyses)), summary)


def _single(
    experiment: Experiment, trend: Trend | None = None, left_out: Sequence[str] = ()
) -> Report:
    analysis = analyse(experiment.run)
    made, summary = tables(analysis), summarise(analysis)
    if trend is not None:
        made.append(trend_table(trend))
    summary = replace(summary, cautions=(*summary.cautions, *_left_out(left_out)))
    return Report((experiment,), (analysis,), tuple(made), summary, trend)


def _summarise(
    experiments: Sequence[Experiment], analyses: Sequence[Analysis], notes: Sequence[str]
) -> Summary:
    """Summarise each set of test images by itself."""
    names = ", ".join(one.name for one in experiments)
    runs = f"{len(experiments)} runs that differ, each named after its networks: {names}."
    each = [summarise(analysis) for analysis in analyses]
    if len(each) == 1:
        cautions, details = (*each[0].cautions, *notes), (runs, *each[0].details)
        return replace(each[0], cautions=cautions, details=details)
    found = list(zip(set_names(by_test_images(experiments)), each, strict=True))
    return Summary(
        (
            f"{len(each)} sets of test images, whose accuracies cannot be compared.",
            *(f"{name}: {' '.join(one.answer)}" for name, one in found),
        ),
        (*(f"{name}: {text}" for name, one in found for text in one.cautions), *notes),
        (runs, *(f"{name}: {text}" for name, one in found for text in one.details)),
    )


def _left_out(reasons: Sequence[str]) -> list[str]:
    return [f"Left out: {reason}" for reason in reasons]


def _rankings(analyses: Sequence[Analysis]) -> list[Table]:
    """Return the summary table of each set of test images, with unique keys."""
    found = [summary_table(analysis) for analysis in analyses]
    if len(found) == 1:
        return found
    return [replace(one, key=f"{one.key}-set-{place}") for place, one in enumerate(found, start=1)]


_OF_A_RUN = ("claims", "protocol", "environment")
"""Tables without a row for each network, which are not combined."""

_WORD = 20
"""Maximum length of the values of a narrow column."""


def combined_tables(experiments: Sequence[Experiment], pooled: Sequence[Analysis]) -> list[Table]:
    """Return all tables of several experiments, what differs first.

    Tables of experiments with the same test images are combined if they have the same columns.
    Keys and titles of tables that are not of all experiments name what they are of. ``pooled`` is
    the analysis of the cells of each group of ``by_test_images``, as pooled by ``pool``.
    """
    found: dict[str, list[Table]] = {}
    sets = by_test_images(experiments)
    names = set_names(sets)
    for place, (analysis, members) in enumerate(zip(pooled, sets, strict=True)):
        made: dict[str, list[tuple[Experiment, Table]]] = {}
        for experiment in members:
            for table in tables(analyse(experiment.qualified)):
                made.setdefault(table.key, []).append((experiment, table))
        pairs = pairs_table(analysis.pairs, has_test=analysis.dataset.has_test)
        for table in (pairs, *recommendation_tables(analysis.recommendation)):
            made[table.key] = [(members[0], table)]
        for key, each in made.items():
            first, *others = (table for _, table in each)
            if others and (key in _OF_A_RUN or any(one.columns != first.columns for one in others)):
                of_set = [
                    _named(table, f"run-{experiments.index(one) + 1}", one.name)
                    for one, table in each
                ]
            else:
                of_set = [_named(_joined(first, others), f"set-{place + 1}", names[place])]
            found.setdefault(key, []).extend(of_set)
    return [differences_table(experiments), *(one for each in found.values() for one in each)]


def differences_table(experiments: Sequence[Experiment]) -> Table:
    """Return the table of what differs between experiments, a row for each experiment."""
    found = run_differences([one.run for one in experiments])
    columns = (
        *(Column(one.name, one.kind, kind=_kind(one.values)) for one in found),
        Column("files", kind="text"),
    )
    rows = [
        Row(one.name, (*(each.values[place] for each in found), ", ".join(one.files)))
        for place, one in enumerate(experiments)
    ]
    note = (
        "Networks are ranked and tested against each other only if they were tested on the "
        "same images. Runs of one protocol on the same images are one row."
    )
    return Table("runs", "What differs between the runs", "Run", columns, rows, [note])


def _kind(values: Sequence[str]) -> Literal["word", "text"]:
    return "word" if max(map(len, values)) <= _WORD else "text"


def _joined(first: Table, others: Sequence[Table]) -> Table:
    """Return the first table with the rows and notes of the others, each once."""
    rows = dict.fromkeys(row for table in (first, *others) for row in table.rows)
    notes = dict.fromkeys(note for table in (first, *others) for note in table.notes)
    return replace(first, rows=[*rows], notes=[*notes])


def _named(table: Table, suffix: str, name: str) -> Table:
    """Return the table with a name in its key and title, unless the name is empty."""
    if not name:
        return table
    return replace(table, key=f"{table.key}-{suffix}", title=f"{table.title} ({name})")
