"""From a run to tables, figures and a page, and from these to text and files."""

from fer_bench.reporting.findings import Findings
from fer_bench.reporting.report import (
    report_files,
    terminal_text,
    write_page,
    write_report,
    write_tables,
)
from fer_bench.reporting.table import Column, Row, Table
from fer_bench.reporting.tables import tables

__all__ = [
    "Column",
    "Findings",
    "Row",
    "Table",
    "report_files",
    "tables",
    "terminal_text",
    "write_page",
    "write_report",
    "write_tables",
]
