"""Test of a trained cell on another data set than its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_bench.results.type_checks import Mismatch
from fer_bench.runtime.errors import shown

Confusion = tuple[tuple[int, ...], ...]
"""Counts ``[label][predicted]``, with the classes of the cell's own data set in both places."""


@dataclass(frozen=True)
class UntrainedClass:
    """A class of the other data set that the cell was not trained on.

    Attributes:
        name: name of the class.
        images: number of its images, which are not tested.
    """

    name: str
    images: int


@dataclass(frozen=True)
class CrossTest:
    """Test of a trained cell on another data set.

    Attributes:
        dataset: name of the other data set.
        digest: its content digest, independent of the order of the images.
        is_test_part: True if its own test part was tested, False if all its images were.
        confusion: confusion matrix on the tested images.
        deduplicated: the same without images that have a duplicate in training.
        untrained: classes of the images that are left out, as the cell was not trained on them.
        resized_from: width and height of the images in pixels, as ``"100x100"``, if they were
            resized to those of training; otherwise empty.
        class_map: class map of the other data set, one line; empty if none was requested.
    """

    dataset: str
    digest: str
    is_test_part: bool
    confusion: Confusion
    deduplicated: Confusion
    untrained: tuple[UntrainedClass, ...] = ()
    resized_from: str = ""
    class_map: str = ""

    @property
    def images(self) -> int:
        """Number of tested images."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of the tested images that are recognised."""
        return sum(counts[label] for label, counts in enumerate(self.confusion)) / self.images

    @property
    def duplicates(self) -> int:
        """Number of tested images that have a duplicate in training."""
        return self.images - sum(map(sum, self.deduplicated))


def check_cross_test(test: CrossTest, classes: int, where: str) -> None:
    """Check the parts of a record that has the right types.

    Args:
        test: the record.
        classes: number of classes of the cell's own data set.
        where: place of the record, for the error.

    Raises:
        Mismatch: a matrix has another size, a count is out of range, or nothing was tested.
    """
    for name in ("confusion", "deduplicated"):
        rows = getattr(test, name)
        if [len(row) for row in rows] != [classes] * classes:
            raise Mismatch(
                f"{where}.{name} has another size", f"{classes} rows of {classes} counts"
            )
        for count in (count for row in rows for count in row):
            if not 0 <= count < 2**53:
                raise Mismatch(f"{where}.{name} contains {shown(count)}", f"0 to {2**53}")
    if not test.images:
        raise Mismatch(f"{where}.confusion counts no image", "at least one")
    if (np.array(test.deduplicated) > np.array(test.confusion)).any():
        raise Mismatch(f"{where}.deduplicated counts more images", "at most those of confusion")
    for one in test.untrained:
        if one.images < 1:
            raise Mismatch(f"{where}.untrained counts {shown(one.images)} images", "1 or more")
