"""Tables on the paper's rates: how its digits say they were made, and a search for its settings."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.claims.values import TITLES, Network
from fer_bench.analysis.paper_forensics import DIFFERENCES, SEARCHED, TRAIN, VALIDATION
from fer_bench.analysis.paper_search import ALPHA
from fer_bench.protocol import published
from fer_bench.protocol.cell import display_name
from fer_bench.report.table import Column, Row, Table
from fer_bench.runtime.invocation import benchmark_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.paper_forensics import Forensics, Gains, Score
    from fer_bench.analysis.paper_search import Ranking
    from fer_bench.protocol.data_spec import DataSpec


def forensics_tables(forensics: Forensics) -> list[Table]:
    """Return the table of hypotheses and the tables of exact gains."""
    return [
        _hypotheses(forensics),
        _gains("training", "Table 2", forensics.training_gains),
        _gains(
            "validation",
            "Tables 2 and 4",
            forensics.validation_gains,
            "The source of the published numbers contains two rows of Table 4 and none of Table 5.",
        ),
    ]


def forensics_sentences(forensics: Forensics) -> list[str]:
    """State the conclusion, the arithmetic that shows it, and what remains an inference."""
    found, stated, *_, rival = forensics.training
    last, validation = forensics.last_window[0], forensics.validation[0]
    windows = ", ".join(map(str, DIFFERENCES[:-1]))
    first, final = SEARCHED[0], SEARCHED[-1]
    return [
        f"The paper's rates come from an 80/20 split of all {published.TOTAL:,} images, not from "
        "the stated 70/10/20.",
        f"Arithmetic: the training accuracies of Table 2 are shares of {TRAIN:,} images, in "
        f"windows of {windows} and {DIFFERENCES[-1]} differences ({found.hits + last.hits} of "
        f"{found.tests + last.tests} rates fit); the stated {stated.images:,} images "
        f"fit {stated.hits} of {stated.tests}, and no other number from {first:,} to {final:,} "
        f"fits more than {rival.hits} of them. The validation accuracies in Table 4 are shares of "
        f"{VALIDATION:,} images ({validation.hits} of {validation.tests} rates fit). "
        f"{TRAIN:,} + {VALIDATION:,} = {published.TOTAL:,}, all images.",
        "Inference: 5 + 5 + 5 + 3 differences are 18 of the 19 between 20 epochs. Most likely they "
        "run from epoch 1 to 6, 11, 16 and 19, without a value before epoch 1. The digits do not "
        "show which epochs these are, how the images were drawn, or what the stated test images "
        "were used for.",
    ]


def _hypotheses(forensics: Forensics) -> Table:
    convergence = (*forensics.training, *forensics.first_window, *forensics.last_window)
    columns = (
        Column("images"),
        Column("rates", kind="word"),
        Column("diffs", kind="word"),
        Column("fit", kind="word"),
        Column("chance", decimals=1),
        Column("p", kind="word"),
    )
    rows = (
        *(_row(score, 2) for score in convergence),
        *(_row(score, 4) for score in forensics.validation),
    )
    notes = (
        "rates: table and windows; diffs: differences in each of these windows.",
        "fit: rates that are, as printed, a whole number of images divided by images x diffs "
        "(GRIM test); chance: number of unrelated rates expected to fit; p: probability of at "
        "least as many by chance, not corrected for the number of hypotheses.",
        "Table 2 without VGG-Face random, whose rates are 0 and fit everything. Losses are not "
        "counts: Tables 3 and 5 cannot be tested.",
    )
    title = "Numbers of images and differences that the printed digits allow"
    return Table("paper-digits", title, "Hypothesis", columns, rows, notes)


def _row(score: Score, table: int) -> Row:
    last = score.window + len(score.differences) - 1
    windows = f"{score.window}-{last}" if last > score.window else str(last)
    return Row(
        score.origin,
        (
            score.images,
            f"Table {table}, {windows}",
            "-".join(map(str, score.differences)),
            f"{score.hits} of {score.tests}",
            score.expected,
            f"{score.p:.0e}" if score.p < 0.001 else f"{score.p:.3f}",
        ),
    )


def _gains(part: str, source: str, gains: Sequence[Gains], *notes: str) -> Table:
    windows = [f"{first}-{last}" for first, last in published.WINDOWS]
    columns = (
        *(Column(name, "epochs") for name in windows),
        Column("sum"),
        Column("share", decimals=4),
    )
    rows = [
        Row(Network(one.backbone, one.init).label, (*one.windows, one.total, one.share))
        for one in gains
    ]
    images = f"{gains[0].images:,} images"
    title = f"Images gained in {part} accuracy, from {source} ({images})"
    return Table(f"paper-{part}-gains", title, "Model", columns, rows, notes)


_RATES = {2: "MCR, accuracy", 3: "MCR, loss", 4: "MOFR, accuracy"}


def search_table(ranking: Ranking, spec: DataSpec) -> Table:
    """Return the ranked trials of a row of the paper's tables, with the published rates."""
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
    title = f"{_network(ranking)}: settings by distance from the published rates"
    return Table(key, title, "Settings", columns, rows, _search_notes(ranking, spec))


def search_summary(ranking: Ranking, spec: DataSpec) -> Table:
    """Return the ranked trials without rates and details, for a narrow terminal."""
    table = search_table(ranking, spec)
    names = ("verdict", "distance", "shared", "seeds", "epochs")
    table = table.only([place for place, one in enumerate(table.columns) if one.name in names])
    rows = [
        replace(row, label=str(number), entries=(row.label, *row.entries))
        for number, row in enumerate(table.rows[1:], start=1)
    ]
    columns = (Column("settings", kind="text"), *table.columns)
    return replace(table, head="", columns=columns, rows=rows)


def _network(ranking: Ranking) -> str:
    return display_name(TITLES[ranking.backbone], ranking.init)


def progress_line(ranking: Ranking) -> str:
    """Return the number of trials so far and the nearest one."""
    nearest = ranking.nearest[0].trial.settings if ranking.nearest else "none, all failed"
    return f"{_network(ranking)}: {len(ranking.trials)} trials, nearest: {nearest}"


def _search_notes(ranking: Ranking, spec: DataSpec) -> list[str]:
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
