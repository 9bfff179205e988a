"""Tables that describe a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data import USAGES
from fer_bench.data.split import PARTS
from fer_bench.protocol import published
from fer_bench.report.further_tests import left_out, mapped
from fer_bench.report.table import Column, Row, Table
from fer_bench.results.records import NO_TEST
from fer_bench.runtime.errors import bytes_shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.data.info import Info

_KAGGLE = dict(zip(PARTS, USAGES, strict=True))


def class_counts_table(analysis: Analysis) -> Table:
    """Return the number of images of each class, next to the paper's Table 1."""
    data = analysis.dataset
    is_papers = data.name == published.DATASET
    ours = dict(data.counts)
    names = _names(ours, is_papers)
    rows = [_counts(data.name, ours, names)]
    test = f"{data.test:,}" if data.has_test else NO_TEST
    sizes = f"{data.train:,} / {data.validation:,} / {test}"
    if is_papers:
        rows.append(_counts("paper", published.COUNTS, names))
        stated = " / ".join(f"{size:,}" for size in published.SPLIT.values())
        sizes += f"; the paper states {stated}"
    compared = is_papers and not analysis.other_data
    columns = [Column(name, compared=compared) for name in (*names, "Total")]
    notes = (
        f"Training / validation / test, split {data.split!r}: {sizes}.",
        *filter(None, (left_out(data), mapped(data))),
    )
    return Table("table-1", "Table 1. Number of images per class", "Data", columns, rows, notes)


def dataset_tables(info: Info) -> list[Table]:
    """Return the table of facts and the class counts next to the paper's Table 1."""
    usage = "known" if info.usage else "unknown; split kaggle is unavailable"
    facts = (
        ("source", info.source),
        ("layout", info.layout),
        ("images", f"{info.images:,} of {info.width}x{info.height} pixels"),
        *info.notes,
        ("classes", ", ".join(name for name, _ in info.counts)),
        ("Kaggle's three parts", usage),
        ("digest", info.digest),
        ("digest in this order", info.row_digest),
        ("uncompressed", bytes_shown(info.memory)),
    )
    ours = dict(info.counts)
    is_papers = set(ours) >= set(published.COUNTS)
    names = _names(ours, is_papers)
    rows = [_counts(info.name, ours, names)]
    if is_papers:
        rows.append(_counts("the paper's Table 1", published.COUNTS, names))
    for part in info.parts:
        label = f"split {part.split}, {part.part}"
        if part.split == "kaggle":
            label += f" ({_KAGGLE[part.part]})"
        if part.why:
            rows.append(Row(label, (), part.why, "none"))
        else:
            rows.append(_counts(label, dict(zip(ours, part.counts, strict=True)), names))
    title, columns = f"Data set {info.name}", [Column("value", kind="word")]
    described = [Row(name, (value,)) for name, value in facts]
    classes = [Column(name) for name in (*names, "Total")]
    return [
        Table("data", title, "Property", columns, described),
        Table("data-classes", "Number of images per class", "Images", classes, rows),
    ]


def _names(counts: Mapping[str, int], is_papers: bool) -> list[str]:
    """Return the names of the classes, those of the paper first and in its order."""
    return list(dict.fromkeys([*(published.COUNTS if is_papers else ()), *counts]))


def _counts(label: str, counts: Mapping[str, int], names: Sequence[str]) -> Row:
    return Row(label, (*map(counts.get, names), sum(counts.values())))
