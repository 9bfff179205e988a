"""A data set with what was found in it, for a report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fer_bench.reporting.audit.section import audit_section
from fer_bench.reporting.audit.sheets import sheets
from fer_bench.reporting.card import data_card

if TYPE_CHECKING:
    from fer_bench.audit import Audit
    from fer_bench.datasets import Dataset
    from fer_bench.datasets.info import Info
    from fer_bench.reporting.audit.places import Places
    from fer_bench.reporting.audit.sheets import Sheet
    from fer_bench.reporting.page.contact import AuditSection


@dataclass(frozen=True, eq=False)
class AuditedData:
    """What a report tells of its data, sheets and card worked out once and when they are asked for.

    Attributes:
        found: the audit.
        dataset: the images that its rows count.
        info: what that data set is.
        command: what makes the audit again.
        left_out: why images of the data set are not in the audit, and how many.
    """

    found: Audit
    dataset: Dataset
    info: Info
    command: str
    left_out: tuple[tuple[str, int], ...] = ()

    @cached_property
    def sheets(self) -> list[Sheet]:
        """The contact sheets."""
        return sheets(self.found, self.dataset)

    @cached_property
    def card(self) -> str:
        """The data card."""
        return data_card(self.info, self.found, self.command, self.left_out)

    def section(self, places: Places) -> AuditSection:
        """What a page shows that has card and sheets there beside it."""
        return audit_section(self.found, self.sheets, self.dataset.images, places)
