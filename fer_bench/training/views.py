"""Views of training images, drawn afresh in every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def epoch_views(seed: int, epoch: int, images: int, views: int) -> NDArray[np.int64]:
    """Return the view of each training image in one epoch, counted from 1.

    All views are equally likely.

    Returns:
        int64, shape (images,): 0 to views - 1.
    """
    # A third number: a stream that is independent of the order of the images.
    return np.random.default_rng([seed, epoch, 1]).integers(views, size=images)


class ViewedTensor:
    """Values of several views as one tensor: row ``v * n + i`` is view ``v`` of image ``i``.

    Args:
        views: one tensor for each view, of the same dtype and shape (n, ...).
    """

    def __init__(self, views: Sequence[Any]) -> None:
        self._views = views
        self._images = len(views[0])
        self.shape: tuple[int, ...] = (len(views) * self._images, *views[0].shape[1:])
        self.dtype = views[0].dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read the values at ``rows`` (int64, shape (k,)) into a new array."""
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        views, images = np.divmod(rows, self._images)
        for view in np.unique(views):
            is_of_view = views == view
            values[is_of_view] = self._views[view][images[is_of_view]]
        return values
