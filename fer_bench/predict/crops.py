"""Crops of faces as a network sees them: level eyes, a square around the face, grey."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.predict.faces import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

    from fer_bench.predict.faces import Face, Point

SIDE = 0.94
"""Side of the square in units of the longer side of the detected box. An image of FER2013 is 0.94
times as high as MTCNN's box in it (median of 103 faces, quartiles 0.85 and 1.01), and has the same
centre."""

_LEVEL = 1.0
"""Degrees up to which a face counts as level; rotation would only blur it."""


def crop_box(face: Face) -> Box:
    """Return the square around a face before rotation; of a ready crop, its box."""
    if face.is_crop:
        return face.box
    side = SIDE * max(face.box.width, face.box.height)
    x, y = face.box.centre
    return Box(x - side / 2, y - side / 2, side, side)


def tilt(face: Face) -> float:
    """Return the angle in degrees by which the eyes descend to the right; 0 without eyes."""
    if face.eyes is None:
        return 0.0
    (left_x, left_y), (right_x, right_y) = face.eyes
    return math.degrees(math.atan2(right_y - left_y, right_x - left_x))


def face_crop(image: PillowImage, face: Face, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the crop of a face.

    The photo is rotated around the centre of the face's box until the eyes are level, cut to a
    square, converted to grey (ITU-R 601 luma) and resized bilinearly, antialiased. What lies beyond
    the edges of the photo repeats its outermost pixels. A ready crop is only converted and resized,
    as images of a data set are.

    Args:
        image: upright photo, red, green and blue.
        face: face in it.
        size: width and height of the crop in pixels.

    Returns:
        Grey levels, uint8, shape (height, width).
    """
    from PIL import Image

    if face.is_crop:
        grey = image.convert("L")
        return np.asarray(
            grey if size == grey.size else grey.resize(size, Image.Resampling.BILINEAR)
        )
    box, angle = crop_box(face), tilt(face)
    is_level = abs(angle) <= _LEVEL
    reach = box.width / 2 * (1 if is_level else math.sqrt(2)) + 2
    part, (left, top) = _surroundings(image, box.centre, reach)
    x, y = box.centre[0] - left, box.centre[1] - top
    if not is_level:
        part = part.rotate(angle, Image.Resampling.BICUBIC, center=(x, y))
    edges = (x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2)
    return np.asarray(part.resize(size, Image.Resampling.BILINEAR, box=edges))


def _surroundings(image: PillowImage, centre: Point, reach: float) -> tuple[PillowImage, Point]:
    """Return the grey part of a photo around a point, and its left and top edge in the photo."""
    from PIL import Image

    x, y = centre
    left, top = math.floor(x - reach), math.floor(y - reach)
    right, bottom = math.ceil(x + reach), math.ceil(y + reach)
    inside = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
    grey = np.asarray(image.crop(inside).convert("L"))
    beyond = ((inside[1] - top, bottom - inside[3]), (inside[0] - left, right - inside[2]))
    if any(map(any, beyond)):
        grey = np.pad(grey, beyond, mode="edge")
    return Image.fromarray(grey), (float(left), float(top))
