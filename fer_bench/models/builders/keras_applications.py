"""Networks from ``keras.applications`` without their classification layer."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fer_bench.models.keras_applications import BACKBONES, DEVIATION, MEAN, SIDE

if TYPE_CHECKING:
    from collections.abc import Callable


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


def __getattr__(name: str) -> Callable[[], keras.Model]:
    """Return the builder of the Keras application with this name."""
    function = None if name.startswith("_") else getattr(keras.applications, name, None)
    if function is None:
        raise AttributeError(f"keras.applications of Keras {keras.__version__} has no {name!r}")
    return functools.partial(_application, function, BACKBONES[name].input_size)


def _application(function: Callable[..., keras.Model], side: int) -> keras.Model:
    model = function(include_top=False, weights=None, input_shape=(side, side, 3))
    statistics = [layer for layer in model.layers if isinstance(layer, keras.layers.Normalization)]
    if not any(layer.weights for layer in statistics):
        return model
    return _standardised(model)


def _standardised(model: keras.Model) -> keras.Model:
    """Return EfficientNet B0 to B7 as with ImageNet's weights, its input standardised.

    Its weight files have the standard deviations in place of the variances. Only with these weights
    does Keras add a layer that divides by the roots of the deviations once more.
    """
    rescaling = keras.layers.Rescaling([value**-0.5 for value in DEVIATION], name="rescaling_std")

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        outputs = layer(*inputs, **options)
        if not isinstance(layer, keras.layers.Normalization):
            return outputs
        layer.set_weights([np.array(MEAN), np.array(DEVIATION), *layer.get_weights()[2:]])
        layer.finalize_state()
        return rescaling(outputs)

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
