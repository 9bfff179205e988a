"""Report of an audit: tables, contact sheets, a page, and a section of the benchmark's page."""

from fer_bench.report.audit.audited_dataset import AuditedData
from fer_bench.report.audit.contact_sheets import Sheet, Tile, draw, sheets
from fer_bench.report.audit.files import PAGE, remove_beside, write_audit, write_beside
from fer_bench.report.audit.page import audit_page
from fer_bench.report.audit.paths import OF_AUDIT, OF_BENCHMARK, Places
from fer_bench.report.audit.section import audit_section
from fer_bench.report.audit.summary import summary
from fer_bench.report.audit.tables import audit_tables

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
