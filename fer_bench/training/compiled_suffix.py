"""Compiled suffixes, reused for all seeds of a cell.

Compiling takes seconds, and memory that TensorFlow never frees: about 30 MB for a cell of mini.
A compiled suffix is therefore kept after its cell is done, until a cell of another structure
is trained.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras

from fer_bench.models.keras_backend import runs_on_cpu
from fer_bench.models.transfer.batch_statistics import with_batch_statistics
from fer_bench.training.objective import new_loss, new_metrics, new_optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.protocol.settings import Protocol
    from fer_bench.training.step_loop import StepLoop

STEPS_PER_CALL = 64
"""Training steps per call of the compiled function (Keras' ``steps_per_execution``)."""


class CompiledSuffix:
    """A suffix with its loss and optimiser.

    Args:
        model: maps a list of boundary tensors to logits; it is compiled here.
        protocol: its objective.
        counts: number of training images of each class.
    """

    def __init__(self, model: keras.Model, protocol: Protocol, counts: Sequence[int] = ()) -> None:
        self.model = model
        model.compile(
            **self.objective(protocol, counts),
            steps_per_execution=STEPS_PER_CALL,
            jit_compile=gains_from_xla(model),
        )
        model.optimizer.build(model.trainable_variables)
        # Initial values of all optimiser variables but the moments, which start at zero.
        self._scalars = [
            variable.numpy() for variable in model.optimizer.variables if _is_scalar(variable)
        ]

    def objective(self, protocol: Protocol, counts: Sequence[int]) -> dict[str, Any]:
        """Return optimiser, loss and metrics, as ``keras.Model.compile`` takes them."""
        return {
            "optimizer": new_optimizer(protocol, counts),
            "loss": new_loss(protocol, counts),
            "metrics": new_metrics(protocol),
        }

    @cached_property
    def training_loop(self) -> StepLoop | None:
        """Loop that trains the model; None if only Keras' own ``fit`` can."""
        return _loop(self.model)

    @cached_property
    def batch_statistics_loop(self) -> StepLoop | None:
        """Loop that evaluates ``with_batch_statistics``; None if only Keras can, or no model."""
        return None if self.with_batch_statistics is None else _loop(self.with_batch_statistics)

    @cached_property
    def with_batch_statistics(self) -> keras.Model | None:
        """Model that uses batch statistics; None if no batch normalisation is trained."""
        model = with_batch_statistics(self.model)
        if model is not None:
            model.jit_compile = self.model.jit_compile
        return model

    @property
    def variables(self) -> list[Any]:
        """Everything training changes: weights and random states, then optimiser variables."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def start_from(self, model: keras.Model) -> None:
        """Copy weights and random states from an untrained model; reset the optimiser."""
        copy_variables(model, self.model)
        scalars = iter(self._scalars)
        for variable in self.model.optimizer.variables:
            zeros = keras.ops.zeros(variable.shape, variable.dtype)
            variable.assign(next(scalars) if _is_scalar(variable) else zeros)


def _loop(model: keras.Model) -> StepLoop | None:
    # On other backends and devices, Keras resolves "auto" to True, too.
    is_compiled = model.jit_compile is True and not model.run_eagerly
    if not is_compiled or keras.config.backend() != "tensorflow" or not runs_on_cpu():
        return None
    from fer_bench.training.step_loop import StepLoop

    return StepLoop(model)


def _is_scalar(variable: Any) -> bool:
    return len(variable.shape) == 0


def copy_variables(source: keras.Model, target: keras.Model) -> None:
    """Copy weights and random states from ``source`` to ``target``, of the same structure."""
    for old, new in zip(target.variables, source.variables, strict=True):
        old.assign(new)


_idle: list[tuple[Any, CompiledSuffix]] = []


def keep(structure: Any, suffix: CompiledSuffix) -> None:
    """Keep a suffix that is no longer in use, in place of any other.

    Its ``structure`` is everything that determines it except weights and random states.
    """
    _idle[:] = [(structure, suffix)]


def keep_only(structure: Any) -> None:
    """Discard the kept suffix unless it has this structure."""
    _idle[:] = [(known, suffix) for known, suffix in _idle if known == structure]


def take(structure: Any) -> CompiledSuffix | None:
    """Return the kept suffix if it has this structure, else None; none is kept afterwards."""
    kept = _idle.copy()
    _idle.clear()
    return next((suffix for known, suffix in kept if known == structure), None)


def gains_from_xla(suffix: keras.Model) -> bool | str:
    """Return Keras' ``jit_compile``: True if XLA speeds the suffix up, else False.

    With TensorFlow on the CPU, XLA speeds up matrix products, including those of
    ``ConvolutionAsProduct``, but makes real convolutions several times slower. Elsewhere the value
    is "auto": Keras decides.
    """
    if keras.config.backend() != "tensorflow" or not runs_on_cpu():
        return "auto"
    return not any(
        isinstance(layer, keras.Model) or hasattr(layer, "kernel_size") for layer in suffix.layers
    )
