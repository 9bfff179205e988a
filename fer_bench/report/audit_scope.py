"""Scope of an audit in words: which images were audited, and with which labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.data.prepare import PreparedData

DEDUPED = {
    "none": "none: duplicates stay in the parts that they were drawn into",
    "train": "train: no training image has a duplicate in any part",
    "all": "all: no image of the three parts has a duplicate in them",
}
"""Description of each ``dedupe`` setting."""

LABELLED = {
    "fer2013": "the data set's own",
    "ferplus": "the class with the most of FER+'s ten votes, not the data set's own",
}
"""Description of each ``labels`` setting."""


def scope_sentences(data: PreparedData) -> list[str]:
    """Return a sentence on every deviation from the data set as loaded."""
    spec, sentences = data.spec, []
    if data.loaded.usage is not None and spec.split != "kaggle":
        sentences.append(
            "The data set has its own parts, which this split ignores; --split=kaggle uses them."
        )
    if spec.labels != "fer2013":
        sentences.append(
            f"The label of each image is {LABELLED[spec.labels]}. Labels with at most half of the "
            f"votes: {data.no_majority:,}."
        )
    if data.unused:
        counts = ", ".join(f"{why} ({images:,})" for why, images in data.unused)
        sentences.append(f"Images left out of the audit: {counts}.")
    if spec.dedupe != "none" and data.split_error is None:
        sentences.append(
            "Audited images that are in no part because they are duplicates: "
            f"{data.removed_duplicates:,}."
        )
    return sentences
