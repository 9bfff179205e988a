"""Networks of many kinds of layers and operations, cut at every depth."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from drawn_statistics import draw_statistics  # noqa: E402

from fer_bench.models import Backbone  # noqa: E402
from fer_bench.models.functional_model import flattened  # noqa: E402
from fer_bench.models.transfer import transfer  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.soak]

layers, ops = keras.layers, keras.ops
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)


def image():
    return keras.Input((8, 8, 3))


def tokens(images):
    return layers.Reshape((16, -1))(layers.Conv2D(8, 2, 2)(images))


def transformer():
    images = image()
    x = tokens(images)
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, 4)(y, value=y, key=y)
        x = x + layers.Dense(8)(ops.gelu(layers.Dense(16)(layers.LayerNormalization()(x))))
    return keras.Model(images, x)


def tensors_by_keyword():
    images = image()
    x = tokens(images)
    attended = layers.MultiHeadAttention(2, 4)(query=x, value=layers.Dense(8)(x))
    return keras.Model(images, layers.Dense(4)(attended))


def recurrent():
    images = image()
    recurrence = layers.LSTM(5, return_sequences=True, return_state=True)
    sequence, *states = recurrence(tokens(images))
    sequence = layers.Bidirectional(layers.GRU(3, return_sequences=True))(sequence)
    return keras.Model(images, layers.Concatenate()([layers.Flatten()(sequence), *states]))


def over_time():
    images = image()
    x = layers.TimeDistributed(layers.Dense(5))(images)
    row = keras.Sequential([layers.Input((8, 5)), layers.Dense(3)])
    return keras.Model(images, layers.Conv2D(2, 3)(layers.TimeDistributed(row)(x)))


def integers():
    images = image()
    x = layers.Conv2D(4, 3)(images)
    embedded = layers.Embedding(4, 3)(ops.argmax(x, -1))
    return keras.Model(images, layers.Conv2D(2, 3)(layers.Concatenate()([embedded, x])))


def masked():
    images = image()
    x = tokens(images)
    mask = ops.greater(ops.sum(x, -1), 0.0)
    return keras.Model(images, layers.Dense(2)(layers.LSTM(5, return_sequences=True)(x, mask=mask)))


def chosen_by_condition():
    images = image()
    x = layers.Conv2D(4, 3)(images)
    chosen = ops.where(x > 0, layers.Conv2D(4, 1)(x), 0.1 * x)
    return keras.Model(images, layers.Conv2D(2, 1)(chosen)[:, 1:, ::2])


def class_token():
    images = image()
    x = tokens(images)
    x = ops.concatenate([layers.Dense(8)(ops.zeros_like(x[:, :1])), x], 1)
    return keras.Model(images, layers.Dense(3)(x)[:, 0])


def unstacked():
    images = image()
    rows = ops.unstack(layers.Conv2D(4, 3)(images), axis=1)
    return keras.Model(images, layers.Dense(3)(ops.stack(rows[::-1], 1)))


def normalised():
    images = image()
    x = layers.SpectralNormalization(layers.Conv2D(4, 3))(images)
    x = layers.UnitNormalization()(layers.GroupNormalization(2)(layers.SeparableConv2D(4, 3)(x)))
    return keras.Model(images, layers.Conv2D(2, 1)(x))


def augmented():
    images = image()
    x = layers.RandomRotation(0.1)(layers.RandomFlip()(layers.Rescaling(1.0)(images)))
    return keras.Model(images, layers.Dense(3)(layers.GaussianNoise(0.1)(layers.Conv2D(4, 3)(x))))


def nested_with_named_outputs():
    inside = keras.Input((6, 6, 4))
    outputs = {
        "one": layers.Conv2D(3, 1)(inside),
        "two": layers.Conv2D(3, 3, padding="same")(inside),
    }
    images = image()
    found = keras.Model(inside, outputs)(layers.Conv2D(4, 3)(images))
    return keras.Model(images, layers.Conv2D(2, 1)(found["one"] * found["two"]))


def nested_with_two_inputs():
    one, two = keras.Input((6, 6, 4)), keras.Input((6, 6, 4))
    inner = keras.Model([one, two], layers.Conv2D(3, 1)(one * two))
    images = image()
    x = layers.Conv2D(4, 3)(images)
    joined = inner([x, layers.BatchNormalization()(x)])
    return keras.Model(images, layers.Conv2D(2, 1)(joined))


def nested_twice_and_used_twice():
    inside = keras.Input((6, 6, 4))
    innermost = [layers.Conv2D(3, 1, name="same"), layers.BatchNormalization(name="norm")]
    inner = keras.Sequential([layers.Input((6, 6, 4)), *innermost])
    outer = keras.Model(inside, layers.Conv2D(3, 1, name="same")(inner(inside)))
    images = image()
    x = layers.Conv2D(4, 3, name="same")(images)
    return keras.Model(images, layers.Conv2D(2, 1)(outer(x) + outer(inputs=x * 2.0)))


NESTED = (nested_with_named_outputs, nested_with_two_inputs, nested_twice_and_used_twice)
FLAT = (
    transformer,
    tensors_by_keyword,
    recurrent,
    over_time,
    integers,
    masked,
    chosen_by_condition,
    class_token,
    unstacked,
    normalised,
    augmented,
)


@pytest.mark.filterwarnings("ignore:Layer .* does not support masking:UserWarning")
@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("build", [*FLAT, *NESTED])
def test_prefix_and_suffix_together_are_the_network(build, flatten):
    if flatten and build in FLAT:
        pytest.skip("has no nested networks")

    def built():
        keras.utils.set_random_seed(1)
        return flattened(build()) if flatten else build()

    entry = Backbone("own", "Own", 8, 1 / 255, (0.0, 0.0, 0.0), built, "own 1")
    for trainable in (*range(len(entry.build().layers) + 1), "all"):
        network = transfer(entry, draw_statistics(entry.build()), trainable, (8, 8), 7)
        features = [IMAGES]
        if network.prefix is not None:
            # Features are stored as float32, whatever their type.
            outputs = keras.tree.flatten(network.prefix.predict_on_batch(IMAGES))
            features = [np.asarray(values, np.float32) for values in outputs]
        found = np.asarray(network.suffix(features, training=False))
        uncut = keras.Model(network.whole.input, network.whole.layers[-1].input)
        expected = np.asarray(uncut(IMAGES, training=False))
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.ptp(expected))


@pytest.mark.parametrize("build", NESTED)
def test_nested_networks_are_replaced_by_their_layers(build):
    keras.utils.set_random_seed(1)
    nested = build()
    draw_statistics(nested)
    flat = flattened(nested)
    assert not any(isinstance(layer, keras.Model) for layer in flat.layers)
    assert len({layer.name for layer in flat.layers}) == len(flat.layers)
    faces = np.random.default_rng(0).random((3, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(flat(faces), nested(faces), atol=1e-6)
