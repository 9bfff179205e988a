"""HTML page of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.page.table_view import grid
from fer_bench.report.page.templates import filled
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from fer_bench.data.audit import Audit
    from fer_bench.report.page.audit_section import AuditSection

_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def audit_page(found: Audit, section: AuditSection) -> str:
    """Render the audit as a self-contained HTML document without scripts.

    It links to the data card and the sheets' files next to it.

    Args:
        found: the audit.
        section: content of the page.
    """
    first, *others = section.sentences
    return filled(
        "audit/audit.html.j2",
        policy=_POLICY,
        name=clean(f"Audit of {found.name}"),
        headline=first,
        sentences=others,
        meaning=section.meaning,
        subject=(
            f"{found.images:,} images of {found.width}x{found.height} pixels, digest {found.digest}"
        ),
        tables=[grid(table) for table in section.tables],
        sheets=section.sheets,
        card=section.card,
    )
