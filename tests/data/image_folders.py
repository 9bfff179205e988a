"""Image folders with known pixels and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data import Dataset


def write_image(path: Path, value: int, size: tuple[int, int] = (6, 4)) -> Path:
    """Write an image of one grey level, by which a test can identify it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size[::-1], value, np.uint8)).save(path)
    return path


def write_images(root: Path, values: dict[str, int], size: tuple[int, int] = (6, 4)) -> Path:
    for place, value in values.items():
        write_image(root / place, value, size)
    return root


def levels_and_classes(dataset: Dataset) -> list[tuple[int, str]]:
    """Return the grey level and class of each image, in order."""
    return [
        (int(image[0, 0]), dataset.classes[label])
        for image, label in zip(dataset.images, dataset.labels, strict=True)
    ]
