"""Content of a report, computed once for all output formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.pairwise_tests import pairs
from fer_bench.analysis.seed_groups import told_apart
from fer_bench.analysis.summary import headline
from fer_bench.report.tables import tables
from fer_bench.report.trend_table import trend_table

if TYPE_CHECKING:
    from fer_bench.analysis.history.series import Trend
    from fer_bench.report.table import Table
    from fer_bench.results.records import Run


@dataclass(frozen=True)
class Findings:
    """A run with its tables and headline.

    Comparing the networks takes seconds, and terminal, files and page all show the result.

    Attributes:
        run: the results, with backbones of the same title disambiguated.
        tables: every table, in the order of the report.
        headline: sentences that summarise the results.
        trend: the metrics over stored runs; None if the report shows no trend.
    """

    run: Run
    tables: tuple[Table, ...]
    headline: tuple[str, ...]
    trend: Trend | None = None

    @classmethod
    def of(cls, run: Run, trend: Trend | None = None) -> Findings:
        """Compute all findings of a run.

        Args:
            run: the results.
            trend: the metrics over stored runs; None to report no trend.

        Raises:
            ValueError: the run contradicts itself, see ``fer_bench.report.tables.tables``.
        """
        run = told_apart(run)
        compared = pairs(run)
        made = tables(run, compared)
        if trend is not None:
            made.append(trend_table(trend))
        return cls(run, tuple(made), headline(run, compared), trend)
