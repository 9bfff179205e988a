"""From an audit to tables, contact sheets, a page, and a section of the benchmark's own."""

from fer_bench.reporting.audit.audited import AuditedData
from fer_bench.reporting.audit.files import PAGE, write_audit, write_sheets
from fer_bench.reporting.audit.page import audit_page
from fer_bench.reporting.audit.section import audit_section
from fer_bench.reporting.audit.sheets import Sheet, Tile, draw, sheets
from fer_bench.reporting.audit.summary import summary
from fer_bench.reporting.audit.tables import audit_tables

__all__ = [
    "PAGE",
    "AuditedData",
    "Sheet",
    "Tile",
    "audit_page",
    "audit_section",
    "audit_tables",
    "draw",
    "sheets",
    "summary",
    "write_audit",
    "write_sheets",
]
