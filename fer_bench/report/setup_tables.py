"""Tables of a run's cells, sweeps, protocol and environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.number_text import ci_text, counted, signed_points
from fer_bench.analysis.sweeps import mean_optimism, optimism, score_the_same, values_at_an_end
from fer_bench.protocol import published
from fer_bench.protocol.sweep import AXES
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Entry, Row, Table
from fer_bench.results.fact_names import OF_FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import CellResult, DatasetSummary, Run
    from fer_bench.results.trials import Trial


def cells_table(analysis: Analysis) -> Table:
    """Return the table of the status, parameters and chosen settings of each cell."""
    has_paper = any(cell.backbone in published.PARAMETERS for cell in analysis.run.cells)
    # From the record: the package that offers a head may not be installed here.
    parameters = {
        one.name.removeprefix("head_"): one.value.rpartition(" of ")[0]
        for one in analysis.run.protocol
        if one.name.startswith("head_")
    }
    rows = []
    for cell in analysis.run.cells:
        counts = cell.parameters
        entries: tuple[Entry, ...] = (
            cell.status,
            cell.source,
            None if counts is None else counts.backbone,
            *([published.PARAMETERS.get(cell.backbone)] if has_paper else []),
            None if counts is None else counts.trainable,
            _chosen(cell, parameters),
        )
        row = cell_row(cell, entries, measured=cell.quality is not None, seed=analysis.has_seeds)
        rows.append(replace(row, missing=""))
    columns = (
        Column("status", kind="word"),
        Column("result", kind="word", keys=("", "quality")),
        Column("backbone", "parameters", compared=has_paper),
        *([Column("paper", "parameters", published=True)] if has_paper else []),
        Column("trainable", "parameters"),
        Column("head", "chosen", kind="word", optional=True),
    )
    notes = (
        "result: trained in this run, or loaded from the store by its fingerprint. "
        "backbone: without its last layer. trainable: including the head.",
        "chosen: on the validation images, from the grid in the protocol."
        if any(_chosen(cell, parameters) for cell in analysis.run.cells)
        else "",
    )
    return Table("cells", "Cells", "Model", columns, rows, notes)


def _chosen(cell: CellResult, parameters: Mapping[str, str]) -> str | None:
    """Return the settings that were chosen for a cell; None if there was no choice."""
    if cell.head_value is not None:
        return f"{parameters.get(cell.head, 'value')} {cell.head_value:g}"
    return None if cell.chosen is None else str(cell.chosen)


def weights_table(analysis: Analysis) -> Table:
    """Return the table of the weights that each cell starts from, and its fingerprint."""
    columns = (
        Column("source", kind="text", keys=("", "from")),
        Column("fingerprint", kind="word"),
    )
    rows = []
    for cell in analysis.run.cells:
        entries = (cell.weights or None, cell.fingerprint[:12] or None)
        measured = bool(cell.weights)
        rows.append(cell_row(cell, entries, measured=measured, seed=analysis.has_seeds))
    note = "fingerprint: first 12 digits of the digest of everything that determines the result."
    return Table("weights", "Initial weights", "Model", columns, rows, [note])


def protocol_table(analysis: Analysis) -> Table:
    """Return the table of all settings with their origin, and deviations from the paper."""
    found = analysis.deviations
    columns = (
        Column("value", kind="text"),
        Column("origin", kind="word"),
        Column("reason", kind="text", keys=("", "why")),
    )
    rows = [
        Row(name.replace("figures", "metrics"), (entry.value, entry.origin, entry.why), key=name)
        for entry in analysis.run.protocol
        for name in (entry.name.replace("_", " "),)
    ]
    notes = (
        "stated: by the paper. chosen: by this project, as the paper does not state it. "
        "changed: for this run.",
        f"Not directly comparable with the paper: {'; '.join(found)}." if found else "",
    )
    return Table("protocol", "Protocol", "Setting", columns, rows, notes)


def environment_table(run: Run) -> Table:
    """Return the table of recorded facts about machine and software."""
    columns = [Column("value", kind="text")]
    rows = [Row(name, (value,)) for name, value in run.environment]
    data = f"Data set {run.dataset.name}, content digest {run.dataset.digest}."
    return Table("environment", "Environment", "Property", columns, rows, [data, *_elsewhere(run)])


def _elsewhere(run: Run) -> Iterable[str]:
    """Yield a note for each environment difference between stored results and the run."""
    around = {name: value.split("; ") for name, value in run.environment}
    found: dict[str, list[CellResult]] = {}
    for cell in run.cells:
        others = [
            f"{name} {value}"
            for name, value in cell.computed_on
            if value not in around.get(name, ()) and (name in around or name.endswith(OF_FEATURES))
        ]
        if others:
            found.setdefault(", ".join(others), []).append(cell)
    several = len({cell.seed for cell in run.cells}) > 1
    for what, cells in found.items():
        names = "; ".join(cell.name if several else cell.label for cell in cells)
        yield (
            f"Computed in another environment ({what}), which may change the last digits: {names}."
        )


def sweep_tables(analysis: Analysis) -> list[Table]:
    """Return the table of all trials of all swept cells, or none if no cell was swept."""
    swept, data = [cell for cell in analysis.run.cells if cell.trials], analysis.dataset
    if not swept:
        return []
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
    notes = [
        "Accuracy: %. Loss: nats. Each trial has the batches and initial weights of the cell, and "
        "the metrics of the epoch whose weights a cell keeps: the last one, or with early stopping "
        "the best one.",
        "chosen: highest validation accuracy, among equal ones lowest validation loss, then the "
        "first. The test accuracy is a diagnosis that plays no part in it.",
        "optimism: validation minus test accuracy, in points. Its CI is that of two shares of "
        "different images; it does not know that the trial was chosen."
        if data.has_test
        else "",
    ]
    rows = []
    for cell in swept:
        label = cell.name if analysis.has_seeds else cell.label
        rows += [_trial_row(label, cell, trial, data) for trial in cell.trials]
        notes.append(f"{label}: {_sweep_summary(cell, data)}")
    return [Table("sweep", "Sweep", "Model", columns, rows, notes)]


def _trial_row(label: str, cell: CellResult, trial: Trial, data: DatasetSummary) -> Row:
    values = {one.name: one.value for one in trial.settings}
    others = [f"{name} {value}" for name, value in values.items() if name not in AXES]
    found = optimism(trial, data)
    entries: tuple[Entry, ...] = (
        *map(values.get, AXES),
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


def _sweep_summary(cell: CellResult, data: DatasetSummary) -> str:
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
