"""What follows from the groups of images that show the same picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.split import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data import Split
    from fer_bench.data.audit.duplicates import Likeness

ImageRows = tuple[int, ...]
"""Rows of images, ascending."""


@dataclass(frozen=True)
class Copies:
    """Pictures that occur more than once, with one meaning of the same.

    Attributes:
        likeness: what counts as the same picture.
        distinct: number of different pictures in the data set.
        groups: the images of each picture that occurs more than once, by their first rows.
        conflicts: those groups whose images have different labels.
    """

    likeness: Likeness
    distinct: int
    groups: tuple[ImageRows, ...]
    conflicts: tuple[ImageRows, ...]

    @property
    def images(self) -> int:
        """Number of images that are not the only one of their picture."""
        return sum(map(len, self.groups))

    @property
    def surplus(self) -> int:
        """Number of images that would go if each picture were kept once."""
        return self.images - len(self.groups)


def copies(numbers: NDArray[np.int64], labels: NDArray[np.uint8], likeness: Likeness) -> Copies:
    """Gathers the pictures that occur more than once.

    Args:
        numbers: int64, shape (n,): the group of each image, as ``twins`` gives it.
        labels: uint8, shape (n,).
        likeness: what the groups were made with.
    """
    _, which, times = np.unique(numbers, return_inverse=True, return_counts=True)
    members: dict[int, list[int]] = {}
    for row in np.flatnonzero(times[which] > 1).tolist():
        members.setdefault(int(which[row]), []).append(row)
    groups = tuple(map(tuple, members.values()))
    conflicts = [group for group in groups if len(set(labels[list(group)].tolist())) > 1]
    return Copies(likeness, len(times), groups, tuple(conflicts))


@dataclass(frozen=True)
class Leak:
    """Images of one part of a split whose picture stands in another part too.

    Attributes:
        likeness: what counts as the same picture.
        source: the part that is seen first: ``"train"`` or ``"validation"``.
        target: the part whose images are counted: ``"validation"`` or ``"test"``.
        rows: images of the target whose picture is in the source, ascending.
        same_label: number of those that have the label of one of them there.
        total: number of images of the target.
    """

    likeness: Likeness
    source: str
    target: str
    rows: ImageRows
    same_label: int
    total: int

    @property
    def images(self) -> int:
        """Number of images of the target whose picture is in the source."""
        return len(self.rows)

    @property
    def share(self) -> float:
        """Of the target's images, 0 to 1."""
        return self.images / self.total


def leaks(
    numbers: NDArray[np.int64], labels: NDArray[np.uint8], split: Split, likeness: Likeness
) -> tuple[Leak, ...]:
    """Finds the images that stand in two parts of a split.

    Args:
        numbers: int64, shape (n,): the group of each image, as ``twins`` gives it. Which number a
            group has does not matter.
        labels: uint8, shape (n,).
        split: the split.
        likeness: what the groups were made with.

    Returns:
        From train to validation, from train to test, from validation to test.
    """
    labelled = numbers * (int(labels.max(initial=0)) + 1) + labels
    found = []
    for source, target in combinations(PARTS, 2):
        there, here = getattr(split, source), getattr(split, target)
        again = np.sort(here[np.isin(numbers[here], numbers[there])])
        alike = int(np.isin(labelled[here], labelled[there]).sum())
        found.append(Leak(likeness, source, target, tuple(again.tolist()), alike, len(here)))
    return tuple(found)
