from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eight_cells import make_run

if TYPE_CHECKING:
    from fer_bench.results import Run


@pytest.fixture
def run() -> Run:
    return make_run()
