"""Report of an audit: tables, contact sheets, data card, page, section of the benchmark's page."""

from fer_bench.report.audit.contact_sheets import Sheet, Tile, draw, sheets
from fer_bench.report.audit.files import OF_AUDIT, OF_BENCHMARK, write_audit
from fer_bench.report.audit.page import audit_page, audit_section
from fer_bench.report.audit.sentences import summary
from fer_bench.report.audit.tables import audit_tables
from fer_bench.report.audit_scope import scope_sentences

__all__ = [
    "OF_AUDIT",
    "OF_BENCHMARK",
    "Sheet",
    "Tile",
    "audit_page",
    "audit_section",
    "audit_tables",
    "draw",
    "scope_sentences",
    "sheets",
    "summary",
    "write_audit",
]
