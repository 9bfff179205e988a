"""Display of pytest-benchmark's own tables, which are 208 columns wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_bench.plugin.stash_keys import MEASURED
from fer_bench.results import KEY

if TYPE_CHECKING:
    import pytest

_DISPLAY_OPTIONS: dict[str, Any] = {
    "benchmark_columns": None,
    "benchmark_compare": [],
    "benchmark_cprofile": None,
    "benchmark_group_by": "group",
    "benchmark_histogram": [],
    "benchmark_name": "normal",
    "benchmark_sort": "min",
    "benchmark_time_unit": None,
    "benchmark_verbose": False,
}
"""Options of pytest-benchmark that change its display, with their defaults."""


def hide_tables(config: pytest.Config) -> None:
    """Hide pytest-benchmark's tables if all benchmarks measure cells of fer_bench.

    They stay if any of pytest-benchmark's display options is given.
    """
    session = config._benchmarksession  # type: ignore[attr-defined]
    measured = config.stash.get(MEASURED, set())
    is_ours = all(
        KEY in benchmark.extra_info or benchmark.fullname in measured
        for benchmark in session.benchmarks
    )
    options = _DISPLAY_OPTIONS.items()
    if is_ours and all(config.getoption(name, default) == default for name, default in options):
        session.quiet = True
