"""From the outcome of a comparison to text and files."""

from fer_bench.reporting.comparison.files import remove_comparison, write_comparison
from fer_bench.reporting.comparison.github import workflow_commands
from fer_bench.reporting.comparison.record import OutcomeRecord, json_text, outcome_record
from fer_bench.reporting.comparison.text import coloured, markdown_text, terminal_text
from fer_bench.reporting.comparison.wording import conclusion

__all__ = [
    "OutcomeRecord",
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
