"""Isolation of the benchmarks from the settings and fixtures of a surrounding project.

Warnings of a library do not fail a benchmark: only this project's tests treat them as errors.
"""

import warnings
from pathlib import Path

import pytest

from fer_bench.plugin import cell, dataset, experiment, measured, protocol, split, trained

# Imported here so that fixtures of these names in a parent conftest.py do not override them.
__all__ = ["cell", "dataset", "experiment", "measured", "protocol", "split", "trained"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure():
    """Show warnings of other plugins at start-up, until pytest resets its filters."""
    warnings.simplefilter("default")


def pytest_pycollect_makemodule(module_path, parent):
    """Give the benchmarks of an installed package the same node ids as those of a clone."""
    name = f"benchmarks/{module_path.name}"
    return pytest.Module.from_parent(parent, path=module_path, nodeid=name)


def pytest_collection_modifyitems(items):
    """Show warnings of the benchmarks instead of failing on them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))
