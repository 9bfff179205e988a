"""Networks from ``keras.applications`` without their classification layer."""

from __future__ import annotations

import keras

SIDE = 48
"""Side length of the input in pixels: FER2013's own, as these networks are fully convolutional."""


def resnet50() -> keras.Model:
    """Build ResNet-50 without classification layer, random weights, input (n, 48, 48, 3)."""
    return keras.applications.ResNet50(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))


def mobilenet() -> keras.Model:
    """Build MobileNet without classification layer, random weights, input (n, 48, 48, 3)."""
    return keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(SIDE, SIDE, 3)
    )


def mini() -> keras.Model:
    """Build MobileNet of width 0.25 without classification layer, input (n, 48, 48, 3)."""
    return keras.applications.MobileNet(
        alpha=0.25, include_top=False, weights=None, input_shape=(SIDE, SIDE, 3)
    )
