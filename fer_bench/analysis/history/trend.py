"""Change points of each metric over several stored runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.analysis.history.quality_changes import segment_qualities
from fer_bench.analysis.history.series import Restart, Trend
from fer_bench.analysis.history.speed_changes import segment_speeds
from fer_bench.analysis.seed_groups import display_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.comparison.thresholds import Thresholds
    from fer_bench.analysis.history.archive import Archive
    from fer_bench.analysis.history.series import Name, Segmentation


def find_trend(archive: Archive, thresholds: Thresholds) -> Trend:
    """Find the change points of each metric in the chronologically ordered runs.

    Each run is compared, metric by metric, with all runs since the metric's last change point taken
    together, by the same thresholds as base and head. If the verdict is a change, a new segment
    starts with that run. Since speeds vary from run to run, their change points are tested again
    with each later run (``segment_speeds``). A complete cell has a change point if its fingerprint
    is that of the previous run but its result is not.

    If a run cannot be compared with the segment (another machine without a reference workload; a
    changed loss with a single seed), a new segment starts without a change point.

    Raises:
        FerBenchError: as for ``compare``.
    """
    segmentations = {
        **segment_qualities(archive, thresholds),
        **segment_speeds(archive, thresholds),
    }
    keys = _in_order(segmentations, archive)
    names = display_names(stored.run for stored in reversed(archive.runs))
    series = (segmentations[key].series(key) for key in keys)
    return Trend(
        archive,
        tuple(one for one in series if one.points or one.change_points),
        _restarts(segmentations, keys, names),
        names,
    )


def _in_order(names: Iterable[Name], archive: Archive) -> list[Name]:
    """Sort by cell, those of the newest run first; then by metric, the complete cell first."""
    cells = list(
        dict.fromkeys(
            cell.group_id for stored in reversed(archive.runs) for cell in stored.run.cells
        )
    )

    def position(name: Name) -> tuple[int, int, int]:
        cell, metric, of = name
        if metric is None:
            return cells.index(cell), -1, 0
        return cells.index(cell), METRICS.index(metric), int(of) if metric.speed and of else 0

    return sorted(names, key=position)


def _restarts(
    segmentations: Mapping[Name, Segmentation], keys: Iterable[Name], names: Mapping[str, str]
) -> tuple[Restart, ...]:
    """Return the restarts of all metrics, in the order of the runs; ``names`` are of the cells."""
    found: dict[tuple[int, str], list[str]] = {}
    for cell, metric, of in keys:
        for restart in segmentations[cell, metric, of].restarts:
            metric_name = metric.named(of) if metric else ""
            found.setdefault(restart, []).append(f"{names[cell]} {metric_name}")
    return tuple(Restart(run, tuple(found[run, why]), why) for run, why in sorted(found))
