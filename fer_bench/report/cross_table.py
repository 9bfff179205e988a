"""Table of the tests on another data set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.cross_scores import cross_score
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Row, Table, bracketed

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.table import Entry
    from fer_bench.results.cross_test import Confusion, CrossTest
    from fer_bench.results.records import CellResult, DatasetSummary


def cross_table(analysis: Analysis) -> Table:
    """Return one row for each cell, with its scores on another data set."""
    columns = (
        Column("data set", kind="word"),
        *_columns("all tested images"),
        *_columns("deduplicated"),
    )
    cells = analysis.run.cells
    notes = [
        "In %. Brackets: 95 % bootstrap intervals over the images. macro F1: of the classes with "
        "images or predictions. base: share of the largest class. deduplicated: without images "
        "that have a duplicate in training."
    ]
    tests = dict.fromkeys(_without_counts(cell.cross_test) for cell in cells if cell.cross_test)
    notes += [_note(test, analysis.dataset) for test in tests]
    rows = [_row(cell, several=analysis.has_seeds) for cell in cells]
    return Table("cross", "Test on another data set", "Model", columns, rows, notes)


def _columns(group: str) -> list[Column]:
    share = Column("base", group, decimals=1, style="percent")
    scores = [replace(share, name=name, limits=True) for name in ("accuracy", "macro F1")]
    return [Column("images", group), *scores, share]


def _row(cell: CellResult, *, several: bool) -> Row:
    test, entries = cell.cross_test, []
    if test is not None:
        entries = [test.dataset, *_scores(test.confusion), *_scores(test.deduplicated)]
    row = cell_row(cell, entries, measured=test is not None or cell.status == "ok", seed=several)
    if test is None and not row.reason:
        return replace(row, reason="not tested on another data set")
    return row


def _scores(confusion: Confusion) -> list[Entry]:
    found = cross_score(confusion)
    if found is None:
        return [0, None, None, None]
    scores = [bracketed(one.value, one) for one in (found.accuracy, found.macro_f1)]
    return [found.images, *scores, found.baseline]


def _without_counts(test: CrossTest) -> tuple[CrossTest, tuple[int, ...], tuple[int, ...]]:
    """Return what the tests of all cells on one data set share."""
    labelled, new = (tuple(map(sum, counts)) for counts in (test.confusion, test.deduplicated))
    return replace(test, confusion=(), deduplicated=()), labelled, new


def _note(shared: tuple[CrossTest, tuple[int, ...], tuple[int, ...]], data: DatasetSummary) -> str:
    """Return sentences on the images of another data set and on classes of one set alone."""
    test, labelled, new = shared
    names = [name for name, _ in data.counts]
    images, known = sum(labelled), [name for name, count in data.counts if count]
    part = "its own test part" if test.is_test_part else "all images, as it has no test part"
    absent = [name for name, count in zip(names, labelled, strict=True) if not count]
    absent = [name for name in absent if name in known]
    largest = names[max(range(len(names)), key=labelled.__getitem__)]
    untrained = ", ".join(f"{one.name} ({one.images:,})" for one in test.untrained)
    return " ".join(
        [
            f"{test.dataset}: {part}. Of classes of {data.name}, matched by name: {images:,}; with "
            f"a duplicate in training: {images - sum(new):,}. base: always {largest}.",
            *([f"Not tested, as not trained: {untrained}."] if untrained else []),
            *([f"Classes without images there: {', '.join(absent)}."] if absent else []),
            *([f"Resized from {test.resized_from} pixels."] if test.resized_from else []),
            *([f"Class map: {test.class_map}."] if test.class_map else []),
        ]
    )
