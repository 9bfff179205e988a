"""All that is found out about a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.data.audit.blank_images import blanks
from fer_bench.data.audit.class_counts import balance
from fer_bench.data.audit.duplicate_groups import copies, leaks
from fer_bench.data.audit.duplicates import LIKENESSES, find_twins
from fer_bench.data.audit.image_issues import flaws
from fer_bench.data.audit.label_issues import agreement
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from fer_bench.data import Dataset, Split
    from fer_bench.data.audit.blank_images import Blanks
    from fer_bench.data.audit.class_counts import ClassBalance
    from fer_bench.data.audit.duplicate_groups import Copies, Leak
    from fer_bench.data.audit.duplicates import NearPair, Twins
    from fer_bench.data.audit.image_issues import Flaws
    from fer_bench.data.audit.label_issues import Agreement
    from fer_bench.data.audit.votes import Votes
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True)
class Audit:
    """What is known of a data set and a split of it. Rows count from 0.

    Attributes:
        name: of the data set.
        digest: of its content, whatever the order of the images.
        images: number of them.
        height: of each, in pixels.
        width: of each, in pixels.
        places: where the image of each row lies, as in ``Dataset``; of all rows of the data set,
            where only some of them were audited.
        split: name of the split.
        not_split: why the data set cannot be split so, one line; empty where it can. Then no image
            is in a part, and there are no leaks.
        classes: sizes of the classes, in the order of the labels.
        copies: pictures that occur more than once, for each of ``LIKENESSES``.
        leaks: images that stand in two parts of the split, for each of ``LIKENESSES``.
        near_pairs: pairs that are nearly the same, by their rows.
        blanks: empty images.
        agreement: what other people say of the labels, or None where it is not known.
        test_flaws: what is wrong with the images of the test part.
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
    copies: tuple[Copies, ...]
    leaks: tuple[Leak, ...]
    near_pairs: tuple[NearPair, ...]
    blanks: Blanks
    agreement: Agreement | None
    test_flaws: Flaws


def audit(
    dataset: Dataset,
    split: Split,
    votes: Votes | None = None,
    progress: Progress = silent,
    known: Twins | None = None,
) -> Audit:
    """Finds out all that can be known of a data set without training on it.

    Args:
        dataset: what to look at.
        split: of the data set.
        votes: of other people on the same images in the same order, where there are any.
        progress: told how far the search for near pictures is, which takes nearly all the time.
        known: what ``find_twins`` gave for the same images in the same order; they are not searched
            then.

    Raises:
        FerBenchError: the votes do not belong to the images, or ``known`` is of more or fewer.
    """
    told = None if votes is None else agreement(dataset, votes)
    found = find_twins(dataset, progress) if known is None else known
    if len(found) != len(dataset):
        raise FerBenchError(
            f"{dataset.name}: twins among {len(found)} images are known, and there are "
            f"{len(dataset)}; accepted: what find_twins gives for the same images; search again"
        )
    labels, empty = dataset.labels, blanks(dataset.images)
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
        copies=tuple(copies(found.numbers[kind], labels, kind) for kind in LIKENESSES),
        leaks=tuple(
            leak for kind in LIKENESSES for leak in leaks(found.numbers[kind], labels, split, kind)
        ),
        near_pairs=found.pairs,
        blanks=empty,
        agreement=told,
        test_flaws=flaws(split.test, found.numbers["identical"], labels, empty, told),
    )
