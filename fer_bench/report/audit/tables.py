"""Tables of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.audit import LEAST_SPREAD, MARGIN, MOST_OF_ONE_LEVEL, SIMILARITIES
from fer_bench.report.audit.image_names import named
from fer_bench.report.duplicate_definition import SAME_PICTURE
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.data.audit import Agreement, Audit, ClassAgreement, Similarity

SAME: Mapping[Similarity, str] = {
    "identical": "identical",
    "mirrored": "or mirrored",
    "near": "or nearly the same",
}
"""Headings of the similarity levels; each level includes those before it."""

_ROWS_SHOWN = 8


def audit_tables(found: Audit) -> list[Table]:
    """Return all tables of an audit.

    Their keys: ``audit-copies``, ``audit-leaks``, ``audit-blanks``, ``audit-classes`` and, if votes
    are known, ``audit-votes``.
    """
    made = [_copies(found), _leaks(found), _blanks(found), _classes(found)]
    return made if found.agreement is None else [*made, _votes(found.agreement)]


def _copies(found: Audit) -> Table:
    return Table(
        key="audit-copies",
        title=f"Pictures that occur more than once in {found.name}",
        head="The same picture",
        columns=(
            Column("different pictures"),
            Column("surplus images"),
            Column("pictures", "more than once"),
            Column("images", "more than once"),
            Column("most of one", "more than once"),
            Column("pictures", "with several labels"),
            Column("images", "with several labels"),
        ),
        rows=tuple(
            Row(
                SAME[one.likeness],
                (
                    one.distinct,
                    one.surplus,
                    len(one.groups),
                    one.images,
                    max(map(len, one.groups), default=0),
                    len(one.conflicts),
                    sum(map(len, one.conflicts)),
                ),
            )
            for one in found.copies
        ),
        notes=(f"Each row holds those above it. {SAME_PICTURE}",),
    )


def _leaks(found: Audit) -> Table:
    pairs = list(dict.fromkeys((leak.source, leak.target, leak.total) for leak in found.leaks))
    rows = []
    for source, target, total in pairs:
        told = {
            leak.likeness: (leak.images, 100 * leak.share, leak.same_label)
            for leak in found.leaks
            if (leak.source, leak.target) == (source, target)
        }
        entries = [entry for kind in SIMILARITIES for entry in told[kind]]
        rows.append(Row(f"{target} images also in {source}", (total, *entries)))
    columns = (
        Column("of"),
        *(
            column
            for kind in SIMILARITIES
            for column in (
                Column("images", SAME[kind]),
                Column("%", SAME[kind], decimals=1),
                Column("same label", SAME[kind]),
            )
        ),
    )
    if found.not_split:
        rows.append(Row("all parts", (None,) * len(columns), found.not_split, "none"))
    return Table(
        key="audit-leaks",
        title=f"Images that stand in two parts of the split {found.split!r}",
        head="What",
        columns=columns,
        rows=tuple(rows),
        notes=(
            "same label: those that have it in both parts, so that they can be known by heart.",
        ),
    )


def _blanks(found: Audit) -> Table:
    return Table(
        key="audit-blanks",
        title="Images with nothing on them",
        head="What is on them",
        columns=(Column("images"), Column("rows", kind="text")),
        rows=(
            _blank("one grey level", found.blanks.constant, found.places),
            _blank("next to nothing", found.blanks.nearly, found.places),
        ),
        notes=(
            f"next to nothing: one grey level on {MOST_OF_ONE_LEVEL:.0%} of the pixels or more, or "
            f"a standard deviation of the grey levels below {LEAST_SPREAD:g}. Rows count from 0.",
        ),
    )


def _blank(label: str, rows: Sequence[int], places: Sequence[str] | None) -> Row:
    listed = ", ".join(named(rows[:_ROWS_SHOWN], places))
    more = f" and {len(rows) - _ROWS_SHOWN:,} more" if len(rows) > _ROWS_SHOWN else ""
    return Row(label, (len(rows), listed + more))


def _classes(found: Audit) -> Table:
    most = max(one.images for one in found.classes)
    names = () if found.not_split else ("train", "validation", "test")
    rows = [
        Row(
            one.name,
            (
                one.images,
                100 * one.images / found.images,
                most / one.images if one.images else None,
                *(getattr(one, name) for name in names),
            ),
        )
        for one in found.classes
    ]
    sums = [sum(getattr(one, name) for one in found.classes) for name in names]
    return Table(
        key="audit-classes",
        title="Sizes of the classes",
        head="Class",
        columns=(
            Column("images"),
            Column("%", decimals=1),
            Column("largest / this", decimals=1),
            *(Column(name, f"split {found.split}") for name in names),
        ),
        rows=(*rows, Row("all", (found.images, 100.0, None, *sums))),
    )


def _votes(told: Agreement) -> Table:
    whole = told.whole
    return Table(
        key="audit-votes",
        title="Labels beside the votes of FER+'s taggers",
        head="Labelled",
        columns=(
            Column("images"),
            Column("as the label", "most votes"),
            Column("tied", "most votes"),
            Column("unanimous", "most votes"),
            Column("no face", "over half"),
            Column("unknown", "over half"),
            Column("images", "likely wrong"),
            Column("%", "likely wrong", decimals=1),
            Column("seen instead", "likely wrong", kind="word"),
        ),
        rows=(*map(_voted, told.classes), _voted(whole)),
        notes=(
            f"likely wrong: another class has at least {MARGIN} votes more than the label, of ten. "
            f"Of all, {whole.unanimous / whole.images:.1%} are unanimous and "
            f"{whole.tied / whole.images:.1%} tied, counting contempt, unknown and no face; of "
            f"{whole.no_majority / whole.images:.1%}, with the tied ones, no category has more "
            f"than half of the votes. Cohen's kappa of labels and votes: {told.kappa:.2f}.",
        ),
    )


def _voted(one: ClassAgreement) -> Row:
    return Row(
        one.name,
        (
            one.images,
            one.agreed,
            one.tied,
            one.unanimous,
            one.no_face,
            one.unknown,
            one.likely_wrong,
            100 * one.likely_wrong / one.images if one.images else None,
            f"{one.instead[0][0]} {one.instead[0][1]:,}" if one.instead else None,
        ),
    )
