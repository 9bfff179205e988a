"""A run as a pandas table, one row for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from fer_bench.results.records import CellResult, Run


def frame(run: Run) -> pd.DataFrame:
    """Return one row for each cell of a run, in the order of the run.

    Accuracies are shares (0 to 1), losses are in nats, times in seconds. What was not measured is
    missing (NaN). Series over the epochs are in ``run.cells[i].quality.history``.
    """
    import pandas as pd

    table: pd.DataFrame = pd.DataFrame([_row(cell) for cell in run.cells])
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
    return row
