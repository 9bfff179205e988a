"""From an audit to tables, contact sheets, a page, and a section of the benchmark's own."""

from fer_bench.reporting.audit.audited import AuditedData
from fer_bench.reporting.audit.files import PAGE, remove_beside, write_audit, write_beside
from fer_bench.reporting.audit.page import audit_page
from fer_bench.reporting.audit.places import OF_AUDIT, OF_BENCHMARK, Places
from fer_bench.reporting.audit.section import audit_section
from fer_bench.reporting.audit.sheets import Sheet, Tile, draw, sheets
from fer_bench.reporting.audit.summary import summary
from fer_bench.reporting.audit.tables import audit_tables

__all__ = [
    "OF_AUDIT",
    "OF_BENCHMARK",
    "PAGE",
    "AuditedData",
    "Places",
    "Sheet",
    "Tile",
    "audit_page",
    "audit_section",
    "audit_tables",
    "draw",
    "remove_beside",
    "sheets",
    "summary",
    "write_audit",
    "write_beside",
]
