"""Checks before the first cell runs: input errors end the run with nothing written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fer_bench.data.prepare import load_source, prepare_data
from fer_bench.models import WeightsMissing, identity, locate
from fer_bench.models.keras_backend import check_keras, load_keras
from fer_bench.models.weights import lock_file
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.files import check_writable
from fer_bench.runtime.progress import silent
from fer_bench.training.cell_runner import check_weights, is_stored
from fer_bench.training.run_context import RunContext

if TYPE_CHECKING:
    from collections.abc import Collection

    from fer_bench.models import Backbone, Located
    from fer_bench.plugin.settings import Settings
    from fer_bench.protocol.cell import Cell
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress

log = logging.getLogger("fer_bench.plugin")


def prepare(
    settings: Settings,
    cells: Collection[str],
    progress: Progress = silent,
    *,
    reporting: bool = True,
) -> RunContext:
    """Load and split the data, and verify every weight file that a cell will run on.

    Last, the lock file records the weights that are used for the first time. A run without a
    report creates no lock file unless one was requested.

    Args:
        settings: settings of the run.
        cells: ids of the cells that will run.
        progress: callback for the progress of the duplicate search.
        reporting: True if there will be a report.

    Returns:
        Data, protocol and store that the cells share.

    Raises:
        FerBenchError: the Keras configuration is unusable; batches cannot be divided; the data,
            the votes or a weight file is invalid; required weights are missing or differ from the
            locked ones; or the report, the store or a requested lock file cannot be written.
    """
    check_keras()
    if settings.data_parallel:
        load_keras()
        from fer_bench.models.data_parallel import divide_batches

        divide_batches(settings.protocol.batch_size)
    if reporting:
        check_writable("--report-dir", settings.report_dir)
    check_writable("--store", settings.store)
    source, votes = load_source(settings.data)
    other = None if settings.test_on is None else load_source(settings.test_on)[0]
    # Before the duplicate search, which takes long for many images.
    pretrained = _pretrained(settings, cells)
    data = prepare_data(
        source, settings.data, votes=votes, cache_dir=cache_root(), progress=progress
    )
    context = RunContext(
        data,
        settings.protocol,
        store=settings.store,
        weights_dir=settings.weights_dir,
        fresh=settings.fresh,
    )
    if other is not None:
        context = context.tested_on(other, progress)
    for entry, _, _ in pretrained:
        note_use(entry, settings.protocol)
    if pretrained:
        progress("loading Keras and verifying weights", 0, 0)
    _check_weights(settings, context, pretrained, reporting)
    return context


def _pretrained(
    settings: Settings, cells: Collection[str]
) -> list[tuple[Backbone, Located, list[Cell]]]:
    """Return backbone and weight file of the pretrained cells that will run, with these cells.

    Raises:
        WeightsMissing: a file is not found, and ``require_weights`` is set.
    """
    found = []
    for entry in settings.backbones:
        running = [
            cell
            for of_entry, cell in settings.cells()
            if of_entry is entry and cell.init == "pretrained" and cell.id in cells
        ]
        if not running:
            continue
        try:
            found.append((entry, locate(entry, settings.weights_dir), running))
        except WeightsMissing:
            if settings.require_weights:
                raise
    return found


def note_use(entry: Backbone, protocol: Protocol) -> None:
    """Report how a network from a file is used, as far as it is not obvious."""
    if entry.file is None:
        return
    log.info("%s: %s", entry.title, "; ".join(entry.file.notes))
    if protocol.mixed_precision != "none":
        log.warning(
            "%s: --mixed-precision=%s has no effect on a network from a file",
            entry.title,
            protocol.mixed_precision,
        )
    layers = protocol.trainable_layers
    if entry.is_frozen and layers.pretrained not in (0, TrainableLayers().pretrained):
        log.warning(
            "%s: --trainable-layers=%s has no meaning for an ONNX file: only the head is trained",
            entry.title,
            layers,
        )


def _check_weights(
    settings: Settings,
    context: RunContext,
    pretrained: list[tuple[Backbone, Located, list[Cell]]],
    reporting: bool,
) -> None:
    if not pretrained:
        return
    locks, verified = lock_file.read(settings.weights_lock), {}
    recording = reporting or settings.must_lock or settings.weights_lock.exists()
    for entry, located, cells in pretrained:
        lock = locks.get(entry.name)
        is_locked = lock is not None and identity(located.path) in lock.files
        # Weights of stored results were verified before training, but only verification yields
        # what the lock file records.
        if (
            settings.timing
            or (recording and not is_locked and entry.file is None)
            or not all(is_stored(context, entry, one.init, one.seed, one.head) for one in cells)
        ):
            record = check_weights(entry, located)
            # A file that the user names by its path may change: its digest is in the results.
            if entry.file is None:
                verified[entry.name] = record
    if not recording:
        return
    try:
        lock_file.record(settings.weights_lock, verified)
    except lock_file.NotRecorded as error:
        if settings.must_lock:
            raise
        log.warning("weights of %s are not locked: %s", ", ".join(verified), error)
