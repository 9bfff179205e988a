"""Tables that describe a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data import USAGES
from fer_bench.data.split import PARTS
from fer_bench.protocol import published
from fer_bench.report.table import Column, Row, Table
from fer_bench.runtime.errors import bytes_shown

if TYPE_CHECKING:
    from fer_bench.data.info import Info, PartInfo

_KAGGLE = dict(zip(PARTS, USAGES, strict=True))


def dataset_tables(info: Info) -> list[Table]:
    """Return the table of facts and the class counts next to the paper's Table 1."""
    return [_facts(info), _classes(info)]


def _facts(info: Info) -> Table:
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
    return Table(
        "data",
        f"Data set {info.name}",
        "Property",
        (Column("value", kind="word"),),
        tuple(Row(name, (value,)) for name, value in facts),
    )


def _classes(info: Info) -> Table:
    ours = dict(info.counts)
    is_papers = set(ours) >= set(published.COUNTS)
    names = list(ours)
    if is_papers:
        names = [*published.COUNTS, *(name for name in ours if name not in published.COUNTS)]
    rows = [Row(info.name, (*(ours[name] for name in names), info.images))]
    if is_papers:
        theirs = (*(published.COUNTS.get(name) for name in names), published.TOTAL)
        rows.append(Row("the paper's Table 1", theirs))
    order = [list(ours).index(name) for name in names]
    rows += [_part(part, order) for part in info.parts]
    return Table(
        "data-classes",
        "Number of images per class",
        "Images",
        tuple(Column(name) for name in (*names, "Total")),
        tuple(rows),
    )


def _part(part: PartInfo, order: list[int]) -> Row:
    label = f"split {part.split}, {part.part}"
    if part.split == "kaggle":
        label += f" ({_KAGGLE[part.part]})"
    if part.why:
        return Row(label, (None,) * (len(order) + 1), part.why, "none")
    counts = [part.counts[index] for index in order]
    return Row(label, (*counts, sum(counts)))
