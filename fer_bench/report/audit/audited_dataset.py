"""A data set with what was found in it, for a report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fer_bench.data.info import info_of
from fer_bench.report.audit.contact_sheets import sheets
from fer_bench.report.audit.section import audit_section
from fer_bench.report.audit_command import audit_command
from fer_bench.report.audit_scope import AS_IT_CAME, Taken
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
    """What a report tells of its data, sheets and card worked out once and when they are asked for.

    Attributes:
        found: the audit.
        dataset: the images that its rows count, with the labels that were audited.
        info: what that data set is, as it was loaded.
        command: what makes the audit again.
        taken: what of that data set was audited, and with which labels.
    """

    found: Audit
    dataset: Dataset
    info: Info
    command: str
    taken: Taken = AS_IT_CAME

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
        """The audit of data that were prepared.

        Args:
            data: what was prepared.
            protocol: what for.
            spec: name or path that the data set was loaded from.
            class_map: what it was loaded with.
            votes: path of the votes that it was prepared with.
            limit: size of the sample that it was prepared with.
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
        taken = Taken(
            protocol.labels, dedupe, data.not_taken, data.copies, data.no_majority, own_parts
        )
        return cls(data.audited, data.source, info_of(data.loaded, spec), command, taken)

    @cached_property
    def sheets(self) -> list[Sheet]:
        """The contact sheets."""
        return sheets(self.found, self.dataset)

    @cached_property
    def card(self) -> str:
        """The data card."""
        return data_card(self.info, self.found, self.command, self.taken)

    def section(self, places: Places) -> AuditSection:
        """What a page shows that has card and sheets there beside it."""
        return audit_section(self.found, self.sheets, self.dataset.images, places, self.taken)
