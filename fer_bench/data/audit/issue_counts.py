"""Issues of the images that an accuracy is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.audit.blank_images import Blanks
    from fer_bench.data.audit.label_issues import Agreement


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
