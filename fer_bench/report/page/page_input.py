"""Content of the report page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.experiments import Experiment
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.summary import Summary
    from fer_bench.report.page.audit_section import AuditSection
    from fer_bench.report.plots import Figure
    from fer_bench.report.table import Table


@dataclass(frozen=True)
class Content:
    """Everything that the page shows.

    Attributes:
        analyses: the measured cells with their analysis, once for each set of test images.
        set_names: name of each of these sets, empty for a single one.
        experiments: what was run, for the commands and facts of the setup.
        tables: tables of the run, in any order. The page places those with keys of
            ``fer_bench.report.tables``, and ``claims``, ``pairs``, ``uncertainty``,
            ``calibration`` and ``trend``; tables with other keys come last.
        figures: figures of the run, placed by their keys in the same way.
        summary: the results in sentences; the first of the answer is set largest.
        name: name of the report.
        audit: audit of the data; None if it is not available, as results files do not hold it.
        files: further files that the page contains for download, by name.
    """

    analyses: Sequence[Analysis]
    set_names: Sequence[str]
    experiments: Sequence[Experiment]
    tables: Sequence[Table]
    figures: Sequence[Figure]
    summary: Summary
    name: str
    audit: AuditSection | None = None
    files: Mapping[str, str] = field(default_factory=dict)
