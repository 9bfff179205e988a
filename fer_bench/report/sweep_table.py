"""Table of sweeps: every trial of each swept cell, the chosen one, and the optimism."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import ci_text, counted, signed_points
from fer_bench.analysis.sweeps import mean_optimism, optimism, score_the_same, values_at_an_end
from fer_bench.protocol.sweep import AXES
from fer_bench.report.table import Column, Entry, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import CellResult, DatasetSummary
    from fer_bench.results.trials import Trial


def sweep_tables(analysis: Analysis) -> list[Table]:
    """Return the table of all trials of all swept cells, or none if no cell was swept."""
    swept = [cell for cell in analysis.run.cells if cell.trials]
    if not swept:
        return []
    labels = {cell.id: cell.name if analysis.has_seeds else cell.label for cell in swept}
    data = analysis.dataset
    columns = (
        *(
            Column(name, kind="word", optional=True, repeated=True)
            for name in (*(axis.replace("-", " ") for axis in AXES), "head")
        ),
        Column("", kind="word", keys=("", "chosen"), repeated=True),
        Column("accuracy", "validation", decimals=1, style="percent"),
        Column("accuracy", "test", decimals=1, style="percent"),
        Column("optimism", decimals=1, style="percent"),
        Column("loss", "validation", decimals=3),
    )
    rows = [_row(labels[cell.id], cell, trial, data) for cell in swept for trial in cell.trials]
    return [Table("sweep", "Sweep", "Model", columns, rows, [*_notes(labels, swept, data)])]


def _row(label: str, cell: CellResult, trial: Trial, data: DatasetSummary) -> Row:
    values = {one.name: one.value for one in trial.settings}
    others = [f"{name} {value}" for name, value in values.items() if name not in AXES]
    found = optimism(trial, data)
    entries: tuple[Entry, ...] = (
        *(values.get(name) for name in AXES),
        ", ".join(others) or None,
        "chosen" if trial.chosen else "",
        trial.validation_accuracy,
        trial.test_accuracy,
        None if found is None else found.value,
        trial.validation_loss,
    )
    missing = "diverged" if trial.validation_accuracy is None else ""
    key = f"{cell.id}, {trial}"
    return Row(label, entries, trial.reason, missing, place=len(AXES) + 2, key=key)


def _notes(labels: dict[str, str], swept: list[CellResult], data: DatasetSummary) -> Iterator[str]:
    yield (
        "Accuracy: %. Loss: nats. Each trial has the batches and initial weights of the cell, and "
        "the metrics of the epoch whose weights a cell keeps: the last one, or with early stopping "
        "the best one."
    )
    yield (
        "chosen: highest validation accuracy, among equal ones lowest validation loss, then the "
        "first. The test accuracy is a diagnosis that plays no part in it."
    )
    if data.has_test:
        yield (
            "optimism: validation minus test accuracy, in points. Its CI is that of two shares of "
            "different images; it does not know that the trial was chosen."
        )
    for cell in swept:
        yield f"{labels[cell.id]}: {_summary(cell, data)}"


def _summary(cell: CellResult, data: DatasetSummary) -> str:
    chosen = cell.chosen
    if chosen is None:
        return "none is chosen."
    found, mean = optimism(chosen, data), mean_optimism(cell.trials, data)
    words = f"{chosen}, chosen from {counted(len(cell.trials), 'trial')}"
    if found is not None and mean is not None:
        words += (
            f"; optimism {signed_points(found.value)} points ({ci_text(found.interval)}), "
            f"mean over the trials {signed_points(mean)}"
        )
    ends = values_at_an_end(cell)
    if score_the_same(cell.trials):
        words += "; all trials have the same validation accuracy: the loss alone decides"
    elif ends:
        words += f"; {' and '.join(ends)} of those tried: others may be better"
    return f"{words}."
