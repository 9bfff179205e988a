"""Comparison of two sets of results files, base and head, metric by metric; pure functions."""

from fer_bench.analysis.comparison.base_and_head import Side
from fer_bench.analysis.comparison.compare import compare
from fer_bench.analysis.comparison.compared_metrics import FIGURES, Figure
from fer_bench.analysis.comparison.load import load_side
from fer_bench.analysis.comparison.outcome import Change, Difference, Outcome, Verdict
from fer_bench.analysis.comparison.project_config import project_rules
from fer_bench.analysis.comparison.thresholds import Rules, Threshold, default_rules, parse

__all__ = [
    "FIGURES",
    "Change",
    "Difference",
    "Figure",
    "Outcome",
    "Rules",
    "Side",
    "Threshold",
    "Verdict",
    "compare",
    "default_rules",
    "load_side",
    "parse",
    "project_rules",
]
