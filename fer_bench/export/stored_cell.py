"""A trained cell of a recorded run, brought back from the store without training."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench import models
from fer_bench.data.prepare import load_data
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.report.commands import benchmark_command, recorded_values, selected_name
from fer_bench.results import load_run
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import clean
from fer_bench.training.cell_runner import is_stored, run_cell
from fer_bench.training.run_context import RunContext
from fer_bench.training.store.results import KIND

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.models import Backbone
    from fer_bench.results.records import CellResult, Run
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.trained_cell import TrainedCell

_LEAST_DIGITS = 8
"""Digits of a fingerprint from which on a text is not the id of a cell."""


@dataclass(frozen=True)
class DataPaths:
    """Paths that a results file does not hold.

    Attributes:
        dataset: name or path of the data set; None if its recorded name is enough to find it.
        class_map: name or path of the class map, None if there is none.
        votes: path of FER+'s votes, None if they are not needed.
    """

    dataset: str | None = None
    class_map: str | None = None
    votes: Path | None = None


@dataclass(frozen=True)
class StoredCell:
    """A trained cell, its data and its backbone.

    Attributes:
        context: data, protocol and store of its run.
        entry: its backbone, adapted to the protocol.
        trained: the cell, from the store.
    """

    context: RunContext
    entry: Backbone
    trained: TrainedCell


def is_fingerprint(text: str) -> bool:
    """Check if a text is the start of a fingerprint, of 8 digits or more."""
    return re.fullmatch(f"[0-9a-f]{{{_LEAST_DIGITS},64}}", text) is not None


def stored_run(store: Path, fingerprint: str) -> Run:
    """Return the run of one cell that the store holds under a fingerprint.

    Args:
        store: the store's directory.
        fingerprint: its first digits, 8 or more.

    Raises:
        FerBenchError: there is none, there are several, or it cannot be read.
    """
    directory = store / KIND
    found = sorted(directory.glob(f"{fingerprint}*/result.json")) if directory.is_dir() else []
    if len(found) != 1:
        count = "no result" if not found else f"{len(found)} results"
        raise FerBenchError(
            f"the store {str(store)!r} has {count} with fingerprint {fingerprint!r}",
            "the first digits of one of them",
            "the report's table Initial weights has them",
        )
    return load_run(found[0])


def restore_cell(
    run: Run,
    cell: CellResult,
    paths: DataPaths,
    store: Path,
    weights_dir: Path | None,
    progress: Progress,
) -> StoredCell:
    """Load the data of a recorded run and one of its trained cells from the store.

    Args:
        run: the run.
        cell: the cell.
        paths: paths that the record lacks.
        store: directory of the stored results.
        weights_dir: directory to look for pretrained weights in first.
        progress: callback for the progress of the work.

    Raises:
        FerBenchError: data or weights are missing or others, or the store does not have the cell,
            which is not trained again.
    """
    again = benchmark_command(dataclasses.replace(run, cells=(cell,))).line
    entry = models.get(selected_name(cell))
    data = load_data(_spec(run, paths), progress=progress)
    found, expected = data.dataset.digest, run.dataset.digest
    if found != expected:
        raise FerBenchError(
            f"data set {data.dataset.name!r} has digest {found[:12]}, the run's {expected[:12]}",
            f"the images of {clean(run.dataset.name)!r} that the cell was trained on",
            "name them with --dataset=PATH",
        )
    protocol = Protocol.recorded(run.protocol)
    context = RunContext(data, protocol, store, weights_dir)
    located = context.locate(entry, cell.init)
    here = context.cell(entry, cell.init, cell.seed, cell.head)
    fingerprint = context.fingerprint(entry, here, located)
    if fingerprint != cell.fingerprint:
        raise FerBenchError(
            f"{cell.id} has fingerprint {cell.fingerprint[:12]}, but with the data, weights, "
            f"settings and versions here it would be {fingerprint[:12]}",
            "a cell that was trained with the same versions of Keras, its backend and numpy",
            f"train it here: {again}",
        )
    if not is_stored(context, entry, cell.init, cell.seed, cell.head):
        raise FerBenchError(
            f"{cell.id}: the store {str(store)!r} has no result {fingerprint[:12]}",
            "a cell in the store",
            f"name another store with --store, or train it: {again}",
        )
    trained = run_cell(context, entry, cell.init, progress, cell.seed, cell.head)
    return StoredCell(context, entry.adapted(context.protocol), trained)


def _spec(run: Run, paths: DataPaths) -> DataSpec:
    """Return the specification of a recorded run's data."""
    values, unknown = recorded_values(run)
    needed = dict(unknown)
    if "DATASET" in needed and paths.dataset is None:
        raise FerBenchError(
            f"the results do not hold the path of {clean(run.dataset.name)!r}",
            needed["DATASET"],
            "add --dataset=PATH",
        )
    if "class_map" in values:
        if paths.class_map is None:
            raise FerBenchError(
                "the results do not hold the class map", needed["MAP"], "add --class-map=NAME|FILE"
            )
        values["class_map"] = paths.class_map
    # Votes only matter to a trained cell if they are its labels.
    values["votes"] = paths.votes if values.get("labels") == "ferplus" else None
    if values.get("labels") == "ferplus" and paths.votes is None:
        raise FerBenchError(
            "the labels of this run are FER+'s votes", "--votes=FILE with FER+'s fer2013new.csv"
        )
    return DataSpec(paths.dataset or run.dataset.name, **values)  # type: ignore[arg-type]
