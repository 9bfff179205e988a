"""Softmax layers of several trials, trained side by side in one graph.

All of them get the same batches of the same features and start from the same weights, as the cells
of these trials would. They are one dense layer with the classes of every trial next to each other:
its weights share no gradient, and each column has a learning rate and weight decay of its own, so
that a step is the same computation as one step of each cell, apart from rounding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fer_bench import metrics
from fer_bench.metrics.convergence import lowest_epoch
from fer_bench.results.trials import Trial
from fer_bench.training.compiled_suffix import CompiledSuffix
from fer_bench.training.objective import new_loss, new_optimizer
from fer_bench.training.sweep_trials import DIVERGED, trial_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.protocol.settings import EarlyStopping, Protocol
    from fer_bench.protocol.trials import Candidate
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.cell_network import CellNetwork
    from fer_bench.training.trainer import Trainer


class StackedHeads(CompiledSuffix):
    """Suffix with the softmax layer of several trials: its output is (n, trials, classes).

    Only the last layer of ``suffix``, a dense one, is trained. The protocols may differ in learning
    rate and weight decay; ``counts`` are those of the training images of each class.
    """

    def __init__(
        self, suffix: keras.Model, protocols: Sequence[Protocol], counts: Sequence[int]
    ) -> None:
        self._protocols = protocols
        self._classes = suffix.output_shape[-1]
        super().__init__(_stacked(suffix, len(protocols)), protocols[0], counts)

    def objective(self, protocol: Protocol, counts: Sequence[int]) -> dict[str, Any]:
        """Return the trials' optimiser, the sum of their losses, and their mean accuracy."""
        rates, decays = (
            np.repeat([getattr(one, name) for one in self._protocols], self._classes)
            for name in ("learning_rate", "weight_decay")
        )
        plain = new_optimizer(replace(protocol, learning_rate=1.0, weight_decay=0.0), counts)
        return {
            "optimizer": _with_columns(plain, rates, decays),
            "loss": _SumOfTrials(new_loss(protocol, counts)),
            "metrics": [accuracy],
        }


def _stacked(suffix: keras.Model, trials: int) -> keras.Model:
    """Return the suffix with ``trials`` copies of its last layer next to each other."""
    made = suffix.output._keras_history
    (features,) = made.operation._inbound_nodes[made.node_index].input_tensors
    kernel, bias = made.operation.get_weights()
    stacked = keras.layers.Dense(
        trials * len(bias), name="trials", dtype=made.operation.dtype_policy
    )
    logits = keras.layers.Reshape((trials, len(bias)))(stacked(features))
    stacked.set_weights([np.tile(kernel, (1, trials)), np.tile(bias, trials)])
    return keras.Model(suffix.inputs, logits)


def _with_columns(
    optimizer: keras.optimizers.Optimizer, rates: NDArray[Any], decays: NDArray[Any]
) -> keras.optimizers.Optimizer:
    """Give an optimiser the learning rate and decoupled weight decay of each column of weights.

    Its own learning rate is 1, or a schedule that starts from it.
    """
    kind: Any = type(optimizer)

    class Columns(kind):  # type: ignore[misc]
        """Optimiser with a learning rate and a weight decay for each column."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            rate = keras.ops.cast(learning_rate, variable.dtype) * keras.ops.convert_to_tensor(
                rates, variable.dtype
            )
            if decays.any():
                decay = keras.ops.convert_to_tensor(decays, variable.dtype)
                self.assign(variable, variable - variable * decay * rate)
            super().update_step(gradient, variable, rate)

    Columns.__name__ = kind.__name__
    return Columns.from_config(optimizer.get_config())


class _SumOfTrials(keras.losses.Loss):  # type: ignore[misc]
    """Sum of the losses of all trials, whose gradient is that of each for its own weights."""

    def __init__(self, loss: keras.losses.Loss) -> None:
        super().__init__()
        self._loss = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image, shape (n,), from logits (n, trials, classes)."""
        targets = keras.ops.broadcast_to(y_true[:, None], keras.ops.shape(y_pred))
        return keras.ops.sum(self._loss.call(targets, y_pred), axis=-1)


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Return the share of trials that classify each image correctly, shape (n,)."""
    predicted, labels = (keras.ops.argmax(one, axis=-1) for one in (y_pred, y_true))
    hits = keras.ops.equal(predicted, labels[:, None])
    return keras.ops.mean(keras.ops.cast(hits, "float32"), axis=-1)


def train_side_by_side(
    network: CellNetwork, candidates: Sequence[Candidate], progress: Progress
) -> list[Trial]:
    """Train candidates that differ in learning rate and weight decay, with the batches of one cell.

    All start from the initial weights of its network. With early stopping, all epochs are trained,
    and each trial has the metrics of the epoch whose weights its cell would keep.
    """
    protocols = [candidate.protocol for candidate in candidates]
    stacked = StackedHeads(network.network.suffix, protocols, network.context.training_counts)
    trainer, patience = network.trainer_of(stacked), protocols[0].early_stopping
    trainer.warm_up()
    epochs = protocols[0].epochs
    measured: list[list[_Metrics | None]] = [[] for _ in candidates]
    for epoch in range(1, epochs + 1):
        progress("training all trials", epoch - 1, epochs)
        trainer.epoch(epoch)
        if patience != "none" or epoch == epochs:
            for series, found in zip(measured, _evaluated(network, trainer), strict=True):
                series.append(found)
    progress("training all trials", epochs, epochs)
    return [
        _trial(candidate, series, epochs, patience)
        for candidate, series in zip(candidates, measured, strict=True)
    ]


_Metrics = tuple[float, float, float | None]
"""Validation accuracy, validation loss and test accuracy."""


def _evaluated(network: CellNetwork, trainer: Trainer) -> list[_Metrics | None]:
    """Return the metrics of each trial; None for those whose outputs are not finite."""
    split, labels = network.context.split, network.context.dataset.labels
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
