"""Report of an audit: tables, contact sheets, data card, page, section of the benchmark's page."""

from fer_bench.report.audit.files import write_audit
from fer_bench.report.audit.sentences import summary
from fer_bench.report.audit.tables import audit_tables
from fer_bench.report.audit_scope import scope_sentences

__all__ = ["audit_tables", "scope_sentences", "summary", "write_audit"]
