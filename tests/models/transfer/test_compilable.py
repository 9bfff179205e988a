"""Convolutions computed as matrix products, and dropout that compiling does not change."""

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

keras = pytest.importorskip("keras")

from fer_bench.models.transfer import make_compilable  # noqa: E402
from fer_bench.models.transfer.xla_rewrite import (  # noqa: E402
    CompilableDropout,
    ConvolutionAsProduct,
    is_product,
)

pytestmark = pytest.mark.network

ON_TENSORFLOW = keras.config.backend() == "tensorflow"


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def named(model):
    return [layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def normal(*shape):
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


def around(layer, *shape):
    """Return a model of just this layer, a bias drawn for it."""
    inputs = keras.Input(shape)
    model = keras.Model([inputs], layer(inputs))
    if layer.use_bias:
        layer.bias.assign(normal(layer.filters))
    return model


@st.composite
def products(draw):
    """Return settings of a convolution that is a product, with its input's shape."""
    height, width, channels = (draw(st.integers(1, 5)) for _ in range(3))
    covers_all = draw(st.booleans())
    settings = {
        "filters": draw(st.integers(1, 5)),
        "kernel_size": (height, width) if covers_all else 1,
        "strides": draw(st.integers(1, 3)) if covers_all else 1,
        "padding": "valid" if covers_all else draw(st.sampled_from(["valid", "same"])),
        "dilation_rate": 1 if covers_all else draw(st.integers(1, 2)),
        "use_bias": draw(st.booleans()),
        "activation": draw(st.sampled_from([None, "relu", "tanh"])),
    }
    return settings, (height, width, channels)


# JAX compiles every shape.
@settings(max_examples=examples(30 if ON_TENSORFLOW else 8))
@given(products())
def test_a_product_is_its_convolution(case):
    options, shape = case
    plain = around(keras.layers.Conv2D(**options), *shape)
    model = make_compilable(plain)
    assert kinds(model) == ["InputLayer", "ConvolutionAsProduct"]
    assert model.output_shape == plain.output_shape
    values = normal(3, *shape)
    np.testing.assert_allclose(model([values]), plain([values]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"kernel_size": 3}, (5, 5, 4)),
        ({"kernel_size": 3, "padding": "same"}, (3, 3, 4)),
        ({"kernel_size": (3, 1)}, (3, 3, 4)),
        ({"kernel_size": 1, "strides": 2}, (4, 4, 4)),
        ({"kernel_size": 1, "groups": 2}, (4, 4, 4)),
        ({"kernel_size": 1}, (None, None, 4)),
        ({"kernel_size": 1, "activity_regularizer": "l2"}, (4, 4, 4)),
    ],
)
def test_other_convolutions_stay(options, shape):
    model = around(keras.layers.Conv2D(4, **options), *shape)
    assert make_compilable(model) is model


def test_only_plain_convolutions_are_products():
    class Louder(keras.layers.Conv2D):
        def call(self, inputs):
            return 2 * super().call(inputs)

    for layer in (Louder(4, 1), keras.layers.DepthwiseConv2D(1), keras.layers.Dense(4)):
        assert not is_product(layer, (None, 4, 4, 4))
    assert is_product(keras.layers.Conv2D(4, 1), (None, 4, 4, 4))


def suffix(dropout=0.0):
    """Build a residual block of products like ResNet-50's last, with a frozen convolution."""
    keras.utils.set_random_seed(3)
    left, right = keras.Input((2, 2, 6)), keras.Input((2, 2, 4))
    x = keras.layers.Conv2D(4, 1, activation="relu", name="pixels")(left)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Add(name="sum")([x, right])
    x = keras.layers.Conv2D(8, 2, name="whole")(x)
    x = keras.layers.Dropout(dropout, name="drop")(x)
    x = keras.layers.Conv2D(8, 1, name="frozen", trainable=False)(x)
    logits = keras.layers.Dense(3, name="head")(keras.layers.Flatten(name="flat")(x))
    return keras.Model([left, right], logits)


def training_data(images=24):
    labels = np.resize(np.arange(3), images)
    return [normal(images, 2, 2, 6), normal(images, 2, 2, 4)], keras.utils.to_categorical(labels, 3)


def train(model, **options):
    """Weights after three epochs, and the losses."""
    model.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        **options,
    )
    features, labels = training_data()
    history = model.fit(features, labels, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    return [np.asarray(weight) for weight in model.weights], history["loss"]


def test_the_variables_are_the_same_ones_in_the_same_order():
    plain = suffix()
    model = make_compilable(plain)
    assert kinds(model).count("ConvolutionAsProduct") == 3
    assert [id(weight) for weight in model.weights] == [id(weight) for weight in plain.weights]
    assert {id(weight) for weight in model.trainable_weights} == {
        id(weight) for weight in plain.trainable_weights
    }
    assert named(model) == named(plain)
    assert [tensor.shape for tensor in model.inputs] == [tensor.shape for tensor in plain.inputs]


def test_what_is_trained_as_a_product_predicts_as_a_convolution():
    plain = suffix()
    features, _ = training_data()
    before = plain.predict_on_batch(features)
    model = make_compilable(plain)
    train(model)
    after = plain.predict_on_batch(features)
    np.testing.assert_allclose(after, model.predict_on_batch(features), atol=1e-5)
    assert np.abs(after - before).max() > 0.1


@pytest.fixture(scope="module", params=[0.0, 0.4])
def plainly_trained(request):
    """Return the rate of dropout in a plain suffix, and what its training comes to."""
    return request.param, train(suffix(request.param), jit_compile=not ON_TENSORFLOW)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_comes_to_the_same_weights_compiled_or_not(plainly_trained, jit_compile):
    dropout, (expected, expected_loss) = plainly_trained
    found, loss = train(make_compilable(suffix(dropout)), jit_compile=jit_compile)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_a_layer_that_is_once_a_product_and_once_not_stays():
    shared = keras.layers.Conv2D(4, 3, name="shared")
    large, small = keras.Input((5, 5, 4)), keras.Input((3, 3, 4))
    pooled = keras.layers.GlobalMaxPooling2D(keepdims=True)(shared(large))
    joined = keras.layers.Add()([pooled, shared(small)])
    plain = keras.Model([large, small], joined)
    assert make_compilable(plain) is plain
    model = make_compilable(keras.Model([large, small], keras.layers.Conv2D(2, 1)(joined)))
    assert model.get_layer("shared") is shared
    assert kinds(model)[-1] == "ConvolutionAsProduct"


def test_a_layer_that_is_twice_a_product_is_one_layer():
    shared = keras.layers.Conv2D(4, 1)
    inputs = keras.Input((3, 3, 4))
    plain = keras.Model(inputs, shared(shared(inputs)))
    model = make_compilable(plain)
    assert kinds(model) == ["InputLayer", "ConvolutionAsProduct"]
    values = normal(2, 3, 3, 4)
    np.testing.assert_allclose(model(values), plain(values), atol=1e-5)


@pytest.mark.skipif(not ON_TENSORFLOW, reason="other backends' dropout is compilable as it is")
def test_dropout_drops_the_elements_that_it_would_otherwise():
    values = np.ones((50, 40), np.float32)
    expected = keras.layers.Dropout(0.3, seed=5)(values, training=True)
    layer = CompilableDropout(keras.layers.Dropout(0.3, seed=5))
    np.testing.assert_array_equal(layer(values, training=True), expected)
    assert 0.25 < np.mean(np.asarray(expected) == 0) < 0.35
    again = layer(values, training=True)
    assert not np.array_equal(again, expected)
    np.testing.assert_array_equal(layer(values, training=False), values)


# Keras saves TensorFlow's variables, which do not know numpy's copy keyword yet.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_both_layers_survive_saving(tmp_path):
    inputs = keras.Input((4, 4, 3))
    x = ConvolutionAsProduct(keras.layers.Conv2D(5, 1, activation="relu"))(inputs)
    model = keras.Model(inputs, CompilableDropout(keras.layers.Dropout(0.5))(x))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    values = normal(2, 4, 4, 3)
    np.testing.assert_array_equal(again(values), model(values))
