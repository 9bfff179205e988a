"""Image folders with known pixels and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fer_bench.data.formats.class_names import UNNUMBERED
from fer_bench.data.formats.image_folders.image_files import load_listing
from fer_bench.data.formats.image_folders.layouts import list_folder

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data import Dataset
    from fer_bench.data.formats.class_names import ClassTable


def load_folder(path: Path, table: ClassTable = UNNUMBERED) -> Dataset:
    """Find and read the images of a data set."""
    return load_listing(list_folder(path, table))


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
