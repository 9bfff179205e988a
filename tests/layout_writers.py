"""Writers of data sets in the common on-disk layouts of FER2013."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fer_bench.data import EMOTIONS, USAGES, Dataset

if TYPE_CHECKING:
    import pytest

KAGGLE = "emotion,pixels,Usage"
ICML = "emotion, Usage, pixels"
WITHOUT_USAGE = "emotion,pixels"
LEVELS = tuple(map(str, range(256)))
FOLDERS = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}


def forbid_entering(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a directory whose entries cannot be inspected, not even by root."""
    directory.mkdir()
    stat = os.stat

    def refuse(path, *arguments, **options):
        if str(path).startswith(f"{directory}{os.sep}"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", refuse)
    monkeypatch.setattr(Path, "stat", lambda self, **options: refuse(self, **options))


def random_dataset(n: int, seed: int = 0, *, usage: bool = True) -> Dataset:
    """Return n random 48x48 images, with pixel values of one to three digits."""
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
    """Return header and rows, without line ends."""
    return [header, *(csv_row(dataset, row, header) for row in range(len(dataset)))]


def write_csv(path: Path, dataset: Dataset, header: str = KAGGLE) -> Path:
    path.write_bytes("".join(f"{line}\n" for line in csv_lines(dataset, header)).encode())
    return path


def write_npz(path: Path, dataset: Dataset, **changes: np.ndarray | None) -> Path:
    arrays = {"images": dataset.images, "labels": dataset.labels, "usage": dataset.usage} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def csv_in_words(dataset: Dataset, header: str = KAGGLE) -> list[str]:
    """Return ``csv_lines`` with class names instead of numbers; emotion is the first column."""
    first, *rows = csv_lines(dataset, header)
    names = [EMOTIONS[label] for label in dataset.labels]
    return [first, *(f"{name}{row[1:]}" for name, row in zip(names, rows, strict=True))]


def rows_of(dataset: Dataset, usage: int) -> Dataset:
    """Return the images of one split, without their usage."""
    assert dataset.usage is not None
    part = dataset.take(np.flatnonzero(dataset.usage == usage))
    return Dataset(part.images, part.labels, part.classes, part.name)


def write_part_files(root: Path, dataset: Dataset, suffix: str = ".csv") -> Path:
    """Write a csv or npz file for each split; only the file name gives the split."""
    root.mkdir(parents=True)
    for usage, name in enumerate(("train", "val", "test")):
        part, path = rows_of(dataset, usage), root / f"{name}{suffix}"
        if suffix == ".csv":
            write_csv(path, part, WITHOUT_USAGE)
        else:
            write_npz(path, part)
    return root


FERPLUS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
"""Class names of the first categories of FER+'s votes, in their order."""


def write_ferplus(root: Path, dataset: Dataset) -> Path:
    """Write splits as FER+'s script does; all ten taggers agree with the labels."""
    assert dataset.usage is not None
    for usage, name in enumerate(("Train", "Valid", "Test")):
        directory = root / f"FER2013{name}"
        directory.mkdir(parents=True)
        lines = []
        for row in np.flatnonzero(dataset.usage == usage).tolist():
            image = f"fer{row:07d}.png"
            Image.fromarray(dataset.images[row]).save(directory / image)
            said = FERPLUS.index(EMOTIONS[dataset.labels[row]].lower())
            votes = ",".join("10" if place == said else "0" for place in range(10))
            lines.append(f'{image},"(0, 0, 48, 48)",{votes}\n')
        (directory / "label.csv").write_text("".join(lines))
    return root


def write_folders(root: Path, dataset: Dataset, *, kaggle_names: bool = True) -> Path:
    """Write a directory per split and class; a split without images gets none."""
    for row in range(len(dataset)):
        usage = USAGES[0 if dataset.usage is None else dataset.usage[row]]
        directory = root / FOLDERS[usage] / EMOTIONS[dataset.labels[row]].lower()
        directory.mkdir(parents=True, exist_ok=True)
        name = f"{usage}_{row:05d}.png" if kaggle_names else f"{row:05d}.png"
        Image.fromarray(dataset.images[row]).save(directory / name, compress_level=1)
    return root
