"""Comparison of two sets of results files, base and head, metric by metric; pure functions."""

from fer_bench.analysis.comparison.base_and_head import Side
from fer_bench.analysis.comparison.compare import compare
from fer_bench.analysis.comparison.compared_metrics import METRICS, Metric
from fer_bench.analysis.comparison.load import load_side
from fer_bench.analysis.comparison.outcome import Change, ChangeKind, ComparisonResult, Difference
from fer_bench.analysis.comparison.project_config import project_thresholds
from fer_bench.analysis.comparison.thresholds import (
    Threshold,
    Thresholds,
    default_thresholds,
    parse,
)

__all__ = [
    "METRICS",
    "Change",
    "ChangeKind",
    "ComparisonResult",
    "Difference",
    "Metric",
    "Side",
    "Threshold",
    "Thresholds",
    "compare",
    "default_thresholds",
    "load_side",
    "parse",
    "project_thresholds",
]
