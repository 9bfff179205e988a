"""From a run to tables, and from tables to text and files."""

from fer_bench.reporting.report import report_files, terminal_text, write_report
from fer_bench.reporting.table import Column, Row, Table
from fer_bench.reporting.tables import tables

__all__ = ["Column", "Row", "Table", "report_files", "tables", "terminal_text", "write_report"]
