"""Duplicates and leaks, derived from groups of duplicate images."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data import Split
    from fer_bench.data.audit.duplicates import Similarity

ImageRows = tuple[int, ...]
"""Rows of images, ascending."""


@dataclass(frozen=True)
class DuplicateSummary:
    """Duplicates of a data set at one similarity level.

    Attributes:
        likeness: similarity level.
        distinct: number of distinct images in the data set.
        groups: rows of each group of duplicates, in the order of their first rows.
        conflicts: groups whose images have different labels.
    """

    likeness: Similarity
    distinct: int
    groups: tuple[ImageRows, ...]
    conflicts: tuple[ImageRows, ...]

    @property
    def images(self) -> int:
        """Number of images that have a duplicate."""
        return sum(map(len, self.groups))

    @property
    def surplus(self) -> int:
        """Number of images to remove to keep one of each group."""
        return self.images - len(self.groups)


def summarise_duplicates(
    numbers: NDArray[np.int64], labels: NDArray[np.uint8], likeness: Similarity
) -> DuplicateSummary:
    """Collect the groups of more than one image.

    Args:
        numbers: int64, shape (n,): group of each image, one of ``Duplicates.numbers``.
        labels: uint8, shape (n,).
        likeness: similarity level of the groups.
    """
    _, which, times = np.unique(numbers, return_inverse=True, return_counts=True)
    members: dict[int, list[int]] = {}
    for row in np.flatnonzero(times[which] > 1).tolist():
        members.setdefault(int(which[row]), []).append(row)
    groups = tuple(map(tuple, members.values()))
    conflicts = [group for group in groups if len(set(labels[list(group)].tolist())) > 1]
    return DuplicateSummary(likeness, len(times), groups, tuple(conflicts))


@dataclass(frozen=True)
class Leak:
    """Images of one part of a split that have a duplicate in another part.

    Attributes:
        likeness: similarity level.
        source: the earlier part: ``"train"`` or ``"validation"``.
        target: the part whose images are counted: ``"validation"`` or ``"test"``.
        rows: images of the target with a duplicate in the source, ascending.
        same_label: number of those with the same label as one of their duplicates there.
        total: number of images of the target.
    """

    likeness: Similarity
    source: str
    target: str
    rows: ImageRows
    same_label: int
    total: int

    @property
    def images(self) -> int:
        """Number of images of the target with a duplicate in the source."""
        return len(self.rows)

    @property
    def share(self) -> float:
        """Share of the target's images with a duplicate in the source, 0 to 1."""
        return self.images / self.total


def leaks(
    numbers: NDArray[np.int64], labels: NDArray[np.uint8], split: Split, likeness: Similarity
) -> tuple[Leak, ...]:
    """Find the images of one part of a split that have a duplicate in another part.

    Args:
        numbers: int64, shape (n,): group of each image, one of ``Duplicates.numbers``.
            The numbering of the groups does not matter.
        labels: uint8, shape (n,).
        split: the split.
        likeness: similarity level of the groups.

    Returns:
        From train to validation, from train to test, from validation to test; only the first if the
        split has no test part.
    """
    labelled = numbers * (int(labels.max(initial=0)) + 1) + labels
    found = []
    for source, target in combinations(split.parts, 2):
        there, here = getattr(split, source), getattr(split, target)
        again = np.sort(here[np.isin(numbers[here], numbers[there])])
        alike = int(np.isin(labelled[here], labelled[there]).sum())
        found.append(Leak(likeness, source, target, tuple(again.tolist()), alike, len(here)))
    return tuple(found)
