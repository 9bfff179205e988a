"""Writes images in the layouts in which people have FER2013 on disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fer_bench.datasets import EMOTIONS, USAGES, Dataset

if TYPE_CHECKING:
    import pytest

KAGGLE = "emotion,pixels,Usage"
ICML = "emotion, Usage, pixels"
WITHOUT_USAGE = "emotion,pixels"
LEVELS = tuple(map(str, range(256)))
FOLDERS = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}


def forbid_entering(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a folder whose entries may not be looked at, whoever runs the tests."""
    folder.mkdir()
    stat = os.stat

    def refuse(path, *arguments, **options):
        if str(path).startswith(f"{folder}{os.sep}"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", refuse)
    monkeypatch.setattr(Path, "stat", lambda self, **options: refuse(self, **options))


def random_dataset(n: int, seed: int = 0, *, usage: bool = True) -> Dataset:
    """n images of 48x48 with few and many digits in their pixels."""
    random = np.random.default_rng(seed)
    highest = random.choice([1, 10, 11, 100, 101, 256], (n, 48, 48))
    return Dataset(
        random.integers(0, highest).astype(np.uint8),
        random.integers(0, 7, n).astype(np.uint8),
        EMOTIONS,
        "random",
        random.integers(0, 3, n).astype(np.uint8) if usage else None,
    )


def csv_row(dataset: Dataset, row: int, header: str = KAGGLE, extra: str = "x") -> str:
    pixels = " ".join([LEVELS[level] for level in dataset.images[row].tobytes()])
    fields = {"emotion": str(dataset.labels[row]), "pixels": pixels}
    if dataset.usage is not None:
        fields["usage"] = USAGES[dataset.usage[row]]
    gap = ", " if ", " in header else ","
    return gap.join(fields.get(name.strip().lower(), extra) for name in header.split(","))


def csv_lines(dataset: Dataset, header: str = KAGGLE) -> list[str]:
    """Header and rows, without line ends."""
    return [header, *(csv_row(dataset, row, header) for row in range(len(dataset)))]


def write_csv(path: Path, dataset: Dataset, header: str = KAGGLE) -> Path:
    path.write_bytes("".join(f"{line}\n" for line in csv_lines(dataset, header)).encode())
    return path


def write_npz(path: Path, dataset: Dataset, **changes: np.ndarray | None) -> Path:
    arrays = {"images": dataset.images, "labels": dataset.labels, "usage": dataset.usage} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def write_folders(root: Path, dataset: Dataset, *, kaggle_names: bool = True) -> Path:
    """Both parts have at least one image only if the data set has them."""
    for row in range(len(dataset)):
        usage = USAGES[0 if dataset.usage is None else dataset.usage[row]]
        folder = root / FOLDERS[usage] / EMOTIONS[dataset.labels[row]].lower()
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{usage}_{row:05d}.png" if kaggle_names else f"{row:05d}.png"
        Image.fromarray(dataset.images[row]).save(folder / name, compress_level=1)
    return root
