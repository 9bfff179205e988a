"""Detector ``none``: images that are face crops already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.predict.faces import Box, Face

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CompleteImage:
    """Detector that takes each image as one face."""

    name = "none"

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Return one face without confidence, as large as the image.

        Args:
            pixels: uint8, shape (height, width, 3).
        """
        height, width = pixels.shape[:2]
        return [Face(Box(0.0, 0.0, float(width), float(height)), is_crop=True)]
