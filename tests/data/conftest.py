"""Fixtures of the data set tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from layout_writers import random_dataset

if TYPE_CHECKING:
    from fer_bench.data import Dataset


@pytest.fixture(scope="session")
def few() -> Dataset:
    """Return seven images with random labels, usages and pixels."""
    return random_dataset(7, seed=1)
