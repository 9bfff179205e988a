"""Report of an audit: tables, contact sheets, data card, page, section of the benchmark's page."""

from fer_bench.report.audit.files import write_audit
from fer_bench.report.audit.sentences import scope_sentences, summary
from fer_bench.report.audit.tables import audit_tables

__all__ = ["audit_tables", "scope_sentences", "summary", "write_audit"]
