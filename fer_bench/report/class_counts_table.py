"""Table of the number of images per class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.protocol import published
from fer_bench.report.subset_tables import left_out, mapped
from fer_bench.report.table import Column, Row, Table
from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis


def class_counts_table(analysis: Analysis) -> Table:
    """Return the number of images of each class, next to the paper's Table 1."""
    data = analysis.dataset
    is_papers = data.name == published.DATASET
    ours = dict(data.counts)
    names = list(ours)
    if is_papers:
        names = [*published.COUNTS, *(name for name in ours if name not in published.COUNTS)]
    rows = [Row(data.name, (*(ours.get(name) for name in names), sum(ours.values())))]
    test = f"{data.test:,}" if data.has_test else NO_TEST
    sizes = f"{data.train:,} / {data.validation:,} / {test}"
    if is_papers:
        papers = (*(published.COUNTS.get(name) for name in names), published.TOTAL)
        rows.append(Row("paper", papers))
        stated = " / ".join(f"{size:,}" for size in published.SPLIT.values())
        sizes += f"; the paper states {stated}"
    compared = is_papers and not analysis.other_data
    return Table(
        key="table-1",
        title="Table 1. Number of images per class",
        head="Data",
        columns=tuple(Column(name, compared=compared) for name in (*names, "Total")),
        rows=tuple(rows),
        notes=(
            f"Training / validation / test, split {data.split!r}: {sizes}.",
            *([left_out(data)] if data.left_out else []),
            *([mapped(data)] if data.class_map else []),
        ),
    )
