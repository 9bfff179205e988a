from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eight_cells import make_run

# Fixtures of other modules; a second conftest.py would shadow the module name of this one.
from figure_runs import (  # noqa: F401
    drawn_of_one,
    drawn_of_three,
    make,
    one_seed,
    read,
    three_seeds,
    untrained,
)
from page_browser import browser, visit  # noqa: F401

if TYPE_CHECKING:
    from fer_bench.results.records import Run


@pytest.fixture
def run() -> Run:
    return make_run()
