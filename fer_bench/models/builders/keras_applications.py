"""The structures that come from Keras applications, their last layer excluded."""

from __future__ import annotations

import keras

SIDE = 48
"""Input side in pixels: FER2013's own size, which these fully convolutional networks take."""


def resnet50() -> keras.Model:
    """ResNet-50 without its classification layer, random weights, input (n, 48, 48, 3)."""
    return keras.applications.ResNet50(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))


def mobilenet() -> keras.Model:
    """MobileNet without its classification layer, random weights, input (n, 48, 48, 3)."""
    return keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(SIDE, SIDE, 3)
    )


def mini() -> keras.Model:
    """MobileNet of width 0.25 without its classification layer, input (n, 48, 48, 3)."""
    return keras.applications.MobileNet(
        alpha=0.25, include_top=False, weights=None, input_shape=(SIDE, SIDE, 3)
    )
