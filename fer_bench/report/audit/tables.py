"""Tables of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.audit import LEAST_SPREAD, MARGIN, MOST_OF_ONE_LEVEL, SIMILARITIES
from fer_bench.report.further_tests import SAME_PICTURE
from fer_bench.report.table import Column, Row, Table
from fer_bench.results.records import NO_TEST
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.data.audit import Agreement, Audit, ClassAgreement, Similarity

SAME: Mapping[Similarity, str] = {
    "identical": "identical",
    "mirrored": "or mirrored",
    "near": "or near-duplicate",
}
"""Headings of the similarity levels; each level includes those before it."""

_ROWS_SHOWN = 8
_LONGEST = 48
"""Maximum length of a place in characters; longer ones keep their end, the most specific part."""


def shortened(place: str) -> str:
    """Return the source of an image on one sanitised line, truncated at its front."""
    text = clean(place)
    return text if len(text) <= _LONGEST else f"\N{HORIZONTAL ELLIPSIS}{text[1 - _LONGEST :]}"


def named(rows: Sequence[int], places: Sequence[str] | None) -> list[str]:
    """Return the rows as text, with the source of each image if it is known."""
    if places is None:
        return [str(row) for row in rows]
    return [f"{row} ({shortened(places[row])})" for row in rows]


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
        title=f"Duplicates in {found.name}",
        head="Similarity",
        columns=(
            Column("distinct images"),
            Column("surplus images"),
            Column("groups", "duplicates"),
            Column("images", "duplicates"),
            Column("largest group", "duplicates"),
            Column("groups", "label conflicts"),
            Column("images", "label conflicts"),
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
        notes=(f"Each row includes those above it. {SAME_PICTURE}",),
    )


def _leaks(found: Audit) -> Table:
    pairs = list(dict.fromkeys((leak.source, leak.target, leak.total) for leak in found.leaks))
    rows = []
    for source, target, total in pairs:
        counts = {
            leak.likeness: (leak.images, 100 * leak.share, leak.same_label)
            for leak in found.leaks
            if (leak.source, leak.target) == (source, target)
        }
        entries = [entry for kind in SIMILARITIES for entry in counts[kind]]
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
        title=f"Duplicates across the parts of split {found.split!r}",
        head="Images",
        columns=columns,
        rows=tuple(rows),
        notes=(
            "same label: images with the same label in both parts, which a network can memorise.",
        ),
    )


def _blanks(found: Audit) -> Table:
    made = []
    for kind, rows in (("blank", found.blanks.constant), ("nearly blank", found.blanks.nearly)):
        listed = ", ".join(named(rows[:_ROWS_SHOWN], found.places))
        more = f" and {len(rows) - _ROWS_SHOWN:,} more" if len(rows) > _ROWS_SHOWN else ""
        made.append(Row(kind, (len(rows), listed + more)))
    return Table(
        key="audit-blanks",
        title="Blank images",
        head="Kind",
        columns=(Column("images"), Column("rows", kind="text")),
        rows=tuple(made),
        notes=(
            f"blank: a single grey level. nearly blank: one grey level on {MOST_OF_ONE_LEVEL:.0%} "
            "of the pixels or more, or a standard deviation of the grey levels below "
            f"{LEAST_SPREAD:g}. Rows count from 0.",
        ),
    )


def _classes(found: Audit) -> Table:
    most = max(one.images for one in found.classes)
    names = () if found.not_split else found.parts
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
        title="Class sizes",
        head="Class",
        columns=(
            Column("images"),
            Column("%", decimals=1),
            Column("largest / this", decimals=1),
            *(Column(name, f"split {found.split}") for name in names),
        ),
        rows=(*rows, Row("all", (found.images, 100.0, None, *sums))),
        notes=() if "test" in found.parts else (f"Split {found.split}: {NO_TEST}.",),
    )


def _votes(agreement: Agreement) -> Table:
    whole = agreement.whole
    return Table(
        key="audit-votes",
        title="Labels and the votes of FER+'s taggers",
        head="Label",
        columns=(
            Column("images"),
            Column("for the label", "most votes"),
            Column("tied", "most votes"),
            Column("unanimous", "most votes"),
            Column("no face", "over half"),
            Column("unknown", "over half"),
            Column("images", "likely wrong"),
            Column("%", "likely wrong", decimals=1),
            Column("most often voted", "likely wrong", kind="word"),
        ),
        rows=(*map(_voted, agreement.classes), _voted(whole)),
        notes=(
            f"likely wrong: another class has at least {MARGIN} of ten votes more than the label. "
            f"Of all images, {whole.unanimous / whole.images:.1%} have unanimous votes and "
            f"{whole.tied / whole.images:.1%} tied ones, counting contempt, unknown and no face; "
            f"for {whole.no_majority / whole.images:.1%}, including ties, no category has more "
            f"than half of the votes. Cohen's kappa of labels and votes: {agreement.kappa:.2f}.",
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
