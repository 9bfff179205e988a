"""dlib's face-recognition network, a ResNet with 29 convolutions and half of ResNet-34's channels.

The structure is that of ``dlib_face_recognition_resnet_model_v1`` in inference, with the scale and
offset after each convolution folded into it. In place of a projection, a shortcut that halves the
resolution is an average pooling, extended by zeros to the size of the other branch.
"""

from __future__ import annotations

from typing import Any

import keras

from fer_bench.models.builders.layers import ZeroExtendedSum

_BLOCKS = (
    *(((32, False),) * 3),
    (64, True),
    *(((64, False),) * 3),
    (128, True),
    *(((128, False),) * 2),
    (256, True),
    *(((256, False),) * 2),
    (256, True),
)
"""Channels of each block, and True if it halves the resolution."""


def resnet() -> keras.Model:
    """Build the network up to its 128-dimensional embedding, input (n, 150, 150, 3)."""
    image = keras.Input((150, 150, 3))
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(_features(image, len(_BLOCKS)))
    embedding = keras.layers.Dense(128, use_bias=False, name="dense_1")(pooled)
    return keras.Model(image, embedding, name="dlib_resnet")


def resnet_pool256() -> keras.Model:
    """Build the network up to the 256 pooled channels before the last block, input 112 pixels."""
    image = keras.Input((112, 112, 3))
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(_features(image, len(_BLOCKS) - 1))
    return keras.Model(image, pooled, name="dlib_resnet_pool256")


def _features(image: Any, blocks: int) -> Any:
    x = keras.layers.Conv2D(32, 7, strides=2, name="conv_1")(image)
    x = keras.layers.ReLU(name="relu_1")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, name="max_pool")(x)
    for number, (channels, halves) in enumerate(_BLOCKS[:blocks], start=1):
        x = _block(x, number, channels, halves=halves)
    return x


def _block(x: Any, number: int, channels: int, *, halves: bool) -> Any:
    first, second = 2 * number, 2 * number + 1
    strides, padding = (2, "valid") if halves else (1, "same")
    y = keras.layers.Conv2D(channels, 3, strides, padding, name=f"conv_{first}")(x)
    y = keras.layers.ReLU(name=f"relu_{first}")(y)
    y = keras.layers.Conv2D(channels, 3, padding="same", name=f"conv_{second}")(y)
    if halves:
        shortcut = keras.layers.AveragePooling2D(2, name=f"shortcut_{number}")(x)
        y = ZeroExtendedSum(name=f"sum_{number}")([y, shortcut])
    else:
        y = keras.layers.Add(name=f"sum_{number}")([y, x])
    return keras.layers.ReLU(name=f"relu_{second}")(y)
