"""Two sides of results files, and what became of each figure between them: pure functions."""

from fer_bench.comparison.comparing import compare
from fer_bench.comparison.figures import FIGURES, Figure
from fer_bench.comparison.outcome import Change, Difference, Outcome, Verdict
from fer_bench.comparison.rules import Rules, Threshold, default_rules, parse
from fer_bench.comparison.sides import Side

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
    "parse",
]
