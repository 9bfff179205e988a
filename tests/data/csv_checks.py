"""Helpers that load csv files from text and compare data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.formats.fer2013_csv import load_csv

if TYPE_CHECKING:
    from pathlib import Path


def assert_same(found: Dataset, wanted: Dataset) -> None:
    np.testing.assert_array_equal(found.images, wanted.images)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    assert found.classes == EMOTIONS
    if wanted.usage is None:
        assert found.usage is None
    else:
        np.testing.assert_array_equal(found.usage, wanted.usage)


def load_bytes(tmp_path: Path, content: bytes) -> Dataset:
    path = tmp_path / "faces.csv"
    path.write_bytes(content)
    return load_csv(path)


def load_lines(tmp_path: Path, lines: list[str], end: str = "\n") -> Dataset:
    return load_bytes(tmp_path, "".join(line + end for line in lines).encode())
