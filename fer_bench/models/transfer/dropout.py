"""Dropout that draws the same numbers compiled and not."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class CompilableDropout(keras.layers.Wrapper):  # type: ignore[misc]
    """What a ``Dropout`` computes under TensorFlow without XLA, with XLA too.

    Both draw the same random bits, but TensorFlow makes a float of the low 23 of each 32 and XLA of
    the high ones, so that a compiled ``Dropout`` drops other elements. Here the low ones are drawn
    as integers, which both make alike. The seed is the wrapped layer's own.

    Args:
        layer: a dropout of float32 that draws for each element (has no ``noise_shape``). Other
            backends draw the same numbers compiled and not: it can stay as it is there.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training with elements set to 0 and the others scaled; same shape."""
        rate = self.layer.rate
        if not training or not 0 < rate < 1:
            return self.layer(inputs, training=training)
        drawn = keras.random.randint(ops.shape(inputs), 0, 2**23, seed=self.layer.seed_generator)
        is_kept = ops.cast(drawn, "float32") / 2**23 >= rate
        return ops.where(is_kept, inputs * (1 / (1 - rate)), ops.zeros_like(inputs))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the inputs."""
        return input_shape
