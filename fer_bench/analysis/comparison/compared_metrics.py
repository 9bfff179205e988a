"""Metrics of a cell by which results files are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "coefficient", "nats", "share per epoch", "images/s", "s"]


@dataclass(frozen=True)
class Metric:
    """Metric of a cell.

    Attributes:
        name: name in thresholds and files: ``"accuracy"``, ``"inference.p99"``.
        unit: unit of its values.
        higher_is_better: True if larger values are better; None if neither direction is.
        speed: True for a time or a speed, which is measured again in every run.
        mark: separator between the name and the class or batch size, if a cell has several values.
    """

    name: str
    unit: Unit
    higher_is_better: bool | None
    speed: bool = False
    mark: str = ""

    def named(self, of: str) -> str:
        """Return the name with class or batch size: ``"inference.p99@32"``, ``"recall.Happy"``."""
        return f"{self.name}{self.mark}{of}" if of else self.name


ACCURACY = Metric("accuracy", "share", True)
CLEAN_ACCURACY = Metric("accuracy.clean", "share", True)
LOSS = Metric("loss", "nats", False)
RECALL = Metric("recall", "share", True, mark=".")
BALANCED_ACCURACY = Metric("balanced_accuracy", "share", True)
MACRO_F1 = Metric("macro_f1", "share", True)
WEIGHTED_F1 = Metric("weighted_f1", "share", True)
TOP_2 = Metric("top_2", "share", True)
KAPPA = Metric("kappa", "coefficient", True)
MCC = Metric("mcc", "coefficient", True)
ECE = Metric("ece", "share", False)
VALIDATION_ACCURACY = Metric("validation.accuracy", "share", True)
VALIDATION_LOSS = Metric("validation.loss", "nats", False)
INITIAL_ACCURACY = Metric("initial.accuracy", "share", True)
INITIAL_LOSS = Metric("initial.loss", "nats", False)
MCR = Metric("mcr", "share per epoch", None)
MOFR = Metric("mofr", "share per epoch", False)
TRAINING_SPEED = Metric("training.speed", "images/s", True, speed=True)
INFERENCE_MEDIAN = Metric("inference.median", "s", False, speed=True, mark="@")
INFERENCE_P99 = Metric("inference.p99", "s", False, speed=True, mark="@")

METRICS = (
    ACCURACY,
    CLEAN_ACCURACY,
    LOSS,
    RECALL,
    BALANCED_ACCURACY,
    MACRO_F1,
    WEIGHTED_F1,
    TOP_2,
    KAPPA,
    MCC,
    ECE,
    VALIDATION_ACCURACY,
    VALIDATION_LOSS,
    INITIAL_ACCURACY,
    INITIAL_LOSS,
    MCR,
    MOFR,
    TRAINING_SPEED,
    INFERENCE_MEDIAN,
    INFERENCE_P99,
)
"""All metrics, in display order.

``accuracy`` and ``loss`` are on the test images, ``accuracy.clean`` is on the deduplicated ones
(without a duplicate in training), if these are known, and ``recall`` is on the test images of one
class. From ``balanced_accuracy`` to ``ece`` they are the classification metrics of
``fer_bench.results.metric_estimates``. ``validation`` metrics are on the validation images after
the last epoch, of runs without a test part; ``initial`` metrics are on the validation images after
one epoch; ``mcr`` and ``mofr`` are the paper's mean convergence rate and mean overfitting rate of
accuracy over all epochs. Faster convergence is not better in itself. ``inference`` is the time of
one call, for each batch size.
"""
