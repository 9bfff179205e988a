"""Class sizes of a data set and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data import Dataset, Split


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
