"""Faces in a photo, as values: box, confidence of the detector and eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Point = tuple[float, float]
"""Position in pixels, from the left and the top of the upright photo."""


@dataclass(frozen=True)
class Box:
    """Rectangle in the upright photo, in pixels; it may reach beyond the photo's edges.

    Attributes:
        left: distance from the photo's left edge.
        top: distance from its top edge.
        width: width, above 0.
        height: height, above 0.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """Centre of the box."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    def scaled(self, x: float, y: float) -> Box:
        """Return the box in a photo that is ``x`` times as wide and ``y`` times as high."""
        return Box(self.left * x, self.top * y, self.width * x, self.height * y)


@dataclass(frozen=True)
class Face:
    """Detected face.

    Attributes:
        box: its box.
        confidence: the detector's score, 0 to 1; None if it gives none.
        eyes: the eye on the left and the one on the right as the viewer sees them; None if the
            detector gives none.
        is_crop: True if the box is a ready crop, to be used as it is.
    """

    box: Box
    confidence: float | None = None
    eyes: tuple[Point, Point] | None = None
    is_crop: bool = False

    def scaled(self, x: float, y: float) -> Face:
        """Return the face in a photo that is ``x`` times as wide and ``y`` times as high."""
        eyes = self.eyes
        if eyes is not None:
            (left_x, left_y), (right_x, right_y) = eyes
            eyes = (left_x * x, left_y * y), (right_x * x, right_y * y)
        return Face(self.box.scaled(x, y), self.confidence, eyes, self.is_crop)


class Detector(Protocol):
    """Face detector. ``detect`` is called from several threads at once."""

    @property
    def name(self) -> str:
        """Name by which it is chosen."""

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of a photo, the highest confidence first.

        Args:
            pixels: upright photo, red, green, blue: uint8, shape (height, width, 3).
        """
