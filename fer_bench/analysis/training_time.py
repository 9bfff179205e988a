"""Training time of a cell: its frozen features once, and all epochs of one seed."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from fer_bench.results.records import EARLY_STOPPING, FROZEN_FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.results.records import CellResult

_TRAINING = "training"


def feature_seconds(cell: CellResult, seeds: Sequence[CellResult]) -> float | None:
    """Return the seconds of the pass that computed a cell's frozen features, 0 if none are frozen.

    If the cell took its features from the store, the mean of the passes that the seeds of its
    backbone and init recorded stands for its own. None if no pass was recorded: the features came
    from an earlier run.
    """
    own = dict(cell.parts).get(FROZEN_FEATURES)
    if own is not None:
        return own
    recorded = [seconds for one in seeds for name, seconds in one.parts if name == FROZEN_FEATURES]
    return statistics.fmean(recorded) if recorded else None


def training_seconds(cell: CellResult, seeds: Sequence[CellResult]) -> float | None:
    """Return the seconds of a cell's frozen features and epochs, without building and evaluation.

    ``seeds`` are as in ``feature_seconds``. None if training was not timed.
    """
    parts = dict(cell.parts)
    if _TRAINING not in parts:
        return None
    epochs = parts[_TRAINING] + parts.get(EARLY_STOPPING, 0.0)
    return (feature_seconds(cell, seeds) or 0.0) + epochs


def mean_training_seconds(seeds: Sequence[CellResult]) -> float | None:
    """Return the mean training time of cells of one backbone and init; None if none was timed."""
    known = [seconds for one in seeds if (seconds := training_seconds(one, seeds)) is not None]
    return statistics.fmean(known) if known else None


def lacks_features(seeds: Sequence[CellResult]) -> bool:
    """Return True if the training time of these cells counts no pass for frozen features."""
    timed = [one for one in seeds if _TRAINING in dict(one.parts)]
    return bool(timed) and feature_seconds(timed[0], seeds) is None
