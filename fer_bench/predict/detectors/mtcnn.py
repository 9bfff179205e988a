"""Detector ``mtcnn``: a cascade of three small networks over an image pyramid, without TensorFlow.

Weights, thresholds and steps are those of the package mtcnn 1.0.0. Pillow resizes the image for
each scale, so boxes differ by some pixels; tests compare the networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.predict.detectors.mtcnn_networks import Networks
from fer_bench.predict.faces import Box, Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SMALLEST_FACE = 20
"""Side in pixels of the smallest face that is searched for."""

_CELL, _STRIDE = 12, 2
_PYRAMID_STEP = 0.709
_PROPOSED, _REFINED, _CERTAIN = 0.6, 0.7, 0.8
"""Lowest score of a box after each network."""


class Mtcnn:
    """Multitask cascaded convolutional networks.

    Raises:
        FerBenchError: as for ``Networks``.
    """

    name = "mtcnn"

    def __init__(self) -> None:
        self._networks = Networks()

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of a photo, the highest confidence first.

        Args:
            pixels: upright photo, red, green, blue: uint8, shape (height, width, 3).
        """
        boxes = self._proposals(pixels)
        if len(boxes):
            score, change = self._networks.refine(patches(pixels, boxes, 24))
            boxes = _square(_suppressed(_corrected(boxes, score, change, _REFINED), 0.7))
        if not len(boxes):
            return []
        score, change, points = self._networks.finish(patches(pixels, boxes, 48))
        sides = boxes[:, 2:4] - boxes[:, :2] + 1
        eyes = np.stack([points[:, [0, 1]], points[:, [5, 6]]], axis=2)  # (n, eyes, x and y)
        eyes = boxes[:, None, :2] + eyes * sides[:, None]
        found = _corrected(boxes, score, change, _CERTAIN, eyes.reshape(len(boxes), 4))
        return [_face(row) for row in _suppressed(found, 0.7, of_smaller=True)]

    def _proposals(self, pixels: NDArray[np.uint8]) -> Floats:
        """Return candidates of all scales, (n, 5): left, top, right, bottom, score."""
        from PIL import Image

        height, width = pixels.shape[:2]
        image = Image.fromarray(pixels)
        found = [np.empty((0, 5), np.float32)]
        for scale in scales(height, width):
            size = int(width * scale), int(height * scale)
            if min(size) < _CELL:
                break
            level = image.resize(size, Image.Resampling.BOX)
            score, change = self._networks.propose(_normalised(np.asarray(level)))
            rows, columns = np.nonzero(score > _PROPOSED)
            corner = np.stack([columns, rows], axis=1).astype(np.float32) * _STRIDE
            cells = np.concatenate([corner, corner + _CELL], axis=1) + change[rows, columns] * _CELL
            boxes = np.concatenate([cells / scale, score[rows, columns, None]], axis=1)
            found.append(_suppressed(boxes.astype(np.float32), 0.5))
        return _square(_suppressed(np.concatenate(found), 0.7))


def scales(height: int, width: int) -> Floats:
    """Return the scales of the image pyramid, the largest first."""
    steps = np.log(min(height, width) / _CELL) / np.log(_PYRAMID_STEP) + 1
    count = max(0, round(-float(steps)))
    scale = _CELL / SMALLEST_FACE * _PYRAMID_STEP ** np.arange(count)
    return scale.astype(np.float32)


def patches(pixels: NDArray[np.uint8], boxes: Floats, side: int) -> Floats:
    """Return square patches of a photo, bilinearly sampled; 0 beyond its edges.

    As in TensorFlow's ``crop_and_resize``, the samples include both edges of the box.

    Args:
        pixels: uint8, shape (height, width, 3).
        boxes: float, shape (n, 4 or more): left, top, right, bottom.
        side: height and width of a patch.

    Returns:
        float32, shape (n, side, side, 3), normalised.
    """
    height, width = pixels.shape[:2]
    steps = np.linspace(0, 1, side, dtype=np.float32)
    x = (boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * steps) * ((width - 1) / width)
    y = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * ((height - 1) / height)
    left, right, share_x, inside_x = _neighbours(x, width)
    top, bottom, share_y, inside_y = _neighbours(y, height)

    def row(at: NDArray[np.int64]) -> Floats:
        lines = at[:, :, None]
        one = pixels[lines, left[:, None]].astype(np.float32)
        other = pixels[lines, right[:, None]].astype(np.float32)
        return one + (other - one) * share_x[:, None, :, None]

    upper = row(top)
    sampled = upper + (row(bottom) - upper) * share_y[:, :, None, None]
    inside = inside_y[:, :, None, None] & inside_x[:, None, :, None]
    return np.where(inside, (sampled - 127.5) / 128, 0).astype(np.float32)


def _neighbours(
    at: Floats, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """Return the two pixels around each position, the share of the second, and if it is inside."""
    first = np.floor(at)
    share = (at - first).astype(np.float32)
    low = np.clip(first, 0, length - 1).astype(np.int64)
    high = np.clip(np.ceil(at), 0, length - 1).astype(np.int64)
    return low, high, share, (at >= 0) & (at <= length - 1)


def _normalised(pixels: NDArray[np.uint8]) -> Floats:
    normal: Floats = (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(128)
    return normal


def _corrected(
    boxes: Floats, score: Floats, change: Floats, least: float, more: Floats | None = None
) -> Floats:
    """Return the boxes above a score, corrected, with the score and further columns."""
    sides = boxes[:, 2:4] - boxes[:, :2] + 1
    corners = boxes[:, :4] + change * np.concatenate([sides, sides], axis=1)
    parts = [corners, score[:, None], *([] if more is None else [more])]
    made: Floats = np.concatenate(parts, axis=1).astype(np.float32)
    return made[score > least]


def _square(boxes: Floats) -> Floats:
    """Return boxes widened to squares around their centres."""
    sides = boxes[:, 2:4] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True, initial=0)
    corner = boxes[:, :2] + sides / 2 - longest / 2
    squares: Floats = np.concatenate([corner, corner + longest, boxes[:, 4:]], axis=1)
    return squares


def _suppressed(boxes: Floats, most: float, *, of_smaller: bool = False) -> Floats:
    """Drop boxes that overlap one of a higher score; return the others, highest score first.

    As in the package mtcnn, a dropped box still suppresses others.

    Args:
        boxes: shape (n, 5 or more): left, top, right, bottom, score.
        most: largest overlap: intersection over union, or over the smaller box.
        of_smaller: if True, over the smaller box.
    """
    boxes = boxes[np.argsort(boxes[:, 4])[::-1]]
    left, top, right, bottom = boxes[:, :4].T
    area = (right - left) * (bottom - top)
    kept = np.ones(len(boxes), bool)
    for index in range(len(boxes) - 1):
        others = slice(index + 1, None)
        wide = np.minimum(right[index], right[others]) - np.maximum(left[index], left[others])
        high = np.minimum(bottom[index], bottom[others]) - np.maximum(top[index], top[others])
        common = np.maximum(wide, 0) * np.maximum(high, 0)
        if of_smaller:
            whole = np.minimum(area[index], area[others])
        else:
            whole = area[index] + area[others] - common
        kept[others] &= common <= most * whole
    return boxes[kept]


def _face(row: Floats) -> Face:
    left, top, right, bottom, score, *eyes = map(float, row)
    box = Box(left, top, max(right - left, 1.0), max(bottom - top, 1.0))
    return Face(box, score, ((eyes[0], eyes[1]), (eyes[2], eyes[3])))
