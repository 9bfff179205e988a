"""The order in which a benchmark takes the images, whatever order they came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset


def by_content(dataset: Dataset) -> NDArray[np.int64]:
    """The rows of a data set, ordered by the digests of the labelled images.

    A csv file holds its images in one order and a folder of the same images in another. Draws and
    training go by row: only in an order that the images themselves determine do they give the same
    results. Images that are the same in picture and label are ordered by their part (usage).

    Returns:
        int64, shape (n,).
    """
    usage = np.zeros(len(dataset), np.uint8) if dataset.usage is None else dataset.usage
    keys = list(zip(dataset.image_digests, usage.tolist(), strict=True))
    return np.array(sorted(range(len(dataset)), key=keys.__getitem__), np.int64)
