"""Keeps a project's own settings and fixtures from the benchmarks.

Warnings of a library end no benchmark: only the tests of this project take them for errors.
"""

import warnings
from pathlib import Path

import pytest

from fer_bench.plugin import cell, dataset, experiment, measured, protocol, split, trained

# A conftest.py above may have fixtures of these names, which would take the place of the plugin's.
__all__ = ["cell", "dataset", "experiment", "measured", "protocol", "split", "trained"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure():
    """Shows what other plugins warn of when they start, until pytest takes its filters back."""
    warnings.simplefilter("default")


def pytest_collection_modifyitems(items):
    """Shows warnings of the benchmarks instead of failing on them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))
