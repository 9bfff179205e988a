"""What a report tells, worked out once for all its forms."""

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
    """A run with what its tables and its headline say.

    Comparing the networks takes seconds, and terminal, files and page all show it.

    Attributes:
        run: the results; backbones of one title are told apart in it.
        tables: every table, in the order of the report.
        headline: the sentences of the answer.
        trend: of the figures over stored runs; None where none are told of.
    """

    run: Run
    tables: tuple[Table, ...]
    headline: tuple[str, ...]
    trend: Trend | None = None

    @classmethod
    def of(cls, run: Run, trend: Trend | None = None) -> Findings:
        """Works out all of a run's findings.

        Args:
            run: the results.
            trend: of the figures over stored runs, if that is to be told, too.

        Raises:
            ValueError: the run contradicts itself, see ``fer_bench.report.tables.tables``.
        """
        run = told_apart(run)
        compared = pairs(run)
        made = tables(run, compared)
        if trend is not None:
            made.append(trend_table(trend))
        return cls(run, tuple(made), headline(run, compared), trend)
