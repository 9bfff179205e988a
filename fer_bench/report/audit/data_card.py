"""Data card: description, known issues and unknowns of a data set, as Markdown.

Its questions follow T. Gebru et al., "Datasheets for Datasets" (Communications of the ACM 64,
2021). Every statement in it was either measured or published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import counted
from fer_bench.data.audit import REACH
from fer_bench.data.info import info_of
from fer_bench.protocol import published
from fer_bench.report.audit.sentences import DEDUPED, LABELLED, implications, summary
from fer_bench.report.audit.tables import audit_tables
from fer_bench.report.commands import audit_command
from fer_bench.report.table import Column, Row, Table
from fer_bench.report.table_rendering import markdown
from fer_bench.results.records import SAMPLED
from fer_bench.runtime.errors import bytes_shown
from fer_bench.runtime.escapes import clean, in_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.data.info import Info
    from fer_bench.data.prepare import PreparedData

_UNKNOWN = (
    "who is shown, and whether they consented",
    "their ages, sexes and origins, so that the accuracy for each group cannot be measured",
    "who took the images, when, where and under which licence",
)

_LABELLERS = {
    "fer2013": "who gave the labels, with which instructions, and how certain they were",
    "ferplus": "who FER+'s taggers were, and which instructions they had",
}
"""Unknown facts about the annotators, by the source of the audited labels."""

_NOT_FOUND = (
    f"Not searched for, or not detected: duplicates that were cropped by more than 1/{REACH} of "
    "the side, enlarged or rotated, and different images of the same person."
)

_FERPLUS = (
    "E. Barsoum et al., Training Deep Networks for Facial Expression Recognition with "
    "Crowd-Sourced Label Distribution, ICMI 2016."
)

_ORIGIN = (
    "According to its authors (I. Goodfellow et al., Challenges in Representation Learning: A "
    "Report on Three Machine Learning Contests, ICONIP 2013, arXiv:1307.0414); none of this can be "
    "verified from the files."
)
_ORIGIN_FACTS = (
    "It was made for the contest in facial expression recognition of an ICML 2013 workshop.",
    "Pierre-Luc Carrier and Aaron Courville collected the images with Google's image "
    "search: 184 words for emotions, together with words for gender, age or ethnicity, made "
    "nearly 600 queries, and the first 1,000 images of each were used.",
    "OpenCV found the faces in them. Annotators rejected images with a wrong label, "
    "corrected the crop if necessary, and removed some of the duplicates.",
    "The faces were resized to 48x48 pixels and converted to greyscale.",
    "Mehdi Mirza and Ian Goodfellow chose a subset for the contest and mapped the words "
    "to the seven classes, those of the Toronto Face Database.",
)

_TAGGERS = f"The votes are FER+'s, of ten taggers for each image: {_FERPLUS}"


def data_card(data: PreparedData) -> str:
    """Return the data card of a data set as Markdown."""
    found, labels = data.audit, data.spec.labels
    info = info_of(data.loaded, data.spec.dataset)
    # The table of classes first; the other tables list defects.
    tables = sorted(audit_tables(found), key=lambda table: table.key != "audit-classes")
    parts = [
        f"# Data card: {in_markdown(info.name)}",
        _list(summary(found)),
        markdown(_facts(info, data)),
        *([in_markdown(_relabelled(data))] if labels == "ferplus" else []),
        *map(markdown, tables),
        *([] if found.agreement is None else [in_markdown(_TAGGERS)]),
        "## Consequences for metrics measured on this data",
        _list(implications(found, labels)),
        *provenance(info),
        "## Unknown",
        "Not recorded in the files:",
        _list([*_UNKNOWN, _LABELLERS[labels]]),
        in_markdown(_NOT_FOUND),
        "## How to regenerate this card",
        # One indented line is a code block, whatever characters it contains.
        f"    {clean(audit_command(data.spec))}",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def provenance(info: Info) -> list[str]:
    """Return the published provenance of a data set as Markdown; empty if it is not FER2013.

    FER2013 is identified by its content digest: complete, in any layout. Subsets do not match.
    """
    if info.digest != published.DIGEST:
        return []
    return ["## Provenance", in_markdown(_ORIGIN), _list(_ORIGIN_FACTS)]


def _relabelled(data: PreparedData) -> str:
    unlabelled = sum(images for why, images in data.unused if why != SAMPLED)
    return (
        "The labels are not the data set's own: each is the class with the most of FER+'s ten "
        f"votes. Labels with at most half of the votes: {data.no_majority:,}. Images left out "
        "because several categories share the most votes, or they go to none of the classes: "
        f"{unlabelled:,}. Source of the votes: {_FERPLUS}"
    )


def _facts(info: Info, data: PreparedData) -> Table:
    spec, found = data.spec, data.audit
    facts = [
        ("name", info.name),
        ("source", info.source),
        ("layout", info.layout),
        ("images", f"{info.images:,} of {info.width}x{info.height} pixels, grey levels 0 to 255"),
        *info.notes,
        ("classes", ", ".join(name for name, _ in info.counts)),
        ("Kaggle's three parts", "known" if info.usage else "unknown"),
        ("digest", info.digest),
        ("digest in this order", info.row_digest),
        ("uncompressed", bytes_shown(info.memory)),
        ("labels", LABELLED[spec.labels]),
        ("split", found.split),
        *([] if found.not_split else [("duplicates", DEDUPED[spec.dedupe])]),
        ("audited", f"{found.images:,} images" if data.unused else "all images"),
        *((f"not audited: {why}", counted(images, "image")) for why, images in data.unused),
    ]
    if spec.dedupe != "none" and data.split_error is None:
        removed = f"{data.removed_duplicates:,} duplicates"
        facts.append(("audited, in no part", removed))
    if found.digest != info.digest:
        facts.append(("digest of the audited images", found.digest))
    return Table(
        "card",
        "Description",
        "Property",
        (Column("value", kind="word"),),
        tuple(Row(name, (value,)) for name, value in facts),
        (
            "digest: SHA-256 of size, classes and labelled images, independent of their order and "
            "the layout.",
        ),
    )


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {in_markdown(sentence)}" for sentence in sentences)
