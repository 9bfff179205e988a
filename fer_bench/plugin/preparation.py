"""What is checked once, before the first cell runs: a mistake ends the run with nothing written."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from fer_bench import weights_lock
from fer_bench.audit import load_votes
from fer_bench.backbones import WeightsMissing, identity, locate
from fer_bench.cache import cache_root
from fer_bench.datasets import load_dataset
from fer_bench.errors import FerBenchError
from fer_bench.experiment import Experiment, check_weights
from fer_bench.prepared import prepare_data
from fer_bench.progress import silent

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from fer_bench.plugin.options import Settings
    from fer_bench.prepared import PreparedData
    from fer_bench.progress import Progress

log = logging.getLogger("fer_bench.plugin")


def prepare(
    settings: Settings, cells: Collection[str], progress: Progress = silent
) -> tuple[Experiment, PreparedData]:
    """Loads and splits the data, and proves every weight file that a cell will run on.

    Last of all, the lock file records the weights that are used for the first time.

    Args:
        settings: what was asked for.
        cells: ids of those cells that will run.
        progress: told how far the search for copies among the images is.

    Returns:
        What the cells share, and the data in full.

    Raises:
        FerBenchError: the data, the votes or a weight file is not sound, weights that are required
            are missing or others than those that are locked, or the report, the store or a lock
            file that was named cannot be written.
    """
    for option, folder in (("--report-dir", settings.report_dir), ("--store", settings.store)):
        _check_folder(option, folder)
    data = prepare_data(
        load_dataset(settings.dataset, class_map=settings.class_map),
        settings.protocol,
        limit=settings.limit,
        votes=None if settings.votes is None else load_votes(settings.votes),
        cache_dir=cache_root(),
        progress=progress,
    )
    experiment = Experiment(
        protocol=settings.protocol,
        dataset=data.dataset,
        split=data.split,
        store=settings.store,
        weights_dir=settings.weights_dir,
        fresh=settings.fresh,
        facts=data.facts,
    )
    _check_weights(settings, experiment, cells)
    return experiment, data


def _check_weights(settings: Settings, experiment: Experiment, cells: Collection[str]) -> None:
    pretrained = [
        (entry, seed)
        for entry, init, seed in settings.cells()
        if init == "pretrained" and experiment.cell(entry, init, seed).id in cells
    ]
    if not pretrained:
        return
    locks, proven = weights_lock.read(settings.weights_lock), {}
    for entry in settings.backbones:
        seeds = [seed for other, seed in pretrained if other is entry]
        if not seeds:
            continue
        try:
            located = locate(entry, settings.weights_dir)
        except WeightsMissing:
            if settings.require_weights:
                raise
            continue
        lock = locks.get(entry.name)
        # A stored result was trained on weights that were checked.
        if (
            settings.timing
            or not all(experiment.is_stored(entry, "pretrained", seed) for seed in seeds)
            or (lock is not None and identity(located.path) not in lock.files)
        ):
            proven[entry.name] = check_weights(entry, located)
    try:
        weights_lock.record(settings.weights_lock, proven)
    except weights_lock.NotRecorded as error:
        if settings.must_lock:
            raise
        log.warning("the weights of %s are not locked: %s", ", ".join(proven), error)


def _check_folder(option: str, folder: Path) -> None:
    """Makes sure that a folder is there or can be made, and can be written to."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise FerBenchError(
            f"{option} {str(folder)!r}: {str(nearest)!r} is no folder that can be written to; "
            "name another one"
        )
