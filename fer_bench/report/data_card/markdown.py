"""Rendering of the data card as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.audit import REACH
from fer_bench.report.audit.summary import summary
from fer_bench.report.audit.tables import audit_tables
from fer_bench.report.audit_scope import DEDUPED, FULL_SCOPE, LABELLED
from fer_bench.report.data_card.implications import meaning, things
from fer_bench.report.data_card.provenance import origin
from fer_bench.report.render import markdown
from fer_bench.report.table import Column, Row, Table
from fer_bench.runtime.errors import bytes_shown
from fer_bench.runtime.escapes import clean, in_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.data.audit import Audit
    from fer_bench.data.info import Info
    from fer_bench.report.audit_scope import AuditScope

_TITLE = "# Data card: "
"""Start of each card."""

_UNKNOWN = (
    "who is shown, and whether they agreed to it",
    "their ages, sexes and origins, so that nothing can be said of how well each group is "
    "recognised",
    "who took the pictures, when, where and under which licence",
)

_LABELLERS = {
    "fer2013": "who gave the labels, what they were told, and how sure they were",
    "ferplus": "who FER+'s taggers were, and what they were told",
}
"""Unknown facts about the annotators, by the source of the audited labels."""

_NOT_FOUND = (
    f"Not looked for, or not found: copies that were cropped by more than 1/{REACH} of the side, "
    "enlarged or turned, and whether different pictures show the same person."
)

_FERPLUS = (
    "E. Barsoum et al., Training Deep Networks for Facial Expression Recognition with "
    "Crowd-Sourced Label Distribution, ICMI 2016."
)

_TAGGERS = f"The votes are FER+'s, of ten taggers for each image: {_FERPLUS}"


def data_card(info: Info, found: Audit, command: str, taken: AuditScope = FULL_SCOPE) -> str:
    """Return the data card of a data set as Markdown.

    Args:
        info: description of the data set as it was loaded; its parts are ignored.
        found: audit of the images in scope.
        command: command that regenerates the card.
        taken: audit scope.
    """
    classes, *others = _in_order(audit_tables(found))
    parts = [
        f"{_TITLE}{in_markdown(info.name)}",
        _list(summary(found)),
        _section(_facts(info, found, taken)),
        *([in_markdown(_relabelled(taken))] if taken.labels == "ferplus" else []),
        *map(_section, (classes, *others)),
        *([] if found.agreement is None else [in_markdown(_TAGGERS)]),
        "## What that means for figures measured on it",
        _list(meaning(found, taken.labels)),
        *_origin(info),
        "## What is not known",
        "Not recorded in the files:",
        _list([*_UNKNOWN, _LABELLERS[taken.labels]]),
        in_markdown(_NOT_FOUND),
        "## How to make this card again",
        # One indented line is a code block, whatever characters it contains.
        f"    {clean(command)}",
    ]
    return "\n\n".join(parts) + "\n"


def _in_order(tables: Iterable[Table]) -> list[Table]:
    """Move the table of classes to the front; the other tables list defects."""
    return sorted(tables, key=lambda table: table.key != "audit-classes")


def _section(table: Table) -> str:
    return markdown(table).rstrip("\n")


def _relabelled(taken: AuditScope) -> str:
    return (
        "The labels are not those that the data set came with: each is the class with the most "
        f"of FER+'s ten votes. Labels with half of the votes or fewer: {taken.no_majority:,}. "
        "Images that were not audited because several categories share the most votes, or none of "
        f"the classes has them: {taken.unlabelled:,}. The votes: {_FERPLUS}"
    )


def _facts(info: Info, found: Audit, taken: AuditScope) -> Table:
    facts = [
        ("name", info.name),
        ("source", info.source),
        ("layout", info.layout),
        ("images", f"{info.images:,} of {info.width}x{info.height} pixels, grey levels 0 to 255"),
        *info.notes,
        ("classes", ", ".join(name for name, _ in info.counts)),
        ("its own three parts", "known" if info.usage else "not known"),
        ("digest", info.digest),
        ("digest in this order", info.row_digest),
        ("in memory", bytes_shown(info.memory)),
        ("labels", LABELLED[taken.labels]),
        ("split", found.split),
        *([] if found.not_split else [("copies", DEDUPED[taken.dedupe])]),
        ("audited", f"{found.images:,} images" if taken.not_audited else "all images"),
        *((f"not audited: {why}", things(images, "image")) for why, images in taken.not_audited),
    ]
    if taken.dedupe != "none":
        facts.append(("audited, in none of the parts", f"{taken.copies:,} copies of other images"))
    if found.digest != info.digest:
        facts.append(("digest of what was audited", found.digest))
    return Table(
        "card",
        "What it is",
        "What",
        (Column("value", kind="word"),),
        tuple(Row(name, (value,)) for name, value in facts),
        (
            "digest: SHA-256 over size, classes and labelled images, whatever their order and "
            "layout.",
        ),
    )


def _origin(info: Info) -> list[str]:
    told = origin(info)
    if told is None:
        return []
    return ["## Where it is from", in_markdown(told.source), _list(told.facts)]


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {in_markdown(sentence)}" for sentence in sentences)
