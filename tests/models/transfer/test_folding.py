"""Batch normalisations folded into the convolutions before them."""

import random

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from drawn_statistics import draw_statistics  # noqa: E402

from fer_bench.models.transfer import fold_batch_normalization  # noqa: E402

pytestmark = pytest.mark.network

Norm = keras.layers.BatchNormalization


def weights(model):
    return [np.array(np.asarray(weight)) for weight in model.weights]


def normalizations(model):
    return [layer.name for layer in model.layers if isinstance(layer, Norm)]


def assert_same(folded, plain, shape, atol=1e-5):
    values = np.random.default_rng(5).normal(size=shape).astype(np.float32)
    pairs = zip(
        *(keras.tree.flatten(model.predict_on_batch(values)) for model in (folded, plain)),
        strict=True,
    )
    for found, expected in pairs:
        scale = np.abs(np.asarray(expected)).max()
        assert scale > 0
        np.testing.assert_allclose(found, expected, atol=atol * scale)


CONVOLUTIONS = {
    "bias": lambda: keras.layers.Conv2D(6, 3, bias_initializer="normal"),
    "no bias": lambda: keras.layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False),
    "groups": lambda: keras.layers.Conv2D(6, 3, groups=2),
    "depthwise": lambda: keras.layers.DepthwiseConv2D(3, use_bias=False),
    "multiplier": lambda: keras.layers.DepthwiseConv2D(
        3, depth_multiplier=3, bias_initializer="normal"
    ),
}
NORMS = {
    "all": lambda: Norm(),
    "no scale": lambda: Norm(scale=False),
    "no centre": lambda: Norm(center=False, axis=3),
    "large epsilon": lambda: Norm(epsilon=0.5),
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_every_convolution_takes_in_every_normalisation(convolution, norm):
    inputs = keras.Input((8, 8, 4))
    x = NORMS[norm]()(CONVOLUTIONS[convolution]()(inputs))
    plain = draw_statistics(keras.Model(inputs, keras.layers.ReLU()(x)))
    folded = fold_batch_normalization(plain)
    assert normalizations(folded) == []
    assert_same(folded, plain, (3, 8, 8, 4))


def test_the_plain_network_keeps_its_weights_and_the_folded_one_its_copies():
    inputs = keras.Input((8, 8, 4))
    plain = keras.Model(inputs, Norm()(keras.layers.Conv2D(6, 3, name="conv")(inputs)))
    draw_statistics(plain)
    given = weights(plain)
    folded = fold_batch_normalization(plain)
    for before, after in zip(given, weights(plain), strict=True):
        np.testing.assert_array_equal(after, before)
    kept = weights(folded)
    plain.get_layer("conv").kernel.assign(np.zeros((3, 3, 4, 6)))
    for before, after in zip(kept, weights(folded), strict=True):
        np.testing.assert_array_equal(after, before)


def without():
    inputs = keras.Input((8, 8, 4))
    return keras.Model(inputs, keras.layers.ReLU()(keras.layers.Conv2D(6, 3)(inputs)))


def after_sum():
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(4, 1)(inputs)
    return keras.Model(inputs, Norm()(keras.layers.Add()([x, inputs])))


def after_padding():
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.ZeroPadding2D()(keras.layers.Conv2D(4, 1)(inputs))
    return keras.Model(inputs, Norm()(x))


def after_activation():
    inputs = keras.Input((8, 8, 4))
    return keras.Model(inputs, Norm()(keras.layers.Conv2D(4, 1, activation="relu")(inputs)))


def two_takers():
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(4, 1)(inputs)
    return keras.Model(inputs, keras.layers.Add()([Norm()(x), x]))


def taker_far_from_the_end():
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(4, 1)(inputs)
    return keras.Model(inputs, [Norm()(x), keras.layers.ReLU()(keras.layers.ReLU()(x))])


def taken_as_output():
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(4, 1)(inputs)
    return keras.Model(inputs, [Norm()(x), x])


def convolution_used_twice():
    inputs = keras.Input((8, 8, 4))
    convolution = keras.layers.Conv2D(4, 1)
    return keras.Model(inputs, convolution(Norm()(convolution(inputs))))


def normalization_used_twice():
    inputs = keras.Input((8, 8, 4))
    norm = Norm()
    return keras.Model(inputs, norm(keras.layers.ReLU()(norm(keras.layers.Conv2D(4, 1)(inputs)))))


def other_axis():
    inputs = keras.Input((8, 8, 4))
    return keras.Model(inputs, Norm(axis=1)(keras.layers.Conv2D(8, 1)(inputs)))


@pytest.mark.parametrize(
    "build",
    [
        without,
        after_sum,
        after_padding,
        after_activation,
        two_takers,
        taker_far_from_the_end,
        taken_as_output,
        convolution_used_twice,
        normalization_used_twice,
        other_axis,
    ],
)
def test_what_cannot_be_folded_stays(build):
    model = draw_statistics(build())
    assert fold_batch_normalization(model) is model


def test_what_can_be_folded_is_where_something_else_cannot():
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(4, 1)(inputs)
    inner = Norm(name="folded")(keras.layers.Conv2D(4, 1)(x))
    plain = keras.Model(inputs, [Norm(name="kept")(x), keras.layers.Add()([x, inner])])
    draw_statistics(plain)
    folded = fold_batch_normalization(plain)
    assert normalizations(folded) == ["kept"]
    assert folded.get_layer("kept") is plain.get_layer("kept")
    assert_same(folded, plain, (3, 8, 8, 4))


def test_folding_draws_no_random_numbers():
    inputs = keras.Input((8, 8, 4))
    model = keras.Model(inputs, Norm()(keras.layers.Conv2D(4, 1)(inputs)))
    random.seed(1)
    expected = random.random()
    random.seed(1)
    fold_batch_normalization(model)
    assert random.random() == expected
