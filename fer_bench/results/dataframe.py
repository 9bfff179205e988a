"""A run as a pandas table, one row for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from fer_bench.results.records import CellResult, Run


COLUMNS = (
    "cell",
    "backbone",
    "init",
    "dataset",
    "seed",
    "status",
    "reason",
    "source",
    "epochs",
    "test_accuracy",
    "test_loss",
    "balanced_accuracy",
    "validation_accuracy",
    "validation_loss",
    "train_accuracy",
    "train_loss",
    "backbone_parameters",
    "trainable_parameters",
    "training_images_per_second",
)
"""Columns of every table, in their order."""


def frame(run: Run) -> pd.DataFrame:
    """Return one row for each cell of a run, in the order of the run.

    Accuracies are shares (0 to 1), losses are in nats, times in seconds. Every column but those of
    inference speed, one for each batch size measured, and of the training speed of the complete
    network, one for each input size, is always there; what was not measured is missing.
    ``run.cells[i].quality.history`` has the series over the epochs, and
    ``fer_bench.metrics.convergence`` the rates that follow from them.
    """
    import pandas as pd

    rows = [_row(cell) for cell in run.cells]
    speeds = sorted({name for row in rows for name in row} - set(COLUMNS))
    table: pd.DataFrame = pd.DataFrame(rows, columns=[*COLUMNS, *speeds])
    return table


def _row(cell: CellResult) -> dict[str, Any]:
    row: dict[str, Any] = {
        "cell": cell.id,
        "backbone": cell.backbone,
        "init": cell.init,
        "dataset": cell.dataset,
        "seed": cell.seed,
        "status": cell.status,
        "reason": cell.reason,
        "source": cell.source,
    }
    if cell.quality is not None:
        history = cell.quality.history
        recalls = [share for share in cell.quality.recall if share is not None]
        row |= {
            "epochs": history.epochs,
            "test_accuracy": cell.quality.test_accuracy,
            "test_loss": cell.quality.test_loss,
            "balanced_accuracy": sum(recalls) / len(recalls) if recalls else None,
            "validation_accuracy": history.validation_accuracy[-1],
            "validation_loss": history.validation_loss[-1],
            "train_accuracy": history.train_accuracy[-1],
            "train_loss": history.train_loss[-1],
        }
    if cell.parameters is not None:
        row |= {
            "backbone_parameters": cell.parameters.backbone,
            "trainable_parameters": cell.parameters.trainable,
        }
    if cell.training is not None:
        row["training_images_per_second"] = cell.training.images_per_second
    for speed in cell.inference:
        row[f"inference_median_seconds_{speed.batch_size}"] = speed.median
    for network in cell.network_training:
        column = f"network_training_images_per_second_{network.input_size}"
        row[column] = network.images_per_second
    return row
