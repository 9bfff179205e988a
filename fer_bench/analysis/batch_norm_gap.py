"""What trained batch normalisation does to the figures of a cell, and what is overfitting.

In training a batch-normalisation layer uses mean and variance of the batch; afterwards, moving
averages of them that it gathered meanwhile (Ioffe and Szegedy, *Batch Normalization*, 2015,
algorithm 2). Where the weights before or in it move fast, the averages lag behind: the network
that is evaluated is not the one that was trained, and its accuracy jumps from epoch to epoch.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.results.records import CellResult, History

MUCH = 0.05
"""Two validation accuracies of one network that differ by so much need to be explained."""


@dataclass(frozen=True)
class Normalisation:
    """The accuracies of a cell by batch statistics and by moving averages, as shares.

    Attributes:
        running: on training images in the last epoch, by batch statistics.
        train: on training images after the last epoch, by moving averages.
        batch_validation: on validation images after the last epoch, by batch statistics.
        validation: on validation images after the last epoch, by moving averages.
        widest: largest distance of the two validation accuracies after any epoch from 1.
        epoch: that epoch, the first of equal ones.
        apart: the epochs after which they lay ``MUCH`` or more apart.
    """

    running: float
    train: float
    batch_validation: float
    validation: float
    widest: float
    epoch: int
    apart: tuple[int, ...]

    @classmethod
    def of(cls, history: History) -> Normalisation | None:
        """What a history tells; None where no batch normalisation was trained, or no epoch."""
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
        """What running accuracy on training images is ahead by, both by batch statistics.

        It is overfitting, and what training within the epoch adds or takes: the running accuracy
        is a mean over an epoch in which the weights move.
        """
        return self.running - self.batch_validation

    @property
    def artefact(self) -> float:
        """What the validation images lose to the moving averages."""
        return self.batch_validation - self.validation

    @property
    def matters(self) -> bool:
        """Whether the two validation accuracies differed much after any epoch."""
        return bool(self.apart)


def explanation(*cells: CellResult) -> str:
    """Why the curves of a network look odd, in one line with its figures.

    Args:
        cells: one of each seed; the figures are means of theirs, and the distances the largest.

    Returns:
        Empty where no curve looks odd.
    """
    qualities = [cell.quality for cell in cells if cell.quality is not None]
    found = [one for quality in qualities if (one := Normalisation.of(quality.history)) is not None]
    if not any(one.matters for one in found):
        return ""
    widest = max(found, key=lambda one: one.widest)
    seeds = f" (means of {len(found)} seeds)" if len(found) > 1 else ""
    apart = sorted({epoch for one in found for epoch in one.apart})
    return (
        f"{cells[0].label} trains batch normalisation, which uses the statistics of each batch in "
        f"training and moving averages afterwards. Its running training accuracy{seeds}, "
        f"{_mean(one.running for one in found):.3f}, is by batch statistics; by moving averages "
        f"the training images give {_mean(one.train for one in found):.3f}. The validation images "
        f"give {_mean(one.validation for one in found):.3f} by moving averages and "
        f"{_mean(one.batch_validation for one in found):.3f} by batch statistics "
        f"({MUCH} or more apart after epoch {_ranges(apart)}; {widest.widest:.3f} at most, after "
        f"epoch {widest.epoch}). {_split(found)}"
    )


def _split(found: Sequence[Normalisation]) -> str:
    """What of the distance of running and validation accuracy is due to what, in the end."""
    artefact = round(_mean(one.artefact for one in found), 3)
    remaining = round(_mean(one.remaining for one in found), 3)
    if artefact > 0:
        lost = f"After the last epoch {artefact:.3f} of validation accuracy is lost to the averages"
    else:
        lost = "After the last epoch no validation accuracy is lost to the averages"
    if remaining > 0:
        return (
            f"{lost}; {remaining:.3f}, by which running accuracy lies above validation by batch "
            "statistics, is overfitting, and what training within the epoch adds."
        )
    return f"{lost}; by batch statistics the training images are not ahead."


def _ranges(epochs: Sequence[int]) -> str:
    """Numbers in rising order, neighbours drawn together: ``3-5, 8``."""
    runs: list[list[int]] = []
    for epoch in epochs:
        if runs and runs[-1][-1] == epoch - 1:
            runs[-1].append(epoch)
        else:
            runs.append([epoch])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)
