"""Content of a report, computed once for all output formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import Summary, summarise
from fer_bench.report.tables import tables

if TYPE_CHECKING:
    from datetime import datetime

    from fer_bench.analysis.history.series import Trend
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.table import Table
    from fer_bench.results.records import Run


@dataclass(frozen=True)
class Report:
    """A run with its analysis, tables and summary, shown by terminal, files and page alike.

    Attributes:
        analysis: analysis of the run.
        tables: every table, in the order of the report.
        summary: the results in sentences.
        trend: the metrics over stored runs; None if the report shows no trend.
        times: when the results files were written, as far as known.
    """

    analysis: Analysis
    tables: tuple[Table, ...]
    summary: Summary
    trend: Trend | None = None
    times: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, run: Run, trend: Trend | None = None, times: tuple[datetime, ...] = ()) -> Report:
        """Compute the report of a run.

        Args:
            run: the results.
            trend: the metrics over stored runs; None to report no trend.
            times: when the results files were written, as far as known.

        Raises:
            ValueError: the run contradicts itself, see ``fer_bench.report.tables.tables``.
        """
        analysis = analyse(run)
        made = tables(analysis)
        if trend is not None:
            from fer_bench.report.trend_table import trend_table

            made.append(trend_table(trend))
        return cls(analysis, tuple(made), summarise(analysis), trend, times)
