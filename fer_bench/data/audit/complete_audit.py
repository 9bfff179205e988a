"""Complete audit of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.data.audit.blank_images import blanks
from fer_bench.data.audit.class_counts import balance
from fer_bench.data.audit.duplicate_groups import leaks, summarise_duplicates
from fer_bench.data.audit.duplicates import SIMILARITIES, find_duplicates
from fer_bench.data.audit.issue_counts import count_issues
from fer_bench.data.audit.label_issues import agreement
from fer_bench.data.split import parts_of
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from fer_bench.data import Dataset, Split
    from fer_bench.data.audit.blank_images import Blanks
    from fer_bench.data.audit.class_counts import ClassBalance
    from fer_bench.data.audit.duplicate_groups import DuplicateSummary, Leak
    from fer_bench.data.audit.duplicates import Duplicates, NearPair
    from fer_bench.data.audit.issue_counts import ImageIssues
    from fer_bench.data.audit.label_issues import Agreement
    from fer_bench.data.audit.votes import Votes
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True)
class Audit:
    """Audit of a data set and a split of it. Rows count from 0.

    Attributes:
        name: name of the data set.
        digest: content digest, independent of the order of the images.
        images: number of images.
        height: height of each image, in pixels.
        width: width of each image, in pixels.
        places: location of the image of each row, as in ``Dataset``; of all rows of the data set,
            even if only some of them were audited.
        split: name of the split.
        not_split: reason why the data set cannot be split as requested, one line; empty if it can.
            If not empty, all parts are empty, and there are no leaks.
        classes: sizes of the classes, in the order of the labels.
        copies: duplicates, for each of ``SIMILARITIES``.
        leaks: duplicates in two parts of the split, for each of ``SIMILARITIES``.
        near_pairs: near-duplicate pairs, by their rows.
        blanks: blank images.
        agreement: agreement of labels and FER+ votes, or None without votes.
        test_flaws: issues of the images of the test part.
    """

    name: str
    digest: str
    images: int
    height: int
    width: int
    places: tuple[str, ...] | None
    split: str
    not_split: str
    classes: tuple[ClassBalance, ...]
    copies: tuple[DuplicateSummary, ...]
    leaks: tuple[Leak, ...]
    near_pairs: tuple[NearPair, ...]
    blanks: Blanks
    agreement: Agreement | None
    test_flaws: ImageIssues

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of the split; final metrics are measured on the last one."""
        return parts_of(self.split)


def audit(
    dataset: Dataset,
    split: Split,
    votes: Votes | None = None,
    progress: Progress = silent,
    known: Duplicates | None = None,
) -> Audit:
    """Audit a data set without training on it.

    Args:
        dataset: data set to audit.
        split: split of the data set.
        votes: FER+ votes on the same images in the same order, if any.
        progress: callback for the progress of the near-duplicate search, which takes nearly all the
            time.
        known: result of ``find_duplicates`` for the same images in the same order, which saves the
            search.

    Raises:
        FerBenchError: the votes do not belong to the images, or ``known`` is for another number of
            images.
    """
    label_agreement = None if votes is None else agreement(dataset, votes)
    found = find_duplicates(dataset, progress) if known is None else known
    if len(found) != len(dataset):
        raise FerBenchError(
            f"{dataset.name}: the known duplicates are those of {len(found)} images, but there are "
            f"{len(dataset)}",
            "the result of find_duplicates for the same images",
        )
    labels, blank = dataset.labels, blanks(dataset.images)
    return Audit(
        name=dataset.name,
        digest=dataset.digest,
        images=len(dataset),
        height=dataset.images.shape[1],
        width=dataset.images.shape[2],
        places=dataset.places,
        split=split.name,
        not_split="",
        classes=balance(dataset, split),
        copies=tuple(
            summarise_duplicates(found.numbers[kind], labels, kind) for kind in SIMILARITIES
        ),
        leaks=tuple(
            leak
            for kind in SIMILARITIES
            for leak in leaks(found.numbers[kind], labels, split, kind)
        ),
        near_pairs=found.pairs,
        blanks=blank,
        agreement=label_agreement,
        test_flaws=count_issues(
            split.test, found.numbers["identical"], labels, blank, label_agreement
        ),
    )
