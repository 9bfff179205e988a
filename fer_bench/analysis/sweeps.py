"""Optimism of swept cells: by how much the validation images that chose flatter a trial."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.metrics import Interval, newcombe_interval
from fer_bench.protocol.sweep import AXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.results.records import CellResult, DatasetSummary
    from fer_bench.results.trials import Trial


@dataclass(frozen=True)
class Optimism:
    """Validation accuracy minus test accuracy of one trial.

    Attributes:
        value: the difference.
        interval: its 95 % CI over the images of both parts, which are different ones: that of two
            independent shares. It does not know that the trial was chosen.
    """

    value: float
    interval: Interval


def optimism(trial: Trial, data: DatasetSummary) -> Optimism | None:
    """Return the optimism of a trial; None if it diverged or the split has no test part."""
    if trial.validation_accuracy is None or trial.test_accuracy is None:
        return None
    hits = (
        round(trial.validation_accuracy * data.validation),
        round(trial.test_accuracy * data.test),
    )
    return Optimism(
        trial.validation_accuracy - trial.test_accuracy,
        newcombe_interval(hits, (data.validation, data.test)),
    )


def mean_optimism(trials: Sequence[Trial], data: DatasetSummary) -> float | None:
    """Return the mean optimism of the trials that have one; None without any."""
    known = [found.value for one in trials if (found := optimism(one, data)) is not None]
    return statistics.fmean(known) if known else None


def rates_at_an_end(cell: CellResult) -> list[str]:
    """Return the chosen rates of a cell at an end of what was tried, with which end it is.

    A weight decay of 0 has no smaller one. A rate of which one value was tried has no end.
    """
    if cell.chosen is None:
        return []
    found = []
    for setting in cell.chosen.settings:
        axis = AXES.get(setting.name)
        if axis is None or not axis.is_rate:
            continue
        tried = [
            float(one.value)
            for trial in cell.trials
            for one in trial.settings
            if one.name == setting.name
        ]
        value, ends = float(setting.value), (min(tried), max(tried))
        if value > 0 and value in ends and ends[0] < ends[1]:
            end = "smallest" if value == ends[0] else "largest"
            found.append(f"{setting.name} {setting.value} is the {end}")
    return found
