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


def score_the_same(trials: Sequence[Trial]) -> bool:
    """Check if several trials have metrics, and all of them the same validation accuracy."""
    known = [one.validation_accuracy for one in trials if one.validation_accuracy is not None]
    return len(known) > 1 and len(set(known)) == 1


def values_at_an_end(cell: CellResult) -> list[str]:
    """Return the chosen rates of a cell at an end of what was tried, with which end it is.

    The parameter of a fitted head counts as a rate. A weight decay of 0 has no smaller one, nor has
    a number of neighbours or images of 1. A rate of which one value was tried has no end.
    """
    if cell.chosen is None:
        return []
    found = []
    for setting in cell.chosen.settings:
        axis = AXES.get(setting.name)
        if axis is not None and not axis.is_rate:
            continue
        settings = [one for trial in cell.trials for one in trial.settings]
        try:
            value = float(setting.value)
            tried = [float(one.value) for one in settings if one.name == setting.name]
        except ValueError:
            continue
        ends = min(tried), max(tried)
        is_least = value == 0 or (
            axis is None and value == 1 == ends[0] and all(one.is_integer() for one in tried)
        )
        if value in ends and ends[0] < ends[1] and not is_least:
            end = "smallest" if value == ends[0] else "largest"
            found.append(f"{setting.name} {setting.value} is the {end}")
    return found
