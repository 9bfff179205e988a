"""Where the plugin keeps its values on pytest's config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fer_bench.analysis.comparison import Side
    from fer_bench.data.prepare import PreparedData
    from fer_bench.plugin.notes import Notes
    from fer_bench.plugin.options import Settings
    from fer_bench.plugin.session_record import Record
    from fer_bench.plugin.session_report import Report
    from fer_bench.training.experiment import Experiment

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
BASE: pytest.StashKey[Side] = pytest.StashKey()
EXPERIMENT: pytest.StashKey[Experiment] = pytest.StashKey()
DATA: pytest.StashKey[PreparedData] = pytest.StashKey()
RECORD: pytest.StashKey[Record] = pytest.StashKey()
NOTES: pytest.StashKey[Notes] = pytest.StashKey()
REPORTING: pytest.StashKey[bool] = pytest.StashKey()
"""True if there is a report: tests that take ``measured`` make one, others only if asked for."""
REPORT: pytest.StashKey[Report] = pytest.StashKey()
PROBLEMS: pytest.StashKey[list[str]] = pytest.StashKey()
TIME: pytest.StashKey[str] = pytest.StashKey()
UNCOMPARED: pytest.StashKey[str] = pytest.StashKey()
"""An error, if the session was to be compared and nothing of it is."""
