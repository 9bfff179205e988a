"""What trained batch normalisation does to the figures of a cell, and what is overfitting.

In training a batch-normalisation layer uses mean and variance of the batch; afterwards, moving
averages of them that it gathered meanwhile (Ioffe and Szegedy, *Batch Normalization*, 2015,
algorithm 2). Where the weights before or in it move fast, the averages lag behind: the network
that is evaluated is not the one that was trained, and its accuracy jumps from epoch to epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.results import CellResult, History

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
    """

    running: float
    train: float
    batch_validation: float
    validation: float
    widest: float
    epoch: int

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
        )

    @property
    def overfitting(self) -> float:
        """What the training images are ahead by, both by batch statistics."""
        return self.running - self.batch_validation

    @property
    def artefact(self) -> float:
        """What the validation images lose to the moving averages."""
        return self.batch_validation - self.validation

    @property
    def matters(self) -> bool:
        """Whether the two validation accuracies differed much after any epoch."""
        return self.widest >= MUCH


def explanation(cell: CellResult) -> str:
    """Why a cell's curves look odd, in one line with its figures; empty where they do not."""
    found = None if cell.quality is None else Normalisation.of(cell.quality.history)
    if found is None or not found.matters:
        return ""
    return (
        f"{cell.label} trains batch normalisation, which uses the statistics of each batch in "
        f"training and moving averages afterwards. Its running training accuracy, "
        f"{found.running:.3f}, is by batch statistics; by moving averages the training images "
        f"give {found.train:.3f}. The validation images give {found.validation:.3f} by moving "
        f"averages and {found.batch_validation:.3f} by batch statistics (up to {found.widest:.3f} "
        f"apart, after epoch {found.epoch}). Of the gap of "
        f"{found.running - found.validation:.3f} between running and validation accuracy, "
        f"{found.artefact:.3f} is due to the moving averages and {found.overfitting:.3f} is "
        "overfitting."
    )
