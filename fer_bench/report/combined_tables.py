"""Tables of several experiments: those of each, combined, and one of what differs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from fer_bench.analysis.experiments import by_test_images, set_names
from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.metrics_tables import pairs_table
from fer_bench.report.recommendation_text import recommendation_tables
from fer_bench.report.table import Column, Row, Table
from fer_bench.report.tables import tables
from fer_bench.results.run_differences import run_differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.experiments import Experiment
    from fer_bench.analysis.run_analysis import Analysis

_OF_A_RUN = ("claims", "protocol", "environment")
"""Tables without a row for each network, which are not combined."""

_WORD = 20
"""Maximum length of the values of a narrow column."""


def combined_tables(experiments: Sequence[Experiment], pooled: Sequence[Analysis]) -> list[Table]:
    """Return all tables of several experiments, what differs first.

    Tables of experiments with the same test images are combined if they have the same columns.
    Keys and titles of tables that are not of all experiments name what they are of.

    Args:
        experiments: two or more experiments, with unique names.
        pooled: analysis of the cells of each group of ``by_test_images``, as pooled by ``pool``.

    Raises:
        ValueError: a run contradicts itself, see ``fer_bench.report.tables.tables``.
    """
    found: dict[str, list[Table]] = {}
    sets = by_test_images(experiments)
    for place, (analysis, members) in enumerate(zip(pooled, sets, strict=True)):
        name = set_names(sets)[place]
        made: dict[str, list[tuple[Experiment, Table]]] = {}
        for experiment in members:
            for table in tables(analyse(experiment.qualified)):
                made.setdefault(table.key, []).append((experiment, table))
        has_test = analysis.dataset.has_test
        made["pairs"] = [(members[0], pairs_table(analysis.pairs, has_test=has_test))]
        for table in recommendation_tables(analysis.recommendation):
            made[table.key] = [(members[0], table)]
        for key, each in made.items():
            rows = _combined([table for _, table in each])
            if rows is not None:
                combined = [_named(rows, f"set-{place + 1}", name)]
            else:
                combined = [
                    _named(table, f"run-{experiments.index(one) + 1}", one.name)
                    for one, table in each
                ]
            found.setdefault(key, []).extend(combined)
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
    notes = (
        "Networks are ranked and tested against each other only if they were tested on the "
        "same images. Runs of one protocol on the same images are one row.",
    )
    return Table("runs", "What differs between the runs", "Run", columns, rows, notes)


def _kind(values: Sequence[str]) -> Literal["word", "text"]:
    return "word" if max(map(len, values)) <= _WORD else "text"


def _combined(made: Sequence[Table]) -> Table | None:
    """Return the tables of one key as one table; None if their rows cannot stand together."""
    first, *others = made
    if others and (first.key in _OF_A_RUN or any(one.columns != first.columns for one in others)):
        return None
    rows = dict.fromkeys(row for table in made for row in table.rows)
    notes = dict.fromkeys(note for table in made for note in table.notes)
    return dataclasses.replace(first, rows=tuple(rows), notes=tuple(notes))


def _named(table: Table, suffix: str, name: str) -> Table:
    """Return the table with a name in its key and title, unless the name is empty."""
    if not name:
        return table
    return dataclasses.replace(table, key=f"{table.key}-{suffix}", title=f"{table.title} ({name})")
