"""Table of the time to accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.protocol.head import is_fitted
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.feature_note import unrecorded_features
from fer_bench.report.table import Column, Entry, Table

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis


def time_to_accuracy_table(analysis: Analysis) -> Table:
    """Return the table of epochs and seconds to a target accuracy common to all networks."""
    found = analysis.time_to_accuracy
    known: dict[str, tuple[Entry, ...]] = {}
    notes = ["No training was timed."]
    if found is not None:
        for curve, time in zip(found.curves, found.times, strict=True):
            group = curve.group
            reached = int(np.argmax(np.array(curve.accuracies) >= found.target))
            epochs: Entry = "never" if time is None else reached
            if is_fitted(group.head):
                epochs = None
            seconds = "never" if time is None else time
            known[group.id] = (epochs, seconds, curve.accuracies[-1])
        notes = [
            f"Target: validation accuracy {100 * found.target:.1f} %, halfway between the share of "
            f"the largest class ({100 * found.baseline:.1f} %) and the best final validation "
            f"accuracy ({100 * found.best:.1f} %). Checked before training and after each epoch; "
            "never: not reached.",
            "seconds: frozen features once and training, in the run that trained the cell; "
            "training time is spread evenly over the epochs. Evaluation is not included."
            + unrecorded_features(analysis.groups),
            "With several seeds: mean accuracy over mean seconds.",
        ]
    return Table(
        key="learning-speed",
        title="Time to accuracy",
        head="Model",
        columns=(
            Column("epochs", "to target", keys=("to the target", "epochs")),
            Column("seconds", "to target", decimals=1, keys=("to the target", "seconds")),
            Column("final validation accuracy", decimals=1, style="percent"),
        ),
        rows=tuple(cell_row(group.mean, known.get(group.id)) for group in analysis.groups),
        notes=tuple(notes),
    )
