"""Output of a comparison as text and as files."""

from fer_bench.report.comparison.github import workflow_commands
from fer_bench.report.comparison.json_record import (
    json_text,
    outcome_record,
    remove_comparison,
    write_comparison,
)
from fer_bench.report.comparison.phrases import conclusion
from fer_bench.report.comparison.text import coloured, markdown_text, terminal_text

__all__ = [
    "coloured",
    "conclusion",
    "json_text",
    "markdown_text",
    "outcome_record",
    "remove_comparison",
    "terminal_text",
    "workflow_commands",
    "write_comparison",
]
