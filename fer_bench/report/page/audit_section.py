"""Audit section of the page, which the report of an audit fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.report.table import Table


@dataclass(frozen=True)
class AuditSection:
    """Content of the audit section.

    Attributes:
        sentences: findings that affect metrics measured on the data, the most important first.
        meaning: consequences of the findings for such metrics.
        tables: tables of the audit.
        sheets: contact sheets of the findings, as values of the template.
        card: the data card; path relative to the page.
    """

    sentences: Sequence[str]
    meaning: Sequence[str]
    tables: Sequence[Table]
    sheets: Sequence[Mapping[str, Any]]
    card: str
