"""Summary of runs as CSV: one row for each cell, with typed columns."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.cross_scores import cross_score
from fer_bench.analysis.seed_groups import Group
from fer_bench.analysis.standings import beats_majority, inference_speed
from fer_bench.analysis.training_time import training_seconds
from fer_bench.results.dataframe import names_of
from fer_bench.results.speed_units import speed_unit
from fer_bench.runtime.escapes import in_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.experiments import Experiment
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.metric_estimates import Estimate
    from fer_bench.results.records import CellResult


def _with_limits(*names: str) -> list[str]:
    return [f"{name}{end}" for name in names for end in ("", "_low", "_high")]


COLUMNS = (
    *("run", "cell", "backbone", "init", "head", "dataset", "seed", "status"),
    *_with_limits("test_accuracy", "macro_f1", "balanced_accuracy"),
    *("validation_accuracy", "beats_majority_baseline"),
    *("parameters_total", "parameters_trainable"),
    *("training_seconds", "latency_milliseconds", "images_per_second", "batch_size", "time_unit"),
    "other_dataset",
    *_with_limits("other_accuracy"),
    *("other_macro_f1", "other_baseline", "other_accuracy_deduplicated"),
    "reason",
)
"""Columns of the file, in their order.

``run`` is what distinguishes the run from the others of the report, empty for a single one.
Accuracies and F1 are shares (0 to 1), ``_low`` and ``_high`` the limits of their 95 % CI over the
test images. ``training_seconds`` counts frozen features and all epochs. ``latency_milliseconds`` is
that of a single image, ``images_per_second`` the speed in batches of ``batch_size``. ``time_unit``
is ``wall clock``, or ``CPU seconds`` for all times. Columns of ``other_`` are the test on another
data set; its baseline is the share of the largest class.
"""


def summary_csv(sets: Iterable[tuple[Analysis, Sequence[Experiment]]]) -> str:
    """Return one line for each requested cell, in the order of the runs.

    Numbers are written at full precision; what was not measured is empty.

    Args:
        sets: analysis of each set of test images, with the experiments that ``pool`` joined in it.
    """
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for analysis, experiments in sets:
        unit = speed_unit(analysis.run) or "wall clock"
        # ``pool`` changes the backbones' names to keep the networks of several runs apart.
        recorded = ((one.name, cell) for one in experiments for cell in one.run.cells)
        for (name, own), pooled in zip(recorded, analysis.run.cells, strict=True):
            cell = replace(pooled, backbone=own.backbone)
            seeds = next(one.trained for one in analysis.groups if pooled in one.cells)
            row = {"run": name, **_row(cell, seeds, analysis), "time_unit": unit}
            writer.writerow(
                {key: in_csv(one) if isinstance(one, str) else one for key, one in row.items()}
            )
    return target.getvalue()


def _row(cell: CellResult, seeds: Sequence[CellResult], analysis: Analysis) -> dict[str, Any]:
    row: dict[str, Any] = {**names_of(cell), "status": cell.status, "reason": cell.reason}
    if cell.quality is None:
        return row
    group = Group((cell,), analysis.dataset)
    if group.metrics is not None:
        row |= _estimate("test_accuracy", group.metrics.accuracy)
        row |= _estimate("macro_f1", group.metrics.macro_f1)
        row |= _estimate("balanced_accuracy", group.metrics.balanced_accuracy)
    beats = beats_majority(group)
    if cell.parameters is not None:
        row["parameters_total"] = cell.parameters.total
        row["parameters_trainable"] = cell.parameters.trainable
    latency, throughput, batch_size = inference_speed((cell,))
    row |= {
        "validation_accuracy": cell.quality.history.validation_accuracy[-1],
        "beats_majority_baseline": None if beats is None else str(beats).lower(),
        "training_seconds": training_seconds(cell, seeds),
        "latency_milliseconds": None if latency is None else 1000 * latency,
        "images_per_second": throughput,
        "batch_size": batch_size,
    }
    test = cell.cross_test
    found = None if test is None else cross_score(test.confusion)
    if test is None or found is None:
        return row
    deduplicated = cross_score(test.deduplicated)
    return row | {
        "other_dataset": test.dataset,
        **_estimate("other_accuracy", found.accuracy),
        "other_macro_f1": found.macro_f1.value,
        "other_baseline": found.baseline,
        "other_accuracy_deduplicated": deduplicated and deduplicated.accuracy.value,
    }


def _estimate(name: str, found: Estimate) -> dict[str, float | None]:
    return dict(zip(_with_limits(name), (found.value, found.low, found.high), strict=True))
