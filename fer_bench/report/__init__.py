"""Report of a run: tables, figures and HTML page, rendered as text and written to files."""

from fer_bench.report.output import (
    highlighted,
    terminal_text,
    write_page,
    write_report,
    write_tables,
)
from fer_bench.report.report import Report
from fer_bench.report.table import Column, Row, Table
from fer_bench.report.tables import tables

__all__ = [
    "Column",
    "Report",
    "Row",
    "Table",
    "highlighted",
    "tables",
    "terminal_text",
    "write_page",
    "write_report",
    "write_tables",
]
