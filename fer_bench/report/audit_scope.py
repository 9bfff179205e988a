"""Scope of an audit in words: which images were audited, and with which labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.data.prepare import PreparedData

DEDUPED = {
    "none": "none: copies of a picture stay in the parts that they were drawn to",
    "train": "train: no picture of validation or test is trained on, and no other one twice",
    "all": "all: each picture is in one part, once",
}
"""Description of each ``dedupe`` setting."""

LABELLED = {
    "fer2013": "the data set's own",
    "ferplus": "FER+'s: the class with the most of its ten votes, instead of the data set's own",
}
"""Description of each ``labels`` setting."""


def scope_sentences(data: PreparedData) -> list[str]:
    """Return a sentence on every deviation from the data set as loaded."""
    spec, sentences = data.spec, []
    if data.loaded.usage is not None and spec.split != "kaggle":
        sentences.append("It has parts of its own, which are not these: --split=kaggle takes them.")
    if spec.labels != "fer2013":
        sentences.append(
            f"The labels are {LABELLED[spec.labels]}. Labels with half of the votes or fewer: "
            f"{data.no_majority:,}."
        )
    if data.unused:
        counts = ", ".join(f"{why} ({images:,})" for why, images in data.unused)
        sentences.append(f"Images that were not audited: {counts}.")
    if spec.dedupe != "none" and data.split_error is None:
        sentences.append(
            f"Images that were audited and are in none of the parts, as copies of others: "
            f"{data.removed_duplicates:,}."
        )
    return sentences
