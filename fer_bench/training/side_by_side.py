"""Trials of a sweep that differ in how one softmax layer is trained, in one graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench import metrics
from fer_bench.metrics.convergence import lowest_epoch
from fer_bench.results.trials import Trial
from fer_bench.training.stacked_heads import StackedHeads
from fer_bench.training.sweep_trials import DIVERGED, trial_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.protocol.settings import EarlyStopping
    from fer_bench.protocol.trials import Candidate
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.cell_network import CellNetwork
    from fer_bench.training.run_context import RunContext
    from fer_bench.training.trainer import Trainer


def train_side_by_side(
    context: RunContext, network: CellNetwork, candidates: Sequence[Candidate], progress: Progress
) -> list[Trial]:
    """Train the candidates, all with the batches and initial weights of one cell.

    With early stopping, all epochs are trained, and each trial has the metrics of the epoch whose
    weights its cell would keep.

    Args:
        context: data of the cell.
        network: network of the cell under the protocol of any candidate.
        candidates: they differ in learning rate and weight decay only.
        progress: callback for the number of epochs done.
    """
    protocols = [candidate.protocol for candidate in candidates]
    stacked = StackedHeads(network.network.suffix, protocols, context.training_counts)
    trainer, patience = network.trainer_of(stacked), protocols[0].early_stopping
    trainer.warm_up()
    epochs = protocols[0].epochs
    measured: list[list[_Metrics | None]] = [[] for _ in candidates]
    for epoch in range(1, epochs + 1):
        progress("training all trials", epoch - 1, epochs)
        trainer.epoch(epoch)
        if patience != "none" or epoch == epochs:
            for series, found in zip(measured, _evaluated(context, trainer), strict=True):
                series.append(found)
    progress("training all trials", epochs, epochs)
    return [
        _trial(candidate, series, epochs, patience)
        for candidate, series in zip(candidates, measured, strict=True)
    ]


_Metrics = tuple[float, float, float | None]
"""Validation accuracy, validation loss and test accuracy."""


def _evaluated(context: RunContext, trainer: Trainer) -> list[_Metrics | None]:
    """Return the metrics of each trial; None for those whose outputs are not finite."""
    split, labels = context.split, context.dataset.labels
    validation = trainer.logits(split.validation)
    test = trainer.logits(split.test) if len(split.test) else None

    def of(trial: int) -> _Metrics | None:
        own: NDArray[np.float32] = validation[:, trial]
        tested = None if test is None else test[:, trial]
        if not np.isfinite(own).all() or (tested is not None and not np.isfinite(tested).all()):
            return None
        expected = labels[split.validation]
        return (
            metrics.accuracy(own, expected),
            metrics.cross_entropy(own, expected),
            None if tested is None else metrics.accuracy(tested, labels[split.test]),
        )

    return list(map(of, range(validation.shape[1])))


def _trial(
    candidate: Candidate, series: Sequence[_Metrics | None], epochs: int, patience: EarlyStopping
) -> Trial:
    settings = trial_settings(candidate)
    known = [one for one in series if one is not None]
    if len(known) < len(series):
        return Trial(settings, None, None, None, epochs, reason=DIVERGED)
    if patience == "none":
        return Trial(settings, *known[-1], epochs)
    kept = kept_epoch([loss for _, loss, _ in known], patience)
    return Trial(settings, *known[kept - 1], kept)


def kept_epoch(losses: Sequence[float], patience: int) -> int:
    """Return the epoch whose weights early stopping keeps, from the validation loss of each."""
    for epochs in range(1, len(losses) + 1):
        best = lowest_epoch(losses[:epochs])
        if epochs - best >= patience:
            break
    return best
