"""A data set with its audit, as input of a report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fer_bench.data.info import info_of
from fer_bench.report.audit.contact_sheets import sheets
from fer_bench.report.audit.section import audit_section
from fer_bench.report.audit_command import audit_command
from fer_bench.report.audit_scope import FULL_SCOPE, AuditScope
from fer_bench.report.data_card import data_card

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data import Dataset
    from fer_bench.data.audit import Audit
    from fer_bench.data.info import Info
    from fer_bench.data.prepare import PreparedData
    from fer_bench.protocol.settings import Protocol
    from fer_bench.report.audit.contact_sheets import Sheet
    from fer_bench.report.audit.paths import Places
    from fer_bench.report.page.audit_section import AuditSection


@dataclass(frozen=True, eq=False)
class AuditedData:
    """A data set with its audit; contact sheets and data card are computed lazily and cached.

    Attributes:
        found: the audit.
        dataset: the images that the audit's row numbers refer to, with the audited labels.
        info: description of the data set as it was loaded.
        command: command that repeats the audit.
        taken: audit scope.
    """

    found: Audit
    dataset: Dataset
    info: Info
    command: str
    taken: AuditScope = FULL_SCOPE

    @classmethod
    def of(
        cls,
        data: PreparedData,
        protocol: Protocol,
        spec: str,
        *,
        class_map: str | None = None,
        votes: Path | None = None,
        limit: int | None = None,
    ) -> AuditedData:
        """Create an instance from prepared data and their audit.

        Args:
            data: the prepared data.
            protocol: the protocol that they were prepared for.
            spec: name or path that the data set was loaded from.
            class_map: name or path of the class map that it was loaded with.
            votes: path of the votes that it was prepared with.
            limit: sample size that it was prepared with.
        """
        command = audit_command(
            spec,
            split=protocol.split,
            dedupe=protocol.dedupe,
            labels=protocol.labels,
            class_map=class_map,
            votes=None if votes is None else str(votes),
            limit=limit,
        )
        dedupe = "none" if data.not_split else protocol.dedupe
        own_parts = data.loaded.usage is not None and protocol.split != "kaggle"
        taken = AuditScope(
            protocol.labels, dedupe, data.not_taken, data.copies, data.no_majority, own_parts
        )
        return cls(data.audited, data.source, info_of(data.loaded, spec), command, taken)

    @cached_property
    def sheets(self) -> list[Sheet]:
        """Contact sheets of the findings."""
        return sheets(self.found, self.dataset)

    @cached_property
    def card(self) -> str:
        """Data card as Markdown."""
        return data_card(self.info, self.found, self.command, self.taken)

    def section(self, places: Places) -> AuditSection:
        """Return the page section, which links to card and sheets at ``places``."""
        return audit_section(self.found, self.sheets, self.dataset.images, places, self.taken)
