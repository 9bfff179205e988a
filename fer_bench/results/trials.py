"""Trials of a swept cell, and the choice of the best one by the validation images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SWEEP = "sweep"
"""Name of the part of a cell's time that is spent on trials other than the chosen one."""


@dataclass(frozen=True)
class TrialSetting:
    """Setting of a trial.

    Attributes:
        name: name of its option, as in ``fer_bench.protocol.sweep.AXES``, or of the parameter of a
            fitted head.
        value: value as text.
    """

    name: str
    value: str


@dataclass(frozen=True)
class Trial:
    """One combination of settings of a swept cell, trained with the cell's seed.

    Its metrics are those of the network that a cell with these settings has: after the last epoch,
    or with early stopping after the best one.

    Attributes:
        settings: settings in which the trials differ.
        validation_accuracy: accuracy on the validation images; None if training diverged.
        validation_loss: mean cross-entropy on them in nats; None likewise.
        test_accuracy: accuracy on the test images, a diagnosis that plays no part in the choice;
            None likewise, and if the split has no test part.
        epochs: number of epochs of that network; 0 for fitted heads.
        chosen: True for the trial with the cell's settings.
        reason: reason for missing metrics, one line.
    """

    settings: tuple[TrialSetting, ...]
    validation_accuracy: float | None
    validation_loss: float | None
    test_accuracy: float | None
    epochs: int
    chosen: bool = False
    reason: str = ""

    def __str__(self) -> str:
        """Return the settings: ``learning-rate 0.001, weight-decay 0``."""
        return ", ".join(f"{one.name} {one.value}" for one in self.settings)


def best(trials: Sequence[Trial]) -> int | None:
    """Return the index of the best trial on the validation images; None if all diverged.

    It has the highest accuracy, among equal ones the lowest loss, and then comes first.
    """
    measured = [
        (-one.validation_accuracy, one.validation_loss, index)
        for index, one in enumerate(trials)
        if one.validation_accuracy is not None and one.validation_loss is not None
    ]
    return min(measured)[2] if measured else None
