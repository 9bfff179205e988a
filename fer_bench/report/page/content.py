"""What a page is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.report.page.audit_section import AuditSection
    from fer_bench.report.plots import Figure
    from fer_bench.report.table import Table
    from fer_bench.results.records import Run


@dataclass(frozen=True)
class Content:
    """All that the page shows.

    Attributes:
        run: what was measured.
        tables: of the run, in any order. The page knows the keys of
            ``fer_bench.report.tables``, and ``claims``, ``pairs``, ``uncertainty``,
            ``calibration`` and ``trend``; others it shows too.
        figures: of the run, by their keys in the same way.
        headline: the sentences of the answer, the first one largest.
        notes: what a reader of the answer needs to know, one line each.
        name: of the report.
        audit: what was found in the data; None where that is not known, as results files do not
            hold it.
    """

    run: Run
    tables: Sequence[Table]
    figures: Sequence[Figure]
    headline: Sequence[str]
    notes: Sequence[str]
    name: str
    audit: AuditSection | None = None
