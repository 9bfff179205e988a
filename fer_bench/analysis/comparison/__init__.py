"""Comparison of two sets of results files, base and head, metric by metric; pure functions."""

from fer_bench.analysis.comparison.compare import compare
from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.analysis.comparison.comparison_result import (
    Change,
    ChangeKind,
    ComparisonResult,
    Difference,
)
from fer_bench.analysis.comparison.run_set import RunSet, load_run_set
from fer_bench.analysis.comparison.thresholds import (
    Threshold,
    Thresholds,
    default_thresholds,
    parse,
    project_thresholds,
)

__all__ = [
    "METRICS",
    "Change",
    "ChangeKind",
    "ComparisonResult",
    "Difference",
    "RunSet",
    "Threshold",
    "Thresholds",
    "compare",
    "default_thresholds",
    "load_run_set",
    "parse",
    "project_thresholds",
]
