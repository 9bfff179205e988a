"""Tables of a run: those of the paper first, then the other results."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.batch_norm_gap import explain
from fer_bench.analysis.cross_scores import other_sets
from fer_bench.protocol.head import is_fitted
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.claims_table import claims_table
from fer_bench.report.convergence_tables import rate_tables, setting
from fer_bench.report.dataset_tables import class_counts_table
from fer_bench.report.further_tests import (
    cross_table,
    deduplicated_note,
    few_shot_tables,
    subset_tables,
)
from fer_bench.report.metrics_tables import (
    calibration_table,
    class_metrics_table,
    metrics_table,
    pairs_table,
    uncertainty_table,
)
from fer_bench.report.recommendation_text import recommendation_tables
from fer_bench.report.setup_tables import (
    cells_table,
    environment_table,
    protocol_table,
    sweep_tables,
    weights_table,
)
from fer_bench.report.table import Column, Entry, Table
from fer_bench.report.time_tables import speed_table, stages_table, time_to_accuracy_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult


_MEANS = (
    *("table-2", "table-3", "table-4", "table-5", "initial", "final", "clean", "votes"),
    *("metrics", "recall", "classes"),
)
"""Keys of the tables of means over seeds, which name the seeds."""


def tables(analysis: Analysis) -> list[Table]:
    """Return all tables of a run in the order of the report, the verdicts last.

    Their keys: ``table-1`` to ``table-5``, ``initial``, ``final``, ``clean`` and ``votes`` if
    duplicates and votes are known, ``metrics``, ``cross`` if cells were tested on another data
    set, ``recall``, ``classes``, ``few-shot`` if there is any, ``uncertainty``, ``pairs``,
    ``recommendation`` if a network was tested, ``papers-recommendation`` if the paper recommends
    one that was run, ``calibration``, ``learning-speed``, ``sweep`` if a cell was swept,
    ``speed``, ``parts``, ``cells``, ``weights``, ``protocol``, ``environment``, ``claims``. If
    cells were trained with several seeds, ``cross``, ``sweep``, ``parts``, ``cells`` and
    ``weights`` have rows for each seed, the other tables a row for the mean.

    Raises:
        ValueError: the protocol lacks epochs or window, or a history does not match it.
    """
    run, seeds = analysis.run, _seeds(analysis.trained)
    made = [
        class_counts_table(analysis),
        *rate_tables(analysis),
        _initial(analysis),
        _final(analysis),
        *subset_tables(analysis),
        metrics_table(analysis),
        *([cross_table(analysis)] if other_sets(run.cells) else []),
        _recall(analysis),
        class_metrics_table(analysis),
        *few_shot_tables(analysis),
        uncertainty_table(analysis),
        pairs_table(analysis.pairs, has_test=analysis.dataset.has_test),
        *recommendation_tables(analysis.recommendation),
        calibration_table(analysis),
        time_to_accuracy_table(analysis),
        *sweep_tables(analysis),
        speed_table(analysis),
        stages_table(analysis),
        cells_table(analysis),
        weights_table(analysis),
        protocol_table(analysis),
        environment_table(run),
        claims_table(analysis),
    ]
    return [
        replace(table, notes=(*table.notes, seeds)) if table.key in _MEANS else table
        for table in made
    ]


def _seeds(trained: Sequence[Group]) -> str:
    """Return a note on the seeds averaged over; empty if all cells have the same single seed."""
    several = any(len(group.seeds) > 1 for group in trained)
    kinds = Counter(tuple(sorted(group.seeds)) for group in trained)
    if len(kinds) < 2:
        seeds = next(iter(kinds), ())
        return f"Mean over {len(seeds)} seeds ({', '.join(map(str, seeds))})." if several else ""
    usual, count = kinds.most_common(1)[0]
    listed = [
        f"{group.label}: {', '.join(map(str, sorted(group.seeds)))}"
        for group in trained
        if count == 1 or tuple(sorted(group.seeds)) != usual
    ]
    if count > 1:
        listed.append(f"others: {', '.join(map(str, usual))}")
    return f"{'Means over seeds' if several else 'Seed'}: {'; '.join(listed)}."


def _initial(analysis: Analysis) -> Table:
    columns = [
        _metric(name, f"{part} {metric}")
        for metric in ("accuracy", "loss")
        for part in ("training", "validation")
        for name in ("untrained", "epoch 1")
    ]
    rows = [cell_row(cell, _initial_metrics(cell)) for cell in analysis.means]
    notes = (
        "Accuracy: %. Loss: nats. Training metrics of epoch 1 are means over its "
        "batches; all others are evaluated.",
        f"Initial, by the protocol: {setting(analysis.run, 'initial')}. The paper plots its "
        "initial metrics without giving numbers.",
    )
    return Table("initial", "Initial accuracy and loss", "Model", columns, rows, notes)


def _initial_metrics(cell: CellResult) -> Sequence[Entry] | None:
    if cell.quality is None or is_fitted(cell.head):
        return None
    history = cell.quality.history
    return (
        history.train_accuracy[0],
        history.running_accuracy[0],
        *history.validation_accuracy[:2],
        history.train_loss[0],
        history.running_loss[0],
        *history.validation_loss[:2],
    )


def _metric(name: str, group: str) -> Column:
    """Return a column of accuracies in percent, or of losses, by the name of its group."""
    keys = (group, _KEYS.get(name, name))
    if group.endswith("accuracy"):
        return Column(name, group, decimals=1, style="percent", keys=keys)
    return Column(name, group, decimals=3, keys=keys)


_KEYS = {"during epoch": "running", "batch statistics": "by batches", "deduplicated": "clean"}
"""Names of columns in ``tables.csv`` that differ from their headings."""


def _final(analysis: Analysis) -> Table:
    """Return the metrics after the last epoch."""
    found = [_final_metrics(group) for group in analysis.groups]
    known = analysis.subsets
    notes = [
        "Accuracy: %. Loss: nats. during epoch: training data, mean over the batches "
        "of the last epoch; training, validation, test: evaluated after it.",
    ]
    names = ["during epoch", "training", "validation", "test"]
    if any(one.get(("accuracy", "batch statistics")) is not None for one in found):
        names.insert(3, "batch statistics")
        notes.append(
            "batch statistics: validation with trained batch normalisation using the statistics of "
            "each batch, as in training; a diagnosis."
        )
    notes += [explain(group.label, group.batch_norm_gaps) for group in analysis.groups]
    keys = [(metric, name) for metric in ("accuracy", "loss") for name in names]
    if known is not None and known.deduplicated.any():
        keys.insert(len(names), ("accuracy", "deduplicated"))
        notes.insert(1, deduplicated_note(known))
    rows = []
    for group, metrics in zip(analysis.groups, found, strict=True):
        entries = [metrics.get(key) for key in keys] if metrics else None
        row = cell_row(group.mean, entries, data=analysis.dataset)
        # Without a test part, "batch statistics" is not what a row lacks.
        in_test = metrics and not analysis.dataset.has_test
        rows.append(replace(row, place=names.index("test") if in_test else None))
    title = f"Final accuracy and loss on {analysis.dataset.name}"
    columns = [_metric(name, metric) for metric, name in keys]
    return Table("final", title, "Model", columns, rows, notes)


def _final_metrics(group: Group) -> dict[tuple[str, str], float | None]:
    """Return values by metric and name of their column; empty without results."""
    if group.mean.quality is None:
        return {}
    quality, history = group.mean.quality, group.mean.quality.history
    clean = None if group.leakage is None else group.leakage.deduplicated
    found = {("accuracy", "deduplicated"): None if clean is None else clean.accuracy}
    for metric in ("accuracy", "loss"):
        series = {
            "during epoch": f"running_{metric}",
            "training": f"train_{metric}",
            "validation": f"validation_{metric}",
            "batch statistics": f"batch_validation_{metric}",
        }
        for name, field in series.items():
            found[metric, name] = next(reversed(getattr(history, field)), None)
        found[metric, "test"] = getattr(quality, f"test_{metric}")
    return found


def _recall(analysis: Analysis) -> Table:
    names = [name for name, _ in analysis.dataset.counts]
    notes = ["Recall: % of the test images of a class that are predicted as that class."]
    if analysis.trained and analysis.dataset.has_test:
        tested = [sum(row) for row in analysis.trained[0].qualities[0].confusion]
        sizes = ", ".join(f"{name} {size:,}" for name, size in zip(names, tested, strict=True))
        notes.append(f"Test images: {sizes}.")
    columns = [Column(name, decimals=1, style="percent") for name in names]
    rows = []
    for cell in analysis.means:
        recall = None if cell.quality is None else cell.quality.recall
        rows.append(cell_row(cell, recall, data=analysis.dataset))
    return Table("recall", "Recall per class on the test images", "Model", columns, rows, notes)
