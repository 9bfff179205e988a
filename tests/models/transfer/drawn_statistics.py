"""Batch normalisation with non-default statistics, as after training."""

import keras
import numpy as np


def draw_statistics(model):
    """Assign random parameters and statistics to every batch normalisation, as after training."""
    chance = np.random.default_rng(4)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for name, low, high in (
                ("gamma", 0.5, 1.5),
                ("beta", -0.5, 0.5),
                ("moving_mean", -0.5, 0.5),
                ("moving_variance", 0.5, 2.0),
            ):
                if (variable := getattr(layer, name)) is not None:
                    variable.assign(chance.uniform(low, high, variable.shape))
    return model
