"""Plugin for a job of ``fer-bench launch``, loaded with ``-p``: results without tables and page.

``fer-bench collect`` draws them for the complete run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.plugin.stash_keys import RESULTS_ONLY

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Leave out all of the report but its results file."""
    config.stash[RESULTS_ONLY] = True
