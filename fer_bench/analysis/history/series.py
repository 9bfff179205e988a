"""Series of metrics over stored runs, with their change points, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.comparison_result import ChangeKind
    from fer_bench.analysis.history.archive import Archive


@dataclass(frozen=True)
class Point:
    """Value of a metric in one run.

    Attributes:
        run: index of the run, from 0.
        value: mean over the seeds, or the speed as measured.
    """

    run: int
    value: float


@dataclass(frozen=True)
class ChangePoint:
    """Change point: a run in which a metric differs from the preceding runs.

    Attributes:
        run: index of the run, from 0.
        base: value in the preceding runs, as used in the comparison; None if it is of the complete
            cell.
        head: value in this run, or in this and later runs if only these together showed the change.
        verdict: ``"better"``, ``"worse"``, ``"moved"`` or ``"not deterministic"``.
        why: how it was decided: one line.
        outlier: True if it is a speed and the next run that measured it is back at the previous
            level, unlike this one: then this run is an outlier of the machine, not a change of the
            metric.
    """

    run: int
    base: float | None
    head: float | None
    verdict: ChangeKind
    why: str
    outlier: bool = False


@dataclass(frozen=True)
class Series:
    """One metric of one backbone and init over the stored runs.

    Attributes:
        cell: backbone and init.
        metric: the metric; None for the complete cell, whose change points are runs that were not
            deterministic.
        of: class or batch size, or empty.
        points: values in the runs that measured it, in their order; empty for a complete cell.
        change_points: change points in the order of the runs.
    """

    cell: str
    metric: Metric | None
    of: str
    points: tuple[Point, ...]
    change_points: tuple[ChangePoint, ...]

    @property
    def name(self) -> str:
        """Name of the metric with its class or batch size."""
        return "the whole cell" if self.metric is None else self.metric.named(self.of)

    @property
    def lasting(self) -> tuple[ChangePoint, ...]:
        """Change points that are not outliers."""
        return tuple(point for point in self.change_points if not point.outlier)


@dataclass(frozen=True)
class Restart:
    """Run that cannot be compared with the preceding ones, so that segmentation starts again there.

    Attributes:
        run: index of the run, from 0.
        series: display name of the cell and name of the metric, of the metrics concerned.
        why: reason, one line.
    """

    run: int
    series: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Trend:
    """All metrics over the stored runs.

    Attributes:
        archive: the runs.
        series: ordered by cell, those of the newest run first; then by metric, the complete cell
            first.
        restarts: in the order of the runs.
        names: display name of each backbone and init.
    """

    archive: Archive
    series: tuple[Series, ...]
    restarts: tuple[Restart, ...]
    names: Mapping[str, str] = field(hash=False)
