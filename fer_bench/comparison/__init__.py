"""Two sides of results files, and what became of each figure between them: pure functions."""

from fer_bench.comparison.comparing import compare
from fer_bench.comparison.figures import FIGURES, Figure
from fer_bench.comparison.outcome import Change, Difference, Outcome, Verdict
from fer_bench.comparison.project import project_rules
from fer_bench.comparison.reading import load_side
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
    "load_side",
    "parse",
    "project_rules",
]
