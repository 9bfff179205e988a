"""Tables of test accuracy on deduplicated test images and by FER+ labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.seed_groups import groups
from fer_bench.analysis.subsets import (
    Score,
    baseline,
    label_agreement,
    leakage,
    parts,
    voted,
    voted_baseline,
)
from fer_bench.report.convergence_tables import why_missing
from fer_bench.report.duplicate_definition import SAME_PICTURE
from fer_bench.report.table import Column, Row, Table
from fer_bench.results.records import COPIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.analysis.subsets import Excess, Leakage, Subsets, Voted
    from fer_bench.report.table import Entry
    from fer_bench.results.records import DatasetSummary, Run

_TITLES = {
    "whole": "all",
    "clean": "clean",
    "distinct": "not identical",
    "twinned": "with a twin",
}
"""Headings of the subsets of the test images, by their field in ``Subsets``."""

_INTERVALS = (
    "low, high: 95 % interval over the images, by the bootstrap; where no drawing changes the "
    "accuracy, Wilson's or an exact bound on what was not drawn. It covers which images were "
    "drawn, with these trained networks, and takes them as independent: where several test images "
    "show one picture it is too narrow, by up to 4 % where FER2013 is split as in the paper."
)


def subset_tables(run: Run) -> list[Table]:
    """Return the tables that complement the accuracy on all test images.

    Their keys: ``clean`` if test images are known to have duplicates in the training set, and
    ``votes`` if FER+ votes are known.
    """
    known = parts(run.dataset)
    return [
        *([_clean(run, known)] if known is not None and known.twinned.any() else []),
        *([_votes(run)] if len(run.dataset.votes) else []),
    ]


def left_out(data: DatasetSummary) -> str:
    """Return sentences on source images in no part of the split; empty if there are none."""
    counts = dict(data.left_out)
    copies = counts.pop(COPIES, 0)
    told = []
    if counts:
        listed = ", ".join(f"{why} ({count:,})" for why, count in counts.items())
        told.append(f"Left out of the source: {listed}.")
    if copies:
        told.append(f"In none of the parts, as copies of other images: {copies:,}.")
    return " ".join(told)


def mapped(data: DatasetSummary) -> str:
    """Return a sentence on the class map; empty without one."""
    return f"Class map: {data.class_map}." if data.class_map else ""


def deduplicated_note(known: Subsets) -> str:
    """Return the note that defines the deduplicated test images."""
    if known.twinned.any():
        return (
            f"clean: on those {int(known.clean.sum()):,} of the {len(known.whole):,} test images "
            "that have no twin in training."
        )
    return (
        f"clean: none of the {len(known.whole):,} test images has a twin in training, an image "
        f"that shows the same picture. {SAME_PICTURE}"
    )


def _clean(run: Run, known: Subsets) -> Table:
    sizes = {name: int(getattr(known, name).sum()) for name in _TITLES}
    columns = []
    for name in ("whole", "clean", "excess", "distinct", "twinned"):
        if name == "excess":
            # Without a deduplicated image there is nothing to subtract.
            columns += _columns("difference", "all less clean") if sizes["clean"] else []
        elif sizes[name]:
            columns += _columns("accuracy", f"{_TITLES[name]} ({sizes[name]:,})")
    base = baseline(run.dataset)
    rows = [] if base is None else [Row(f"naming {base.name}", tuple(_leaked(base.leakage)))]
    for group in groups(run):
        found = leakage(group, run.dataset)
        entries = [None] * len(columns) if found is None else _leaked(found)
        rows.append(_row(group, found is not None, entries))
    return Table(
        key="clean",
        title="Test accuracy without twins in training",
        head="Model",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            f"A twin is a training image, of the split {run.dataset.split!r}, that shows the same "
            "picture. In brackets: number of test images. not identical: without an identical "
            "twin. clean: without any.",
            SAME_PICTURE,
            _INTERVALS,
            *(
                [
                    "all less clean: by how much the images with a twin raise the test accuracy. "
                    "They may be easier for other reasons too, first of all for their classes: "
                    "hold it against the first row. Its interval comes from those with and without "
                    "a twin by Zou and Donner's MOVER (2008), which is Newcombe's method 10 where "
                    "those are Wilson's."
                ]
                if sizes["clean"]
                else []
            ),
            *(
                [f"naming {base.name}: the largest class of all test images, whatever the image."]
                if base is not None
                else []
            ),
        ),
    )


def _votes(run: Run) -> Table:
    data = run.dataset
    agreement = label_agreement(data)
    named = 0 if agreement is None else agreement.images
    columns = [
        *_columns("accuracy", f"by FER+ ({named:,})"),
        *_columns("accuracy", f"by the label ({named:,})"),
    ]
    rows = [] if agreement is None else [Row("the labels", (*_entries(agreement), *[None] * 3))]
    base = voted_baseline(data)
    if base is not None:
        rows.append(Row(f"naming {base.name}", tuple(_voted(base.voted))))
    for group in groups(run):
        found = voted(group, data)
        entries = [None] * 6 if found is None else _voted(found)
        rows.append(_row(group, found is not None, entries))
    return Table(
        key="votes",
        title="Test accuracy by FER+",
        head="Model",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            "by FER+: an image counts as recognised where the network names the class with "
            "the most of FER+'s votes. by the label: on the same images. In brackets: their "
            f"number; {data.test - named:,} of the {data.test:,} test images are left out, where "
            "several categories share the most votes or none of the classes has them.",
            f"the labels: how often the label that {data.name} gives is the class with the "
            "most votes: what a network that had learned these labels without a fault would "
            "reach. One that averages their errors out may reach more.",
            *(
                [f"naming {base.name}: what has the most votes most often, whatever the image."]
                if base is not None
                else []
            ),
            _INTERVALS,
        ),
    )


def _columns(name: str, group: str) -> list[Column]:
    return [Column(each, group, decimals=4) for each in (name, "low", "high")]


def _leaked(found: Leakage) -> list[Entry]:
    scores = (found.whole, found.clean, found.excess, found.distinct, found.twinned)
    return [entry for one in scores if one is not None for entry in _entries(one)]


def _voted(found: Voted) -> list[Entry]:
    return [*_entries(found.votes), *_entries(found.labels)]


def _entries(one: Score | Excess) -> list[Entry]:
    figure = one.accuracy if isinstance(one, Score) else one.difference
    return [figure, one.interval.low, one.interval.high]


def _row(group: Group, measured: bool, entries: Sequence[Entry]) -> Row:
    reason, missing = why_missing(group.mean(), measured)
    return Row(group.label, tuple(entries), reason, missing)
