"""What is wrong with the images that an accuracy is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.audit.blank_images import Blanks
    from fer_bench.data.audit.label_issues import Agreement


@dataclass(frozen=True)
class Flaws:
    """What is wrong with some images, in numbers of them.

    Attributes:
        images: all of them.
        contradictory: so many at least have another label than a network says, whatever that is:
            of each picture, identical ones counted as one, all without its most frequent label.
        empty: those that are empty or nearly so.
        likely_wrong: those whose label is likely wrong; None where no votes are known.
    """

    images: int
    contradictory: int
    empty: int
    likely_wrong: int | None


def flaws(
    rows: NDArray[np.int64],
    pictures: NDArray[np.int64],
    labels: NDArray[np.uint8],
    empty: Blanks,
    told: Agreement | None,
) -> Flaws:
    """Counts what is wrong with some images of a data set.

    Args:
        rows: int64, shape (k,): of the images that are looked at.
        pictures: int64, shape (n,), of the whole data set, equal for identical images.
        labels: uint8, shape (n,).
        empty: the data set's.
        told: what taggers say of it, where votes are known.
    """
    kinds, times = np.unique(np.stack([pictures[rows], labels[rows]]), axis=1, return_counts=True)
    most = np.zeros(int(pictures.max(initial=-1)) + 1, np.int64)
    np.maximum.at(most, kinds[0], times)

    def number(found: list[int] | tuple[int, ...]) -> int:
        return int(np.isin(rows, found).sum())

    return Flaws(
        images=len(rows),
        contradictory=len(rows) - int(most.sum()),
        empty=number(empty.constant + empty.nearly),
        likely_wrong=None if told is None else number([error.row for error in told.errors]),
    )
