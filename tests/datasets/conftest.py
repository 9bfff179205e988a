"""Fixtures of the tests of the data sets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from layout_writers import random_dataset

from fer_bench.datasets.npz_layout import load_npz

if TYPE_CHECKING:
    from fer_bench.datasets import Dataset

REAL_DATA = "FER_BENCH_REAL_DATA"


@pytest.fixture(scope="session")
def few() -> Dataset:
    """Seven images with labels, usages and pixels drawn by chance."""
    return random_dataset(7, seed=1)


@pytest.fixture(scope="session")
def real_data() -> Dataset:
    """The real FER2013."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} names no folder with fer2013.npz")
    return load_npz(Path(folder) / "fer2013.npz")
