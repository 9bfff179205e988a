"""Tables of a search for the settings that made the paper's tables."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import TITLES
from fer_bench.analysis.paper_search import ALPHA
from fer_bench.protocol import published
from fer_bench.protocol.cell import display_name
from fer_bench.report.table import Column, Row, Table
from fer_bench.runtime.invocation import benchmark_program

if TYPE_CHECKING:
    from fer_bench.analysis.paper_search import Ranking
    from fer_bench.protocol.data_spec import DataSpec

_RATES = {2: "MCR, accuracy", 3: "MCR, loss", 4: "MOFR, accuracy"}


def search_table(ranking: Ranking, spec: DataSpec) -> Table:
    """Return the ranked trials of a row of the paper's tables, with the published rates.

    Args:
        ranking: the trials.
        spec: the data that they were trained on.
    """
    keys = list(ranking.published)
    windows = [f"{first}-{last}" for first, last in published.WINDOWS]
    columns = (
        Column("verdict", kind="word"),
        Column("distance", decimals=2),
        Column("shared", decimals=2),
        Column("largest", decimals=1),
        Column("limit", decimals=1),
        Column("seeds"),
        Column("epochs"),
        Column("minutes", decimals=1),
        *(Column(windows[window], _RATES[table], decimals=4) for table, window in keys),
    )
    rows = [Row("published", (*[None] * 8, *ranking.published.values()))]
    for one in ranking.trials:
        entries = (
            one.verdict,
            one.distance,
            one.shared,
            one.largest,
            one.limit,
            len(one.trial.histories),
            one.trial.epochs,
            one.trial.seconds / 60,
            *map(one.rates.get, keys),
        )
        rows.append(Row(one.trial.settings, entries, one.trial.failure))
    key = f"paper-search-{ranking.backbone}-{ranking.init}"
    title = f"{_name(ranking)}: settings by distance from the published rates"
    return Table(key, title, "Settings", columns, rows, _notes(ranking, spec))


def search_summary(ranking: Ranking, spec: DataSpec) -> Table:
    """Return the ranked trials without rates and details, for a narrow terminal.

    Arguments are as for ``search_table``.
    """
    table = search_table(ranking, spec)
    names = ("verdict", "distance", "shared", "seeds", "epochs")
    table = table.only([place for place, one in enumerate(table.columns) if one.name in names])
    rows = [
        replace(row, label=str(number), entries=(row.label, *row.entries))
        for number, row in enumerate(table.rows[1:], start=1)
    ]
    columns = (Column("settings", kind="text"), *table.columns)
    return replace(table, head="", columns=columns, rows=rows)


def _name(ranking: Ranking) -> str:
    return display_name(TITLES[ranking.backbone], ranking.init)


def progress_line(ranking: Ranking) -> str:
    """Return the number of trials so far and the nearest one."""
    nearest = ranking.nearest[0].trial.settings if ranking.nearest else "none, all failed"
    return f"{_name(ranking)}: {len(ranking.trials)} trials, nearest: {nearest}"


def _notes(ranking: Ranking, spec: DataSpec) -> list[str]:
    seconds = math.fsum(one.trial.seconds for one in ranking.trials)
    images, other_pace = ", that of the published rates by their digits", ""
    if not ranking.like_for_like:
        other_pace = (
            ", and on other or fewer images than the paper's the same settings converge at another "
            "pace"
        )
        sample = f"a sample of {spec.limit:,} images" if spec.limit else "other images"
        images = f" of {sample}; the published rates were made on all of FER2013"
    return [
        "distance: root mean square of the differences from the published rates, each divided by "
        "the root mean square of the published rates of its table; without learning it is about 1. "
        "shared: the same over the rates that all settings have. Settings with the most rates come "
        "first.",
        "excluded: the largest difference, in standard errors of another seed of these settings, "
        f"is above the limit (Student's t at {ALPHA * 100:.0f} % with as many degrees of freedom "
        "as seeds minus 1, Bonferroni over the rates); remains: it is not; undecided: one seed has "
        f"no spread{other_pace}.",
        f"Split {spec.split}{images}. Runs that trained these cells: {seconds / 60:.0f} minutes.",
        _next_command(ranking, spec),
    ]


def _next_command(ranking: Ranking, spec: DataSpec) -> str:
    if not ranking.nearest:
        return ""
    options = [f"--backbone={ranking.backbone}", f"--init={ranking.init}", "--dataset=PATH"]
    options += [*spec.options(), *ranking.nearest[0].trial.protocol.options()]
    return f"The nearest as a benchmark: {shlex.join([*benchmark_program(), *options])}"
