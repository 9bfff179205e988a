"""The layers that stand in for deepface's, by hand and against TensorFlow's own functions."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.models.builders import layers  # noqa: E402

pytestmark = pytest.mark.network

ALL = [
    layers.LocalResponseNormalization(),
    layers.LocalResponseNormalization(depth_radius=2, bias=2.0, alpha=0.1),
    layers.Square(),
    layers.SquareRoot(),
    layers.L2Normalization(),
    layers.L2Normalization(epsilon=1e-6),
]


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def slopes(gradient):
    """Return the gradient of a sum of outputs with distinct non-zero weights."""

    def of(function, values):
        weights = np.random.default_rng(5).uniform(0.5, 1.5, values.shape).astype(np.float32)
        return gradient(lambda x: keras.ops.sum(function(x) * weights), values)

    return of


@pytest.mark.parametrize("channels", [1, 4, 11, 64])
@pytest.mark.parametrize("size", [0.1, 10.0, 1000.0])
def test_local_response_normalization_is_tensorflows(tf, slopes, channels, size):
    if keras.config.backend() != "tensorflow":
        pytest.skip("compares gradients, which TensorFlow's function has under TensorFlow only")
    x = np.random.default_rng(3).normal(0, size, (2, 3, 5, channels)).astype(np.float32)

    def lrn(values):
        return tf.nn.lrn(values, depth_radius=5, bias=1.0, alpha=1e-4, beta=0.75)

    ours = layers.LocalResponseNormalization()
    np.testing.assert_allclose(ours(x), lrn(x), rtol=2e-6)
    expected = slopes(lrn, x)
    np.testing.assert_allclose(slopes(ours, x), expected, atol=1e-5 * np.abs(expected).max())


def test_local_response_normalization_by_hand():
    x = np.array([[3.0, 4.0, 0.0, 1.0]], np.float32)
    ours = layers.LocalResponseNormalization(depth_radius=1, bias=1.0, alpha=1.0)
    energy = np.array([[25.0, 25.0, 17.0, 1.0]])
    np.testing.assert_allclose(ours(x), x / (1 + energy) ** 0.75, rtol=1e-6)


def test_the_square_root_is_exactly_tensorflows(tf):
    x = np.random.default_rng(3).exponential(3, 5000).astype(np.float32)
    x[:4] = [0.0, 1e-38, np.inf, 1e38]
    np.testing.assert_array_equal(layers.SquareRoot()(x), tf.sqrt(x))


def test_the_square_root_keeps_nan_and_takes_negative_as_zero():
    y = layers.SquareRoot()(np.array([np.nan, -1.0, -0.0], np.float32))
    np.testing.assert_array_equal(y, [np.nan, 0.0, 0.0])


def test_the_gradient_through_a_window_of_zeros_is_zero_and_not_nan(slopes):
    def pooled(root):
        return lambda x: root(layers.Square()(x))

    x = np.array([0.0, 0.0, 3.0, -2.0], np.float32)
    plain = slopes(pooled(keras.ops.sqrt), x)
    assert np.isnan(plain[:2]).all()
    ours = slopes(pooled(layers.SquareRoot()), x)
    np.testing.assert_array_equal(ours[:2], 0)
    np.testing.assert_allclose(ours[2:], plain[2:], rtol=1e-6)


def test_l2_normalization_by_hand(slopes):
    x = np.random.default_rng(3).normal(0, 1, (6, 128)).astype(np.float32)
    x[0] = 0
    x[1] *= 1e-9
    ours = layers.L2Normalization()
    squared = np.maximum((x.astype(float) ** 2).sum(axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(ours(x), x / np.sqrt(squared), rtol=1e-5)
    assert np.isfinite(slopes(ours, x)).all()


def test_l2_normalization_is_tensorflows(tf):
    x = np.random.default_rng(3).normal(0, 1, (6, 128)).astype(np.float32)
    x[0] = 0
    np.testing.assert_allclose(
        layers.L2Normalization()(x), tf.math.l2_normalize(x, axis=1), rtol=1e-6
    )


def test_the_zero_extended_sum_by_hand():
    first = np.arange(2.0).reshape(1, 1, 2, 1) + 1
    second = np.ones((1, 2, 1, 2))
    expected = np.zeros((1, 2, 2, 2))
    expected[:, :1, :, :1] += first
    expected[:, :, :1, :] += second
    np.testing.assert_array_equal(layers.ZeroExtendedSum()([first, second]), expected)


def test_the_zero_extended_sum_becomes_operations_of_keras(tmp_path):
    inputs = keras.Input((5, 5, 3))
    smaller = keras.layers.AveragePooling2D(2)(inputs)
    model = keras.Model(inputs, layers.ZeroExtendedSum()([smaller, inputs]))
    plain = layers.with_keras_operations(model)
    assert not any(isinstance(layer, layers.ZeroExtendedSum) for layer in plain.layers)
    plain.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    x = np.random.default_rng(3).random((2, 5, 5, 3), np.float32)
    np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: layer.name)
def test_each_layer_survives_saving(layer, tmp_path):
    inputs = keras.Input((4, 4, 6))
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert again.layers[-1].get_config() == layer.get_config()
    x = np.random.default_rng(3).random((2, 4, 4, 6), np.float32)
    np.testing.assert_array_equal(again(x), model(x))
