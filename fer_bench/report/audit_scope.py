"""Audit scope: the audited images of a data set and the source of their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.results.records import SAMPLED

if TYPE_CHECKING:
    from fer_bench.protocol.settings import Dedupe, Labels

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


@dataclass(frozen=True)
class AuditScope:
    """Audit scope: the audited images of a data set and the source of their labels.

    Attributes:
        labels: as in ``fer_bench.protocol.settings.Protocol``.
        dedupe: as there.
        not_audited: pairs of a reason for excluding images from the audit and their number.
        copies: number of audited images that are duplicates and therefore in no part of the split.
        no_majority: number of audited images whose label, derived from votes, has at most half of
            the votes.
        own_parts: True if the data set defines parts of its own that the split does not use.
    """

    labels: Labels = "fer2013"
    dedupe: Dedupe = "none"
    not_audited: tuple[tuple[str, int], ...] = ()
    copies: int = 0
    no_majority: int = 0
    own_parts: bool = False

    @property
    def unlabelled(self) -> int:
        """Number of images excluded from the audit because no label could be derived for them."""
        return sum(images for why, images in self.not_audited if why != SAMPLED)

    @property
    def sentences(self) -> list[str]:
        """Sentences on every deviation from the original data set; empty if there is none."""
        told = []
        if self.own_parts:
            told.append("It has parts of its own, which are not these: --split=kaggle takes them.")
        if self.labels != "fer2013":
            told.append(
                f"The labels are {LABELLED[self.labels]}. Labels with half of the votes or fewer: "
                f"{self.no_majority:,}."
            )
        if self.not_audited:
            counted = ", ".join(f"{why} ({images:,})" for why, images in self.not_audited)
            told.append(f"Images that were not audited: {counted}.")
        if self.dedupe != "none":
            told.append(
                f"Images that were audited and are in none of the parts, as copies of others: "
                f"{self.copies:,}."
            )
        return told


FULL_SCOPE = AuditScope()
"""Default scope: all images of a data set, duplicates included, with its own labels."""
