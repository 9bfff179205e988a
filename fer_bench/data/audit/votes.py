"""FER+ votes: labels of FER2013's images by ten taggers each.

E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang: "Training Deep Networks for Facial Expression
Recognition with Crowd-Sourced Label Distribution", ICMI 2016. Its ``fer2013new.csv`` has a row for
each row of Kaggle's csv, in the same order.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data import USAGES
from fer_bench.data.formats.ferplus_votes import CATEGORIES, vote_counts, vote_lines
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data import Dataset

UNKNOWN, NO_FACE = CATEGORIES.index("unknown"), CATEGORIES.index("NF")

CATEGORY_OF: dict[str, int] = {
    "Angry": CATEGORIES.index("anger"),
    "Disgust": CATEGORIES.index("disgust"),
    "Fear": CATEGORIES.index("fear"),
    "Happy": CATEGORIES.index("happiness"),
    "Sad": CATEGORIES.index("sadness"),
    "Surprise": CATEGORIES.index("surprise"),
    "Neutral": CATEGORIES.index("neutral"),
}
"""Category that corresponds to each of FER2013's classes. The others correspond to none."""

LEAST_KAPPA = 0.2
"""Minimum Cohen's kappa of labels and votes.

Landis and Koch call values up to it slight agreement ("The Measurement of Observer Agreement for
Categorical Data", Biometrics 33, 1977). FER2013's labels and FER+ reach 0.58; rows in another order
reach 0.
"""

ENOUGH_FOR_KAPPA = 100
"""Minimum number of images to check kappa: theirs hardly ever exceeds 0.2 by chance."""

STRETCH = 500
"""Minimum number of images per segment.

Segments are checked separately: if only some rows are in another order, the kappa of all is still
high. Up to about 600 misplaced consecutive rows go undetected.
"""

LEAST_OF_THE_WHOLE = 1 / 3
"""Minimum agreement beyond chance of a segment, relative to that of all images with such labels.

FER2013's and FER+'s segments all reach 0.9; none with rows in another order reaches 0.23 as long as
the kappa of all is high enough.
"""

MOST_STEPS_BACK = 0.01
"""Maximum share of image names with a lower number than the one before.

Numbers grow from row to row. FER+'s own file has four exceptions among 35,713 names: so many more
in a sorted or shuffled file, even of a part, mean another order.
"""


@dataclass(frozen=True, eq=False)
class Votes:
    """FER+ votes on each image of a data set, in its order.

    Attributes:
        counts: uint8, shape (n, 10), number of taggers for each of ``CATEGORIES``.
        usage: uint8, shape (n,), indices into ``fer_bench.data.USAGES``.
        name: name of the file, for messages.
    """

    counts: NDArray[np.uint8]
    usage: NDArray[np.uint8]
    name: str

    def __len__(self) -> int:
        return len(self.counts)

    def take(self, rows: NDArray[np.int64]) -> Votes:
        """Return the votes on the images at ``rows`` (int64, shape (k,)), in that order."""
        return Votes(self.counts[rows], self.usage[rows], self.name)

    def winners(self) -> NDArray[np.int64]:
        """Return the category with the most votes for each image, int64, shape (n,).

        Values are indices into ``CATEGORIES``; -1 if several share the most votes.
        """
        most = self.counts.max(axis=1)
        tied = (self.counts == most[:, None]).sum(axis=1) > 1
        return np.where(tied, -1, self.counts.argmax(axis=1))

    def without_majority(self) -> NDArray[np.bool_]:
        """Return True, shape (n,), for images without a category with over half of the votes."""
        none: NDArray[np.bool_] = self.counts.max(axis=1) <= self.counts.sum(axis=1) / 2
        return none


def load_votes(path: Path) -> Votes:
    """Read FER+'s ``fer2013new.csv``.

    Args:
        path: the file: ``Usage``, ``Image name``, then the number of taggers for each category.
            Blank lines and a UTF-8 byte order mark are skipped.

    Raises:
        FerBenchError: the file cannot be read or is invalid; the message names the first invalid
            line, and the value.
    """
    counts, usages, images = [], [], []
    for number, usage, image, votes in vote_lines(path):
        usages.append(usage)
        counts.append(vote_counts(path, number, votes))
        if image:
            images.append(image)
    if not counts:
        raise input_error(path, None, "no rows below the header", "a row for each image")
    back = sum(later < image for image, later in itertools.pairwise(images))
    if back > MOST_STEPS_BACK * len(images):
        problem = f"the image names are out of order in {back:,} places"
        raise input_error(path, None, problem, "the rows in FER+'s own order")
    return Votes(np.array(counts, np.uint8), np.array(usages, np.uint8), path.name)


def check_votes(votes: Votes, dataset: Dataset) -> float:
    """Check as far as possible that votes belong to the images in this order.

    Returns:
        Cohen's kappa of labels and votes over the images whose votes name one of the classes; 0 if
        it is undefined.

    Raises:
        FerBenchError: classes are not FER2013's, there are more or fewer votes than images, an
            image has another usage, or labels and votes agree hardly better than by chance, for all
            images or in a segment of rows.
    """

    def mismatch(problem: str) -> FerBenchError:
        return FerBenchError(
            f"votes {votes.name!r} do not fit data set {dataset.name!r}: {problem}",
            "a row for each image, in the same order",
            "use FER+'s unchanged fer2013new.csv, with images in the order of Kaggle's csv",
        )

    for name in dataset.classes:
        if name not in CATEGORY_OF:
            raise FerBenchError(
                f"votes {votes.name!r} do not fit data set {dataset.name!r}: FER+ has no category "
                f"for class {name!r}",
                ", ".join(CATEGORY_OF),
                "omit the votes",
            )
    if len(votes) != len(dataset):
        raise mismatch(f"{len(votes)} rows for {len(dataset)} images")
    if dataset.usage is not None:
        other = np.flatnonzero(votes.usage != dataset.usage)
        if len(other):
            row = int(other[0])
            raise mismatch(
                f"row {row} (from 0) has the usage {USAGES[votes.usage[row]]} in the votes but "
                f"{USAGES[dataset.usage[row]]} in the data set"
            )
    voted = voted_labels(votes, dataset.classes)
    named = np.flatnonzero(voted >= 0)
    labels, voted = dataset.labels[named], voted[named]
    kappa = _kappa(labels, voted, len(dataset.classes))
    if len(named) < ENOUGH_FOR_KAPPA:
        return kappa
    causes = "for example because rows are in another order, or taggers confuse the classes"
    if kappa < LEAST_KAPPA:
        raise mismatch(
            f"labels and votes agree hardly more than by chance (Cohen's kappa {kappa:.2f}, below "
            f"{LEAST_KAPPA}), {causes}"
        )
    segment = _disagreeing_segment(labels, voted, len(dataset.classes))
    if segment is not None:
        rows = named[segment]
        agreed = np.mean(labels == voted), np.mean(labels[segment] == voted[segment])
        raise mismatch(
            f"labels and votes of rows {rows[0]} to {rows[-1]} (from 0) agree hardly more than by "
            f"chance ({agreed[1]:.0%} of them, {agreed[0]:.0%} of all), {causes}"
        )
    return kappa


def _disagreeing_segment(
    labels: NDArray[np.uint8], voted: NDArray[np.int64], n_classes: int
) -> slice | None:
    """Return the first consecutive images whose labels and votes agree hardly above chance.

    Agreement by chance is that with the votes of a random image. Agreement differs between classes,
    so each image is compared with its own class: images may be sorted by class.
    """
    n, agreed = len(labels), labels == voted
    sizes = np.bincount(labels, minlength=n_classes)
    reached = np.bincount(labels[agreed], minlength=n_classes) / np.maximum(sizes, 1)
    by_chance = np.bincount(voted, minlength=n_classes) / n
    ends = np.linspace(0, n, max(n // STRETCH, 1) + 1).astype(np.int64)
    here = np.add.reduceat(agreed - by_chance[labels], ends[:-1])
    wanted = np.add.reduceat((reached - by_chance)[labels], ends[:-1])
    few = np.append(here < LEAST_OF_THE_WHOLE * wanted, False)
    if not few.any():
        return None
    first = int(few.argmax())
    last = first + int(few[first:].argmin())
    return slice(int(ends[first]), int(ends[last]))


def voted_labels(votes: Votes, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the class with the most votes for each image, with or without a majority.

    Args:
        votes: votes on n images.
        classes: classes of the data set, each one of ``CATEGORY_OF``.

    Returns:
        int64, shape (n,), indices into ``classes``; -1 if several categories share the most votes,
        or the one with the most votes is none of the classes.
    """
    labels = np.full(len(CATEGORIES) + 1, -1)
    for label, name in enumerate(classes):
        labels[CATEGORY_OF[name]] = label
    found: NDArray[np.int64] = labels[votes.winners()]
    return found


def _kappa(one: NDArray[np.uint8], other: NDArray[np.int64], n_classes: int) -> float:
    """Return Cohen's kappa: (agreement - agreement by chance) / (1 - agreement by chance)."""
    if not len(one):
        return 0.0
    shares = [np.bincount(each, minlength=n_classes) / len(one) for each in (one, other)]
    by_chance = float(shares[0] @ shares[1])
    if by_chance == 1:
        return 0.0
    return (float(np.mean(one == other)) - by_chance) / (1 - by_chance)
