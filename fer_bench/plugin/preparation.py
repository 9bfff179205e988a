"""What is checked once, before the first cell runs: a mistake ends the run with nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.backbones import WeightsMissing, locate
from fer_bench.datasets import load_dataset, make_split, stratified_sample
from fer_bench.experiment import Experiment, check_weights

if TYPE_CHECKING:
    from fer_bench.plugin.options import Settings


def prepare(settings: Settings) -> Experiment:
    """Loads and splits the data, and proves every weight file that a cell will run on.

    Raises:
        FerBenchError: the data or a weight file is not sound, or weights that are required are
            missing.
    """
    dataset = load_dataset(settings.dataset)
    protocol = settings.protocol
    if settings.limit is not None:
        dataset = stratified_sample(dataset, settings.limit, protocol.split_seed)
    experiment = Experiment(
        protocol=protocol,
        dataset=dataset,
        split=make_split(dataset, protocol.split, protocol.split_seed),
        store=settings.store,
        weights_dir=settings.weights_dir,
        fresh=settings.fresh,
    )
    if "pretrained" in settings.inits:
        for entry in settings.backbones:
            try:
                located = locate(entry, settings.weights_dir)
            except WeightsMissing:
                if settings.require_weights:
                    raise
            else:
                check_weights(entry, located)
    return experiment
