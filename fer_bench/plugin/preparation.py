"""What is checked once, before the first cell runs: a mistake ends the run with nothing written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fer_bench.backbones import WeightsMissing, locate
from fer_bench.cache import cache_root
from fer_bench.datasets import load_dataset, make_split, stratified_sample
from fer_bench.errors import FerBenchError
from fer_bench.experiment import Experiment, check_weights

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from fer_bench.plugin.options import Settings


def prepare(settings: Settings, cells: Collection[str]) -> Experiment:
    """Loads and splits the data, and proves every weight file that a cell will run on.

    Args:
        settings: what was asked for.
        cells: ids of those cells that will run.

    Raises:
        FerBenchError: the data or a weight file is not sound, weights that are required are
            missing, or the report or the store cannot be written.
    """
    for option, folder in (("--report-dir", settings.report_dir), ("--store", settings.store)):
        _check_folder(option, folder)
    dataset = load_dataset(settings.dataset)
    protocol, cache = settings.protocol, cache_root()
    if settings.limit is not None:
        dataset = stratified_sample(dataset, settings.limit, protocol.split_seed, cache)
    experiment = Experiment(
        protocol=protocol,
        dataset=dataset,
        split=make_split(dataset, protocol.split, protocol.split_seed, cache),
        store=settings.store,
        weights_dir=settings.weights_dir,
        fresh=settings.fresh,
    )
    for entry, init, seed in settings.cells():
        if init == "pretrained" and experiment.cell(entry, init, seed).id in cells:
            try:
                located = locate(entry, settings.weights_dir)
            except WeightsMissing:
                if settings.require_weights:
                    raise
            else:
                # A stored result was trained on weights that were checked.
                if settings.timing or not experiment.is_stored(entry, init, seed):
                    check_weights(entry, located)
    return experiment


def _check_folder(option: str, folder: Path) -> None:
    """Makes sure that a folder is there or can be made, and can be written to."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise FerBenchError(
            f"{option} {str(folder)!r}: {str(nearest)!r} is no folder that can be written to; "
            "name another one"
        )
