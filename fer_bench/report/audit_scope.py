"""What of a data set was audited, and with which labels."""

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
"""What is done with copies, in words."""

LABELLED = {
    "fer2013": "the data set's own",
    "ferplus": "FER+'s: the class with the most of its ten votes, instead of the data set's own",
}
"""Whose labels are learned and audited, in words."""


@dataclass(frozen=True)
class Taken:
    """What of a data set was audited, and with which labels.

    Attributes:
        labels: as in ``fer_bench.protocol.settings.Protocol``.
        dedupe: as there.
        not_audited: why images are not among those that were audited, and how many.
        copies: number of audited images that are in none of the split's parts, as copies of others.
        no_majority: number of audited images whose label, made from votes, has half of them or
            fewer.
        own_parts: whether it has parts of its own that are not those of the split.
    """

    labels: Labels = "fer2013"
    dedupe: Dedupe = "none"
    not_audited: tuple[tuple[str, int], ...] = ()
    copies: int = 0
    no_majority: int = 0
    own_parts: bool = False

    @property
    def unlabelled(self) -> int:
        """Number of images that were not audited because no label could be made for them."""
        return sum(images for why, images in self.not_audited if why != SAMPLED)

    @property
    def sentences(self) -> list[str]:
        """What is not as the data set came; none where all is."""
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


AS_IT_CAME = Taken()
"""All of a data set, with its own labels and every copy."""
