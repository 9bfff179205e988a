"""Dropout with the same random numbers compiled and uncompiled."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class CompilableDropout(keras.layers.Wrapper):  # type: ignore[misc]
    """Dropout that drops the same elements under TensorFlow with and without XLA.

    Both draw the same random bits, but TensorFlow converts the lower 23 of each 32 bits to a float
    and XLA the upper ones, so that a compiled ``Dropout`` drops other elements. Here the lower bits
    are drawn as integers, which is the same in both. The result equals ``Dropout`` without XLA; the
    seed is that of the wrapped layer.

    Args:
        layer: a float32 dropout without ``noise_shape``. The wrapper is only needed for TensorFlow:
            other backends draw the same numbers compiled and uncompiled.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs; in training, drop elements and scale the others. Keeps the shape."""
        rate = self.layer.rate
        if not training or not 0 < rate < 1:
            return self.layer(inputs, training=training)
        drawn = keras.random.randint(ops.shape(inputs), 0, 2**23, seed=self.layer.seed_generator)
        is_kept = ops.cast(drawn, "float32") / 2**23 >= rate
        return ops.where(is_kept, inputs * (1 / (1 - rate)), ops.zeros_like(inputs))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the inputs."""
        return input_shape
