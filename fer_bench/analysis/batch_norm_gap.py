"""Gap between batch statistics and moving averages in trained batch normalisation.

In training, a batch-normalisation layer uses the mean and variance of the batch; in inference, it
uses moving averages of them accumulated during training (Ioffe and Szegedy, *Batch Normalization*,
2015, algorithm 2). If the weights of that layer or of earlier ones change fast, the averages lag
behind: the network that is evaluated is not the one that was trained, and its accuracy jumps from
epoch to epoch. This module separates that effect from overfitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import percent, points, ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.results.quality import History

MUCH = 0.05
"""Difference between a network's two validation accuracies from which it needs an explanation."""


@dataclass(frozen=True)
class BatchNormGap:
    """Accuracies of a cell with batch statistics and with moving averages, as shares.

    Attributes:
        running: training accuracy during the last epoch, with batch statistics.
        train: training accuracy after the last epoch, with moving averages.
        batch_validation: validation accuracy after the last epoch, with batch statistics.
        validation: validation accuracy after the last epoch, with moving averages.
        widest: largest absolute difference of the two validation accuracies after any epoch from 1.
        epoch: epoch of the largest difference, the first one if tied.
        apart: epochs after which the difference was at least ``MUCH``.
    """

    running: float
    train: float
    batch_validation: float
    validation: float
    widest: float
    epoch: int
    apart: tuple[int, ...]

    @classmethod
    def of(cls, history: History) -> BatchNormGap | None:
        """Create it from a history; None if no batch normalisation or no epoch was trained."""
        by_batch, by_average = history.batch_validation_accuracy, history.validation_accuracy
        if len(by_batch) < 2:
            return None
        distances = [
            abs(one - other) for one, other in zip(by_batch[1:], by_average[1:], strict=True)
        ]
        widest = max(distances)
        return cls(
            running=history.running_accuracy[-1],
            train=history.train_accuracy[-1],
            batch_validation=by_batch[-1],
            validation=by_average[-1],
            widest=widest,
            epoch=1 + distances.index(widest),
            apart=tuple(epoch for epoch, one in enumerate(distances, start=1) if one >= MUCH),
        )

    @property
    def remaining(self) -> float:
        """Training accuracy during the epoch minus validation accuracy, both with batch statistics.

        It comprises overfitting and the change of the weights within the epoch, over which the
        training accuracy is averaged.
        """
        return self.running - self.batch_validation

    @property
    def artefact(self) -> float:
        """Validation accuracy lost to the moving averages."""
        return self.batch_validation - self.validation

    @property
    def matters(self) -> bool:
        """True if the two validation accuracies differed by at least ``MUCH`` after any epoch."""
        return bool(self.apart)


def explain(label: str, found: Sequence[BatchNormGap]) -> str:
    """Explain the irregular learning curves of a network in one line with its metrics.

    Args:
        label: name of the network.
        found: one gap per seed; metrics are averaged over them, the largest gap is their maximum.

    Returns:
        An empty string if no curve is irregular.
    """
    if not any(one.matters for one in found):
        return ""
    widest = max(found, key=lambda one: one.widest)
    seeds = f" (means of {len(found)} seeds)" if len(found) > 1 else ""
    apart = ", ".join(ranges(sorted({epoch for one in found for epoch in one.apart}), "-"))
    return (
        f"{label} trains batch normalisation, which uses batch statistics in training "
        f"and moving averages in evaluation. Training accuracy{seeds}: "
        f"{percent(fmean(one.running for one in found))} during the last epoch, with batch "
        f"statistics; {percent(fmean(one.train for one in found))} after it, with moving averages. "
        f"Validation accuracy: {percent(fmean(one.batch_validation for one in found))} with batch "
        f"statistics, {percent(fmean(one.validation for one in found))} with moving averages "
        f"({100 * MUCH:.0f} points or more apart after epoch {apart}; at most "
        f"{points(widest.widest)}, after epoch {widest.epoch}). {_split(found)}"
    )


def _split(found: Sequence[BatchNormGap]) -> str:
    """Split the final gap between training and validation accuracy into its two causes."""
    artefact = round(fmean(one.artefact for one in found), 3)
    remaining = round(fmean(one.remaining for one in found), 3)
    if artefact > 0:
        lost = f"The moving averages cost {points(artefact)} of final validation accuracy"
    else:
        lost = "The moving averages cost no final validation accuracy"
    if remaining > 0:
        return (
            f"{lost}; with batch statistics, training accuracy is {points(remaining)} above "
            "validation accuracy, due to overfitting and to weight updates within the epoch."
        )
    return f"{lost}; with batch statistics, training accuracy is not above validation accuracy."
