"""Stash keys of the plugin's state on pytest's config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fer_bench.analysis.comparison import RunSet
    from fer_bench.plugin.log_collector import Notes
    from fer_bench.plugin.session_record import Record
    from fer_bench.plugin.session_report import SessionReport
    from fer_bench.plugin.settings import Settings
    from fer_bench.plugin.terminal_progress import CellCount
    from fer_bench.training.run_context import RunContext

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
BASE: pytest.StashKey[RunSet] = pytest.StashKey()
EXPERIMENT: pytest.StashKey[RunContext] = pytest.StashKey()
RECORD: pytest.StashKey[Record] = pytest.StashKey()
NOTES: pytest.StashKey[Notes] = pytest.StashKey()
REPORTING: pytest.StashKey[bool] = pytest.StashKey()
"""True if there is a report: for tests that use ``measured``, or on request."""
RESULTS_ONLY: pytest.StashKey[bool] = pytest.StashKey()
"""Present if the report has no tables and no page, but its results file."""
REPORT: pytest.StashKey[SessionReport] = pytest.StashKey()
PROBLEMS: pytest.StashKey[list[str]] = pytest.StashKey()
MEASURED: pytest.StashKey[set[str]] = pytest.StashKey()
"""Node ids of the tests that used ``measured``."""
CELLS: pytest.StashKey[CellCount] = pytest.StashKey()
TIME: pytest.StashKey[str] = pytest.StashKey()
UNCOMPARED: pytest.StashKey[str] = pytest.StashKey()
"""Error message of a session with ``--fer-compare`` in which nothing was compared."""
