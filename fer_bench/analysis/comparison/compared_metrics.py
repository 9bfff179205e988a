"""The figures of a cell that two results files are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "nats", "share per epoch", "images/s", "s"]


@dataclass(frozen=True)
class Figure:
    """One figure of a cell.

    Attributes:
        name: in rules and files: ``"accuracy"``, ``"inference.p99"``.
        unit: of its values.
        higher_is_better: whether a larger value is the better one; None where neither is.
        speed: whether it is a time or a speed, which every run measures anew.
        mark: between the name and what the figure is of, where a cell has several of it.
    """

    name: str
    unit: Unit
    higher_is_better: bool | None
    speed: bool = False
    mark: str = ""

    def named(self, of: str) -> str:
        """Its name with what it is of: ``"inference.p99@32"``, ``"recall.Happy"``."""
        return f"{self.name}{self.mark}{of}" if of else self.name


ACCURACY = Figure("accuracy", "share", True)
CLEAN_ACCURACY = Figure("accuracy.clean", "share", True)
LOSS = Figure("loss", "nats", False)
RECALL = Figure("recall", "share", True, mark=".")
INITIAL_ACCURACY = Figure("initial.accuracy", "share", True)
INITIAL_LOSS = Figure("initial.loss", "nats", False)
MCR = Figure("mcr", "share per epoch", None)
MOFR = Figure("mofr", "share per epoch", False)
TRAINING_SPEED = Figure("training.speed", "images/s", True, speed=True)
INFERENCE_MEDIAN = Figure("inference.median", "s", False, speed=True, mark="@")
INFERENCE_P99 = Figure("inference.p99", "s", False, speed=True, mark="@")

FIGURES = (
    ACCURACY,
    CLEAN_ACCURACY,
    LOSS,
    RECALL,
    INITIAL_ACCURACY,
    INITIAL_LOSS,
    MCR,
    MOFR,
    TRAINING_SPEED,
    INFERENCE_MEDIAN,
    INFERENCE_P99,
)
"""All of them, in the order in which they are told.

``accuracy`` and ``loss`` are of the test images, ``accuracy.clean`` is of those without a twin in
training, where that is known, and ``recall`` of one class of them; ``initial`` is on the validation
images after one epoch; ``mcr`` and ``mofr`` are the paper's mean convergence rate and mean
overfitting rate of accuracy over all epochs. A faster convergence is no better in itself.
``inference`` is the time of one call, at each batch size.
"""
