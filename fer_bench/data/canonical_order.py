"""Canonical order of the images, independent of their order in the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset


def by_content(dataset: Dataset) -> NDArray[np.int64]:
    """Return the rows of a data set, sorted by the digests of the labelled images.

    A csv file and an image folder hold the same images in different orders, and draws and training
    depend on the order of the rows. Results are the same for both only if the images themselves
    determine the order. Images with the same pixels and label are sorted by usage.

    Returns:
        int64, shape (n,).
    """
    usage = np.zeros(len(dataset), np.uint8) if dataset.usage is None else dataset.usage
    keys = list(zip(dataset.image_digests, usage.tolist(), strict=True))
    return np.array(sorted(range(len(dataset)), key=keys.__getitem__), np.int64)
