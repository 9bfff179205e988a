"""A run as pandas tables: one row for each cell, or for each class or few-shot draw of each cell.

Accuracies and the other metrics are shares (0 to 1), losses are in nats, times in seconds. Metrics
followed by ``_low`` and ``_high`` are the limits of their 95 % CI over the test images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_bench.results.metric_estimates import OF_CLASSES, OVERALL, correct, estimate_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from fer_bench.results.metric_estimates import Estimate
    from fer_bench.results.records import CellResult, DatasetSummary, Run

_NAMES = {name: "test_accuracy" if name == "accuracy" else name for name in OVERALL}
"""Columns of the metrics on the test images by the metric's name."""

_NAMED = ("cell", "backbone", "init", "head", "dataset")
_CELL = {**dict.fromkeys(_NAMED, "string"), "seed": "int64"}


def _floats(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "float64")


def _with_limits(names: Sequence[str]) -> dict[str, str]:
    return _floats(*(f"{name}{end}" for name in names for end in ("", "_low", "_high")))


_RESULT = {
    **dict.fromkeys(("status", "reason", "source"), "string"),
    "epochs": "Int64",
    **_floats("test_accuracy", "deduplicated_accuracy", "cross_test_accuracy", "test_loss"),
    **_floats("balanced_accuracy", "validation_accuracy", "validation_loss"),
    **_floats("train_accuracy", "train_loss"),
    **dict.fromkeys(("backbone_parameters", "trainable_parameters"), "Int64"),
    **_floats("head_value", "training_images_per_second"),
}


COLUMNS = {**_CELL, **_RESULT, **_with_limits([_NAMES[name] for name in OVERALL])}
"""Columns of every table of cells, with their types; limits of ``ece`` are always missing."""

CLASS_COLUMNS = {**_CELL, "class": "string", "images": "int64", **_with_limits(OF_CLASSES)}
"""Columns of every table of classes, with their types."""

DRAW_COLUMNS = {
    **_CELL,
    "shots": "int64",
    "mieb": "bool",
    "draw": "int64",
    **_floats("accuracy", "deduplicated_accuracy"),
}
"""Columns of every table of few-shot draws, with their types."""


def cell_frame(run: Run) -> pd.DataFrame:
    """Return one row for each cell of a run, in the order of the run.

    Every column but those of inference speed, one for each batch size measured, and of the training
    speed of the complete network, one for each input size, is always there; what was not measured
    is missing. ``run.cells[i].quality.history`` has the series over the epochs, and
    ``fer_bench.metrics.convergence`` the rates that follow from them.
    """
    rows = [_row(cell, run.dataset) for cell in run.cells]
    speeds = sorted({name for row in rows for name in row} - set(COLUMNS))
    return _table(rows, {**COLUMNS, **_floats(*speeds)})


def class_frame(run: Run) -> pd.DataFrame:
    """Return one row for each class of each tested cell, in the order of the run.

    ``images`` is the number of test images of the class, also called support.
    """
    rows = [
        {**names_of(cell), "class": one.name, "images": one.images}
        | _limits({name: getattr(one, name) for name in OF_CLASSES})
        for cell in run.cells
        if cell.quality is not None
        and (metrics := estimate_metrics((cell.quality,), run.dataset)) is not None
        for one in metrics.classes
    ]
    return _table(rows, CLASS_COLUMNS)


def draw_frame(run: Run) -> pd.DataFrame:
    """Return one row for each draw of the few-shot evaluation, in the order of the run.

    ``shots`` is the number of training images of each class. In the rows with ``mieb``, training
    and test images are MIEB's.
    """
    rows = []
    for cell in run.cells:
        for found in cell.few_shot:
            labels, codes = found.tested(run.dataset)
            for number, right in enumerate(found.predicted == labels):
                accuracies = {"accuracy": right.mean(), **_deduplicated(right, codes)}
                facts = {"shots": found.shots, "mieb": found.mieb, "draw": number}
                rows.append(names_of(cell) | facts | accuracies)
    return _table(rows, DRAW_COLUMNS)


def _deduplicated(right: NDArray[np.bool_], codes: NDArray[np.uint8]) -> dict[str, float]:
    """Return the accuracy on images without a duplicate in training, by its column, if known."""
    return {"deduplicated_accuracy": right[codes == 0].mean()} if (codes == 0).any() else {}


def _table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    table: pd.DataFrame = pd.DataFrame(rows, columns=[*columns]).astype(dict(columns))
    return table


def names_of(cell: CellResult) -> dict[str, Any]:
    """Return what identifies a cell, by the name of its column."""
    return {name: cell.id if name == "cell" else getattr(cell, name) for name in _CELL}


def _limits(estimates: Mapping[str, Estimate]) -> dict[str, float | None]:
    return {
        f"{name}{end}": value
        for name, one in estimates.items()
        for end, value in (("", one.value), ("_low", one.low), ("_high", one.high))
    }


def _row(cell: CellResult, dataset: DatasetSummary) -> dict[str, Any]:
    row = names_of(cell) | {"status": cell.status, "reason": cell.reason, "source": cell.source}
    row["head_value"] = cell.head_value
    if cell.quality is not None:
        history = cell.quality.history
        row |= {
            "epochs": history.epochs,
            "test_loss": cell.quality.test_loss,
            "validation_accuracy": history.validation_accuracy[-1],
            "validation_loss": history.validation_loss[-1],
            "train_accuracy": history.train_accuracy[-1],
            "train_loss": history.train_loss[-1],
        }
        metrics = estimate_metrics((cell.quality,), dataset)
        if metrics is not None:
            row |= _limits({_NAMES[name]: getattr(metrics, name) for name in OVERALL})
            row["test_accuracy"] = cell.quality.test_accuracy
        right = correct((cell.quality,), dataset.labels)
        if right is not None:
            row |= _deduplicated(right[0], dataset.twins)
    if cell.cross_test is not None:
        row["cross_test_accuracy"] = cell.cross_test.accuracy
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


FRAMES = {"cell": cell_frame, "class": class_frame, "draw": draw_frame}
"""Functions that make the tables, by the meaning of a row."""
