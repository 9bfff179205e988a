"""Preprocessing of grey images for a backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

if TYPE_CHECKING:
    from fer_bench.models.backbone import Backbone


def prepare_faces(images: Any, backbone: Backbone) -> Any:
    """Resize grey images, scale their pixels and expand them to the channels of the network.

    Computes ``resized * scale + offset[channel]``; the scale may depend on the channel, too.
    Resizing is bilinear with half-pixel centres and without antialiasing, the default of
    ``tf.image.resize``. Only Keras operations are used, so a saved model with this preprocessing
    loads without fer_bench.

    Args:
        images: uint8 or float grey levels, shape (n, height, width) or (n, height, width, 1);
            arrays or symbolic tensors.
        backbone: defines ``input_size``, ``scale`` and ``offset``.

    Returns:
        Shape (n, input_size, input_size, channels), one channel for each offset, in Keras'
        compute dtype (float32 by default).
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
    # One channel is resized and, by a single factor, scaled; the offsets broadcast it to all.
    scale: Any = backbone.scale
    if isinstance(scale, tuple):
        scale = ops.cast(np.asarray(scale), dtype)
    return grey * scale + ops.cast(np.asarray(backbone.offset), dtype)
