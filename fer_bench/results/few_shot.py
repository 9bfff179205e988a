"""Results of heads that were fitted on a few training images of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.results.records import DatasetSummary


@dataclass(frozen=True)
class FewShot:
    """Results of a cell's head for one number of images of each class, one for each draw.

    Attributes:
        shots: number of training images of each class in a draw.
        mieb: True for the evaluation of MIEB, see ``fer_bench.protocol.few_shot``, which has
            training and test images of its own.
        drawn_from: number of training images that were drawn from.
        predictions: predicted class of each test image, one byte each; one entry for each draw.
        seen: number of test images with a duplicate among the drawn images; one for each draw.
        labels: class of each test image; empty if they are the run's test images.
        duplicates: code for the closest duplicate of each test image among the images that were
            drawn from, as in ``DatasetSummary.test_twins``; empty likewise.
    """

    shots: int
    mieb: bool
    drawn_from: int
    predictions: tuple[bytes, ...]
    seen: tuple[int, ...]
    labels: bytes = b""
    duplicates: bytes = b""

    @property
    def predicted(self) -> NDArray[np.uint8]:
        """Predicted classes, shape (draws, n)."""
        return np.stack([np.frombuffer(one, np.uint8) for one in self.predictions])

    def tested(self, dataset: DatasetSummary) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return class and duplicate code of each test image, each of shape (n,).

        Args:
            dataset: the run's data set, whose codes may be unknown: then theirs are empty.
        """
        if not self.labels:
            return dataset.labels, dataset.twins
        return np.frombuffer(self.labels, np.uint8), np.frombuffer(self.duplicates, np.uint8)
