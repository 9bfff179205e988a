"""Small data sets with known duplicates."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.audit.duplicates import find_duplicates

SIDE = 16


def patterns(n: int, seed: int = 0, side: int = SIDE) -> np.ndarray:
    """Return n smooth high-contrast images, each unlike all others and its own mirror image."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        coarse = Image.fromarray(random.integers(0, 256, (6, 6), dtype=np.uint8))
        made.append(np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)))
    return np.stack(made) if made else np.zeros((0, side, side), np.uint8)


def scenes(n: int, side: int, seed: int = 0, share: float = 0.25, details: int = 24) -> np.ndarray:
    """Return n images, all different, with large shapes and fine detail, like photographs.

    The detail makes up a ``share`` of the contrast, with ``details`` random values per row.
    """
    random = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        large, fine = (
            np.asarray(
                Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8)).resize(
                    (side, side), Image.Resampling.BICUBIC
                ),
                float,
            )
            for cells in (4, details)
        )
        made.append(np.rint((1 - share) * large + share * fine).astype(np.uint8))
    return np.stack(made)


def mirrored(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images[..., ::-1])


def dataset_of(images: np.ndarray, labels=None, usage=None, classes=EMOTIONS) -> Dataset:
    if labels is None:
        labels = np.arange(len(images)) % len(classes)
    known = None if usage is None else np.asarray(usage, np.uint8)
    return Dataset(images, np.asarray(labels, np.uint8), classes, "faces", known)


def partition(numbers: np.ndarray) -> set[frozenset[int]]:
    """Return the groups as sets of indices, without their numbers."""
    return {frozenset(np.flatnonzero(numbers == number).tolist()) for number in set(numbers)}


def group_duplicates(dataset: Dataset, similarity: str = "identical") -> np.ndarray:
    return find_duplicates(dataset).numbers[similarity]
