"""Suffixes that are compiled once for all seeds of a cell.

Compiling takes seconds, and memory that TensorFlow never gives back: some 30 MB for a cell of mini.
So a suffix outlives the cell that it was compiled for, until a cell of another structure comes.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras

from fer_bench.models.keras_backend import runs_on_cpu
from fer_bench.models.transfer.batch_statistics import with_batch_statistics

STEPS_PER_CALL = 64
"""Training steps that one call of the compiled function runs."""


class CompiledSuffix:
    """A suffix with its loss and optimiser.

    Args:
        model: a list of boundary tensors to logits; it is compiled here.
        learning_rate: of the optimiser.

    Attributes:
        model: the same one.
    """

    def __init__(self, model: keras.Model, learning_rate: float) -> None:
        self.model = model
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            steps_per_execution=STEPS_PER_CALL,
            jit_compile=_gains_from_xla(model),
        )
        model.optimizer.build(model.trainable_variables)
        # All but the moments, which begin with zeros.
        self._scalars = [
            variable.numpy() for variable in model.optimizer.variables if _is_scalar(variable)
        ]

    @cached_property
    def with_batch_statistics(self) -> keras.Model | None:
        """The model on the statistics of each batch; None if no batch normalisation is trained."""
        model = with_batch_statistics(self.model)
        if model is not None:
            model.jit_compile = self.model.jit_compile
        return model

    @property
    def variables(self) -> list[Any]:
        """All that training changes: weights and random states, then the optimiser's variables."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def start_from(self, model: keras.Model) -> None:
        """Take over the weights and random states of a model of the same structure, untrained."""
        copy_variables(model, self.model)
        scalars = iter(self._scalars)
        for variable in self.model.optimizer.variables:
            zeros = keras.ops.zeros(variable.shape, variable.dtype)
            variable.assign(next(scalars) if _is_scalar(variable) else zeros)


def _is_scalar(variable: Any) -> bool:
    return len(variable.shape) == 0


def copy_variables(source: keras.Model, target: keras.Model) -> None:
    """Give ``target`` the weights and random states of ``source``, of the same structure."""
    for old, new in zip(target.variables, source.variables, strict=True):
        old.assign(new)


_idle: list[tuple[Any, CompiledSuffix]] = []


def keep(structure: Any, suffix: CompiledSuffix) -> None:
    """Keep a suffix that its cell is done with, in place of any other.

    Args:
        structure: all that determines the suffix but its weights and random states.
        suffix: nobody else uses it any more.
    """
    _idle[:] = [(structure, suffix)]


def keep_only(structure: Any) -> None:
    """Keep the suffix that is kept no longer unless it has this structure."""
    _idle[:] = [(known, suffix) for known, suffix in _idle if known == structure]


def take(structure: Any) -> CompiledSuffix | None:
    """Take the suffix that is kept if it has this structure; it is kept no longer in any case."""
    kept = _idle.copy()
    _idle.clear()
    return next((suffix for known, suffix in kept if known == structure), None)


def _gains_from_xla(suffix: keras.Model) -> bool | str:
    """Check if XLA compilation pays.

    On the CPU it speeds up matrix products, among them ``ConvolutionAsProduct``; real convolutions
    run several times slower than without it. Elsewhere Keras decides.
    """
    if keras.config.backend() != "tensorflow" or not runs_on_cpu():
        return "auto"
    return not any(
        isinstance(layer, keras.Model) or hasattr(layer, "kernel_size") for layer in suffix.layers
    )
