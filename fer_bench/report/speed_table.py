"""Table of training and inference speeds."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.timing_noise import noise_text, timing_noise
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Entry, Table
from fer_bench.results.fact_names import SPEED
from fer_bench.results.speed_units import speed_unit

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.speeds import InferenceSpeed


def speed_table(analysis: Analysis) -> Table:
    """Return the table of training and inference speeds, a row for each backbone and init."""
    run, cells = analysis.run, analysis.means
    sizes = sorted({speed.batch_size for cell in cells for speed in cell.inference})
    counted = speed_unit(run)
    mark = "CPU " if counted == "CPU seconds" else ""
    columns = [
        Column(f"images/{mark}s", "training", style="speed"),
        Column(f"epoch, {mark}s", "training", style="speed"),
        Column("rounds", "training"),
    ]
    for size in sizes:
        columns += [
            Column(f"median, {mark}ms", f"batch {size}", style="speed"),
            Column(f"p99, {mark}ms", f"batch {size}", style="speed"),
            Column(f"images/{mark}s", f"batch {size}", style="speed"),
        ]
    inputs = sorted({speed.input_size for cell in cells for speed in cell.network_training})
    columns += [Column(f"images/{mark}s", f"network, {size} px", style="speed") for size in inputs]
    rows, measures = [], []
    for cell in cells:
        training = cell.training
        entries: list[Entry] = [None] * 3
        if training is not None:
            entries = [
                training.images_per_second,
                statistics.median(training.seconds),
                len(training.seconds),
            ]
        measured = {speed.batch_size: speed for speed in cell.inference}
        for size in sizes:
            entries += _inference(measured.get(size))
        by_batch = [measured[size].median if size in measured else None for size in sizes]
        at_input = {speed.input_size: speed.images_per_second for speed in cell.network_training}
        by_input = [at_input.get(size) for size in inputs]
        entries += by_input
        in_training = None if training is None else training.images_per_second
        measures.append([in_training, *by_batch, *by_input])
        # Show the word in the first group not measured, not in a p99 that only lacks enough calls.
        missing = [3 + 3 * index for index, size in enumerate(sizes) if size not in measured]
        if training is None:
            missing = [0, *missing]
        complete = not missing and bool(sizes)
        place = missing[0] if missing else None
        rows.append(replace(cell_row(cell, entries, measured=complete), place=place))
    noise = noise_text(timing_noise(zip(analysis.groups, measures, strict=True)))
    return Table(
        key="speed",
        title="Speed",
        head="Model",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            "Measured in this run, even if the result is from the store. training: one epoch of "
            "the trainable layers on stored features of the frozen ones, median of the rounds. "
            "batch N: from N uint8 images of 48x48 to probabilities, through all layers; p99 needs "
            "100 calls. network, N px: a few training batches of the complete network, frozen "
            "layers included, from images resized to N pixels.",
            *([noise] if noise else []),
            *([f"All times are {counted}, not elapsed time."] if counted else []),
            *(f"Speed {value}." for name, value in run.environment if name == SPEED),
        ),
    )


def _inference(speed: InferenceSpeed | None) -> list[Entry]:
    if speed is None:
        return [None] * 3
    p99 = None if speed.p99 is None else 1000 * speed.p99
    return [1000 * speed.median, p99, speed.images_per_second]
