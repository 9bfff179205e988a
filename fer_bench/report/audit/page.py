"""An audit as one HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.page.table_grid import grid
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
    """The audit as one HTML document, which loads nothing and runs no script.

    Links lead to the data card and the sheets' files beside it.

    Args:
        found: the audit.
        section: what is told of it.
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
