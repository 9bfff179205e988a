"""Summary of a run in a few plain sentences."""

from __future__ import annotations

from fer_bench.analysis.summary.answer import accuracy_text, majority_class, why_shifted
from fer_bench.analysis.summary.run_summary import Summary, summarise

__all__ = ["Summary", "accuracy_text", "majority_class", "summarise", "why_shifted"]
