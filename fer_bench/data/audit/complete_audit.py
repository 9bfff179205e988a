"""Complete audit of a data set."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.audit.blank_images import blanks
from fer_bench.data.audit.duplicate_groups import leaks, summarise_duplicates
from fer_bench.data.audit.duplicates import SIMILARITIES, find_duplicates
from fer_bench.data.audit.label_issues import agreement
from fer_bench.data.split import parts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data import Dataset, Split
    from fer_bench.data.audit.blank_images import Blanks
    from fer_bench.data.audit.duplicate_groups import DuplicateSummary, ImageRows, Leak
    from fer_bench.data.audit.duplicates import Duplicates, NearPair
    from fer_bench.data.audit.label_issues import Agreement
    from fer_bench.data.audit.votes import Votes


@dataclass(frozen=True)
class ClassBalance:
    """Number of images of one class.

    Attributes:
        name: name of the class.
        images: in the complete data set.
        train: in the training part.
        validation: in the validation part.
        test: in the test part.
    """

    name: str
    images: int
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class ImageIssues:
    """Numbers of images with issues.

    Attributes:
        images: number of images examined.
        contradictory: lower bound on the errors of any classifier due to contradictory labels: of
            each set of identical images, all without its most frequent label.
        empty: number of blank and nearly blank images.
        likely_wrong: number of images whose label is likely wrong; None without votes.
    """

    images: int
    contradictory: int
    empty: int
    likely_wrong: int | None


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
    known: Duplicates | None = None,
) -> Audit:
    """Audit a data set without training on it.

    Args:
        dataset: data set to audit.
        split: split of the data set.
        votes: FER+ votes on the same images in the same order, if any.
        known: result of ``find_duplicates`` for the same images in the same order, which saves the
            search.

    Raises:
        FerBenchError: the votes do not belong to the images.
        ValueError: ``known`` is for another number of images.
    """
    label_agreement = None if votes is None else agreement(dataset, votes)
    found = find_duplicates(dataset) if known is None else known
    n_known = len(found.numbers["identical"])
    if n_known != len(dataset):
        raise ValueError(f"known has {n_known} images, {dataset.name} has {len(dataset)}")
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


def balance(dataset: Dataset, split: Split) -> tuple[ClassBalance, ...]:
    """Count the images of each class, in the order of the classes."""

    def counts(labels: NDArray[np.uint8]) -> list[int]:
        found: list[int] = np.bincount(labels, minlength=len(dataset.classes)).tolist()
        return found

    labels = dataset.labels
    parts = [counts(labels[rows]) for rows in (split.train, split.validation, split.test)]
    return tuple(
        ClassBalance(*line) for line in zip(dataset.classes, counts(labels), *parts, strict=True)
    )


def count_issues(
    rows: NDArray[np.int64],
    groups: NDArray[np.int64],
    labels: NDArray[np.uint8],
    blank: Blanks,
    agreement: Agreement | None,
) -> ImageIssues:
    """Count the issues of some images of a data set.

    Args:
        rows: int64, shape (k,): rows of the images to examine.
        groups: int64, shape (n,): group of identical images of each image of the data set.
        labels: uint8, shape (n,).
        blank: blank images of the data set.
        agreement: agreement of the data set's labels and votes, None without votes.
    """
    kinds, times = np.unique(np.stack([groups[rows], labels[rows]]), axis=1, return_counts=True)
    most = np.zeros(int(groups.max(initial=-1)) + 1, np.int64)
    np.maximum.at(most, kinds[0], times)

    def number(found: list[int] | tuple[int, ...]) -> int:
        return int(np.isin(rows, found).sum())

    return ImageIssues(
        images=len(rows),
        contradictory=len(rows) - int(most.sum()),
        empty=number(blank.constant + blank.nearly),
        likely_wrong=None
        if agreement is None
        else number([error.row for error in agreement.errors]),
    )


def renumbered(found: Audit, rows: NDArray[np.int64], whole: Dataset) -> Audit:
    """Return the audit with the row numbers of the complete data set.

    Args:
        found: audit of a subset.
        rows: int64, shape (n,), ascending: row of each audited image in the complete data set.
        whole: the complete data set.
    """
    numbers = rows.tolist()

    def moved(one: ImageRows) -> ImageRows:
        return tuple(numbers[row] for row in one)

    def copies(one: DuplicateSummary) -> DuplicateSummary:
        return dataclasses.replace(
            one,
            groups=tuple(map(moved, one.groups)),
            conflicts=tuple(map(moved, one.conflicts)),
        )

    blanks, agreement = found.blanks, found.agreement
    if agreement is not None:
        errors = [dataclasses.replace(one, row=numbers[one.row]) for one in agreement.errors]
        agreement = dataclasses.replace(agreement, errors=tuple(errors))
    return dataclasses.replace(
        found,
        copies=tuple(map(copies, found.copies)),
        leaks=tuple(dataclasses.replace(leak, rows=moved(leak.rows)) for leak in found.leaks),
        near_pairs=tuple(
            dataclasses.replace(pair, first=numbers[pair.first], second=numbers[pair.second])
            for pair in found.near_pairs
        ),
        blanks=dataclasses.replace(
            blanks, constant=moved(blanks.constant), nearly=moved(blanks.nearly)
        ),
        agreement=agreement,
        places=whole.places,
    )
