from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eight_cells import make_run

# Fixtures of the plot tests; a second conftest.py would shadow the module name of this one.
from figure_runs import (  # noqa: F401
    drawn_of_one,
    drawn_of_three,
    make,
    one_seed,
    read,
    three_seeds,
    untrained,
)

if TYPE_CHECKING:
    from fer_bench.results.records import Run


@pytest.fixture
def run() -> Run:
    return make_run()
