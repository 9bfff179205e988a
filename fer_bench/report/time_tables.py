"""Tables of speeds and times: of training and inference, per stage, to a target accuracy."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.timing_noise import noise_text, timing_noise
from fer_bench.analysis.training_time import lacks_features
from fer_bench.protocol.head import is_fitted
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Bracketed, Column, Entry, Row, Table
from fer_bench.results.fact_names import SPEED
from fer_bench.results.records import EARLY_STOPPING, FROZEN_FEATURES
from fer_bench.results.runtime_speeds import quartiles
from fer_bench.results.speed_units import speed_unit
from fer_bench.results.trials import SWEEP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.runtime_speeds import FileSpeed, RuntimeSpeeds


def speed_table(analysis: Analysis) -> Table:
    """Return the table of training and inference speeds, a row for each backbone and init."""
    run, cells = analysis.run, analysis.means
    sizes = sorted({speed.batch_size for cell in cells for speed in cell.inference})
    inputs = sorted({speed.input_size for cell in cells for speed in cell.network_training})
    counted = speed_unit(run)
    mark = "CPU " if counted == "CPU seconds" else ""
    columns = [
        Column(f"images/{mark}s", "training", style="speed"),
        Column(f"epoch, {mark}s", "training", style="speed"),
        Column("rounds", "training"),
        *(
            Column(name, f"batch {size}", style="speed")
            for size in sizes
            for name in (f"median, {mark}ms", f"p99, {mark}ms", f"images/{mark}s")
        ),
        *(Column(f"images/{mark}s", f"network, {size} px", style="speed") for size in inputs),
    ]
    rows, measures = [], []
    for cell in cells:
        entries: list[Entry] = [None] * len(columns)
        if cell.training is not None:
            seconds = cell.training.seconds
            entries[:3] = cell.training.images_per_second, statistics.median(seconds), len(seconds)
        # Show the word in the first group not measured, not in a p99 that only lacks enough calls.
        missing = [] if cell.training else [0]
        measured = {speed.batch_size: speed for speed in cell.inference}
        for place, size in enumerate(sizes, start=1):
            if size not in measured:
                missing.append(3 * place)
                continue
            speed = measured[size]
            p99 = None if speed.p99 is None else 1000 * speed.p99
            entries[3 * place : 3 * place + 3] = 1000 * speed.median, p99, speed.images_per_second
        by_batch = [measured[size].median if size in measured else None for size in sizes]
        at_input = {speed.input_size: speed.images_per_second for speed in cell.network_training}
        by_input = [at_input.get(size) for size in inputs]
        entries[3 + 3 * len(sizes) :] = by_input
        in_training = cell.training.images_per_second if cell.training else None
        measures.append([in_training, *by_batch, *by_input])
        row = cell_row(cell, entries, measured=not missing and bool(sizes))
        rows.append(replace(row, place=missing[0] if missing else None))
    notes = (
        "Measured in this run, even if the result is from the store. training: one epoch of "
        "the trainable layers on stored features of the frozen ones, median of the rounds. "
        "batch N: from N uint8 images of 48x48 to probabilities, through all layers; p99 needs "
        "100 calls. network, N px: a few training batches of the complete network, frozen "
        "layers included, from images resized to N pixels.",
        noise_text(timing_noise(zip(analysis.groups, measures, strict=True))),
        f"All times are {counted}, not elapsed time." if counted else "",
        *(f"Speed {value}." for name, value in run.environment if name == SPEED),
    )
    return Table("speed", "Speed", "Model", columns, rows, notes)


def stages_table(analysis: Analysis) -> Table:
    """Return the seconds that each stage of each cell took, with the key ``parts``."""
    cells = analysis.run.cells
    stages = dict.fromkeys(name for cell in cells for name, _ in cell.parts)
    names = ["building the network", FROZEN_FEATURES, "compiling", "training", "evaluation"]
    note = (
        "Measured when the cell was trained. frozen features: one pass of all images through "
        "the frozen layers, by this cell or the one that stored them; none if they were stored "
        "on another machine. compiling: once for all seeds of a network. training: all epochs. "
        "evaluation: training and validation images, before the first and after each epoch."
    )
    if EARLY_STOPPING in stages:
        names.insert(-1, EARLY_STOPPING)
        note += f" {EARLY_STOPPING}: the epochs after the best one, which training does not count."
    if SWEEP in stages:
        names.append(SWEEP)
        note += f" {SWEEP}: all trials but the chosen one, apart from frozen features."
    rows = []
    for cell in cells:
        entries = [dict(cell.parts).get(name) for name in names] if cell.parts else None
        rows.append(cell_row(cell, entries, seed=analysis.has_seeds))
    columns = [Column(name, decimals=1) for name in names]
    notes = (note,)
    return Table("parts", "Time per stage, in seconds", "Model", columns, rows, notes)


def time_to_accuracy_table(analysis: Analysis) -> Table:
    """Return the table of epochs and seconds to a target accuracy common to all networks."""
    found = analysis.time_to_accuracy
    known: dict[str, tuple[Entry, ...]] = {}
    notes = ["No training was timed."]
    if found is not None:
        for curve, time in zip(found.curves, found.times, strict=True):
            reached = int(np.argmax(np.array(curve.accuracies) >= found.target))
            epochs: Entry = "never" if time is None else reached
            if is_fitted(curve.group.head):
                epochs = None
            seconds = "never" if time is None else time
            known[curve.group.id] = (epochs, seconds, curve.accuracies[-1])
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
    columns = (
        Column("epochs", "to target", keys=("to the target", "epochs")),
        Column("seconds", "to target", decimals=1, keys=("to the target", "seconds")),
        Column("final validation accuracy", decimals=1, style="percent"),
    )
    rows = [cell_row(group.mean, known.get(group.id)) for group in analysis.groups]
    return Table("learning-speed", "Time to accuracy", "Model", columns, rows, notes)


def unrecorded_features(groups: Sequence[Group]) -> str:
    """Name networks whose training times lack frozen features, after a space; empty without any."""
    names = [group.label for group in groups if lacks_features(group.trained)]
    return f" No time recorded for frozen features: {', '.join(names)}." if names else ""


def runtime_table(found: RuntimeSpeeds, labels: Mapping[str, str] | None = None) -> Table:
    """Return the inference speeds of exported files, with quartiles, for each batch size.

    Args:
        found: the speeds.
        labels: names of the cells by fingerprint, to show only their files; None for all files,
            named as they are.
    """
    files = [one for one in found.files if labels is None or one.fingerprint in labels]
    sizes = sorted({size for one in files for size in one.batches})
    columns = [Column("runtime", kind="word"), Column("input", kind="word")]
    for size in sizes:
        group = f"batch {size}"
        columns += [
            Column("ms/image", group, style="speed", limits=True, keys=(group, "ms/image")),
            Column("img/s", group, style="speed"),
            Column("speed-up", group, decimals=2),
        ]
    others = [one.file for one in found.files if one not in files]
    versions = dict.fromkeys(f"{one.runtime} {one.version}" for one in files)
    machine = f" on {found.processor}" if found.processor else ""
    rows = [
        Row(
            one.file if labels is None else labels[one.fingerprint],
            _runtime_entries(one, found, sizes),
            key=f"{one.runtime} {one.file}",
        )
        for one in files
    ]
    notes = (
        "From images in memory to the output, by 'fer-bench benchmark': median of the calls, "
        "in brackets their quartiles. speed-up: Keras' median divided by this one. "
        f"{'; '.join(versions)}{machine}.",
        f"Of no cell of these results: {', '.join(others)}." if others else "",
    )
    return Table(
        "runtimes",
        f"Inference by runtime, threads: {found.threads}",
        "file" if labels is None else "network",
        columns,
        rows,
        notes,
    )


def _runtime_entries(one: FileSpeed, found: RuntimeSpeeds, sizes: list[int]) -> tuple[Entry, ...]:
    entries: list[Entry] = [one.runtime, f"{'x'.join(map(str, one.shape))} {one.dtype}"]
    for size in sizes:
        speed = one.batches.get(size)
        if speed is None:
            entries += [None] * 3
            continue
        median, low, high = (1000 * each / size for each in (speed.median, *quartiles(speed)))
        entries += [Bracketed(median, low, high), speed.images_per_second, found.ratio(one, size)]
    return tuple(entries)
