"""Tables of test accuracy on deduplicated test images and by FER+ labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.subsets import Score
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.duplicate_definition import SAME_PICTURE
from fer_bench.report.table import Column, Row, Table, bracketed
from fer_bench.results.records import COPIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.subsets import Excess, Leakage, Subsets, VoteScores
    from fer_bench.report.table import Entry
    from fer_bench.results.records import DatasetSummary

_SCORES = {
    "all_images": ("all", "all"),
    "deduplicated": ("deduplicated", "clean"),
    "excess": ("all minus deduplicated", "all less clean"),
    "without_identical": ("without identical", "not identical"),
    "duplicated": ("with duplicate", "with a twin"),
}
"""Headings of the fields of ``Leakage``, and their names in ``tables.csv``."""

_INTERVALS = (
    "Accuracy: %, with its CI in brackets. CI: 95 % bootstrap interval over the images; if all "
    "resamples have the same accuracy, Wilson's interval or an exact bound; with several seeds "
    "widened by Student's t over the seeds. It treats the images as independent: if several test "
    "images are duplicates of each other it is too narrow, on FER2013 with the paper's split by up "
    "to 4 %."
)


def subset_tables(analysis: Analysis) -> list[Table]:
    """Return the tables that complement the accuracy on all test images.

    Their keys: ``clean`` if test images are known to have duplicates in the training set, and
    ``votes`` if FER+ votes are known.
    """
    known = analysis.subsets
    return [
        *([_clean(analysis, known)] if known is not None and known.duplicated.any() else []),
        *([_votes(analysis)] if len(analysis.dataset.votes) else []),
    ]


def left_out(data: DatasetSummary) -> str:
    """Return sentences on source images in no part of the split; empty if there are none."""
    counts = dict(data.left_out)
    copies = counts.pop(COPIES, 0)
    sentences = []
    if counts:
        listed = ", ".join(f"{why} ({count:,})" for why, count in counts.items())
        sentences.append(f"Excluded images of the source: {listed}.")
    if copies:
        sentences.append(f"Excluded from all parts as duplicates: {copies:,}.")
    return " ".join(sentences)


def mapped(data: DatasetSummary) -> str:
    """Return a sentence on the class map; empty without one."""
    return f"Class map: {data.class_map}." if data.class_map else ""


def deduplicated_note(known: Subsets) -> str:
    """Return the note that defines the deduplicated test images."""
    images = len(known.all_images)
    if known.duplicated.any():
        return (
            f"deduplicated: on the {int(known.deduplicated.sum()):,} of the {images:,} test "
            "images without a duplicate in training."
        )
    return (
        f"deduplicated: none of the {images:,} test images has a duplicate in training. "
        f"{SAME_PICTURE}"
    )


def _clean(analysis: Analysis, known: Subsets) -> Table:
    columns = []
    for name, (heading, key) in _SCORES.items():
        if name != "excess" and (size := int(getattr(known, name).sum())):
            columns.append(_column("accuracy", f"{heading} ({size:,})", f"{key} ({size:,})"))
        # Without a deduplicated image there is nothing to subtract.
        elif name == "excess" and known.deduplicated.any():
            columns.append(_column("difference", heading, key))
    base = analysis.baseline
    rows = [] if base is None else [_baseline(base.name, _leaked(base.leakage))]
    for group in analysis.groups:
        found = group.leakage
        rows.append(cell_row(group.mean, None if found is None else _leaked(found)))
    notes = (
        "deduplicated: test images without a duplicate in training (split "
        f"{analysis.dataset.split!r}). without identical: without an identical one. In "
        "parentheses: number of test images.",
        SAME_PICTURE,
        _INTERVALS,
        "all minus deduplicated: how much the images with a duplicate raise test accuracy. They "
        "may be easier for other reasons too, above all their classes: compare with the first "
        "row. Its CI combines those with and without a duplicate by Zou and Donner's MOVER (2008), "
        "which equals Newcombe's method 10 for Wilson intervals."
        if known.deduplicated.any()
        else "",
        f"always {base.name}: majority-class baseline; the largest class of the test images, whose "
        "share differs between the columns."
        if base is not None
        else "",
    )
    return Table("clean", "Deduplicated test accuracy", "Model", columns, rows, notes)


def _votes(analysis: Analysis) -> Table:
    data, agreement = analysis.dataset, analysis.label_agreement
    named = 0 if agreement is None else agreement.images
    columns = (
        _column("accuracy", f"against FER+ ({named:,})", f"by FER+ ({named:,})"),
        _column("accuracy", f"against the label ({named:,})", f"by the label ({named:,})"),
    )
    rows = []
    if agreement is not None:
        rows = [Row("data set's labels", (_entry(agreement), None), key="the labels")]
    base = analysis.vote_baseline
    if base is not None:
        rows.append(_baseline(base.name, _voted(base.scores)))
    for group in analysis.groups:
        found = group.vote_scores
        rows.append(cell_row(group.mean, None if found is None else _voted(found)))
    notes = (
        "against FER+: the correct class is the one with the most FER+ votes. against the "
        "label: the same images by the data set's label. In parentheses: their number; "
        f"{data.test - named:,} of the {data.test:,} test images are excluded because several "
        "categories share the most votes or none of the classes has them.",
        f"data set's labels: share of {data.name}'s labels that are the class with the most "
        "votes, which is what a network that predicts every label correctly would score. A "
        "network that averages out label errors may score higher.",
        f"always {base.name}: the class that has the most votes for the most images."
        if base is not None
        else "",
        _INTERVALS,
    )
    return Table("votes", "Test accuracy against FER+", "Model", columns, rows, notes)


def _baseline(name: str, entries: Sequence[Entry]) -> Row:
    return Row(f"always {name}", tuple(entries), key=f"naming {name}")


def _column(name: str, group: str, key: str) -> Column:
    return Column(name, group, decimals=1, style="percent", keys=(key, name), limits=True)


def _leaked(found: Leakage) -> list[Entry]:
    scores = (getattr(found, name) for name in _SCORES)
    return [_entry(one) for one in scores if one is not None]


def _voted(found: VoteScores) -> list[Entry]:
    return [_entry(found.by_votes), _entry(found.by_labels)]


def _entry(one: Score | Excess) -> Entry:
    value = one.accuracy if isinstance(one, Score) else one.difference
    return bracketed(value, one.interval, one.spread)
