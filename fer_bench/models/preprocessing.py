"""From grey images as the data set holds them to what a backbone expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

if TYPE_CHECKING:
    from fer_bench.models.registry import Backbone


def prepare_faces(images: Any, backbone: Backbone) -> Any:
    """Resizes grey images, repeats them to three channels and scales their pixels.

    Gives ``resized * scale + offset[channel]``. Resizing is bilinear with half-pixel centres and
    without antialiasing, as ``tf.image.resize`` does by default. In a model these are Keras' own
    operations: whoever loads it needs nothing else.

    Args:
        images: uint8 or float grey levels, shape (n, height, width) or (n, height, width, 1);
            arrays or symbolic tensors.
        backbone: its ``input_size``, ``scale`` and ``offset`` count.

    Returns:
        Shape (n, input_size, input_size, 3), in Keras' compute dtype (float32 by default).
    """
    dtype = keras.config.dtype_policy().compute_dtype
    grey = ops.cast(images, dtype)
    if len(grey.shape) == 3:
        grey = ops.expand_dims(grey, -1)
    size = (backbone.input_size, backbone.input_size)
    if tuple(grey.shape[1:3]) != size:
        grey = ops.image.resize(
            grey,
            size,
            interpolation="bilinear",
            antialias=False,
            data_format="channels_last",
        )
    # One channel is resized and scaled; adding the three offsets spreads it over three.
    return grey * backbone.scale + ops.cast(np.asarray(backbone.offset), dtype)
