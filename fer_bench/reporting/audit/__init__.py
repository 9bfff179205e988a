"""From an audit to tables, contact sheets and a page."""

from fer_bench.reporting.audit.files import PAGE, write_audit
from fer_bench.reporting.audit.page import audit_page
from fer_bench.reporting.audit.sheets import Sheet, Tile, draw, sheets
from fer_bench.reporting.audit.summary import summary
from fer_bench.reporting.audit.tables import audit_tables

__all__ = [
    "PAGE",
    "Sheet",
    "Tile",
    "audit_page",
    "audit_tables",
    "draw",
    "sheets",
    "summary",
    "write_audit",
]
