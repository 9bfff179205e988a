"""From grey images as the data set holds them to what a backbone expects."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("fer_bench")
class FaceInput(keras.layers.Layer):  # type: ignore[misc]
    """Resizes grey images, repeats them to three channels and scales their pixels.

    Takes uint8 or float grey levels of shape (n, height, width) or (n, height, width, 1) and gives
    (n, size, size, 3) in the layer's compute dtype (float32 by default):
    ``resized * scale + offset[channel]``. Resizing is bilinear with half-pixel centres and without
    antialiasing, as ``tf.image.resize`` does by default.

    Args:
        size: side of the square output, in pixels.
        scale: factor of the grey levels (0 to 255).
        offset: what is added to each of the three channels.
    """

    def __init__(
        self, size: int, scale: float, offset: tuple[float, float, float], **options: Any
    ) -> None:
        super().__init__(**options)
        self.size = size
        self.scale = scale
        self.offset = tuple(offset)

    def call(self, inputs: Any) -> Any:
        """Computes what the network takes from grey images."""
        grey = ops.cast(inputs, self.compute_dtype)
        if len(grey.shape) == 3:
            grey = ops.expand_dims(grey, -1)
        if tuple(grey.shape[1:3]) != (self.size, self.size):
            grey = ops.image.resize(
                grey,
                (self.size, self.size),
                interpolation="bilinear",
                antialias=False,
                data_format="channels_last",
            )
        # One channel is resized and scaled; adding the three offsets spreads it over three.
        return grey * self.scale + ops.cast(np.asarray(self.offset), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The settings that a saved layer is made from again."""
        own = {"size": self.size, "scale": self.scale, "offset": list(self.offset)}
        return {**super().get_config(), **own}
