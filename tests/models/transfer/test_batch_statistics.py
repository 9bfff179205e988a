"""Networks that normalise by the batch outside of training, and change nothing by it."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.models import get  # noqa: E402
from fer_bench.models.transfer import make_compilable, transfer  # noqa: E402
from fer_bench.models.transfer.batch_statistics import BatchStatistics, with_batch_statistics  # noqa: E402

pytestmark = pytest.mark.network

Norm = keras.layers.BatchNormalization


def normal(*shape, mean=0.0):
    return np.random.default_rng(7).normal(mean, 2, size=shape).astype(np.float32)


def values(model):
    """Return copies of all variables, random states among them."""
    return [np.array(np.asarray(variable)) for variable in model.variables]


def assert_unchanged(model, before):
    for now, then in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(now, then)


def suffix(dropout=0.0):
    """Two tensors joined, a trained normalisation before and after a frozen one."""
    keras.utils.set_random_seed(3)
    left, right = keras.Input((2, 2, 6)), keras.Input((2, 2, 4))
    x = keras.layers.Conv2D(4, 1, activation="relu")(left)
    x = Norm(name="first")(x)
    x = keras.layers.Add()([x, right])
    x = Norm(name="frozen", trainable=False)(x)
    x = keras.layers.Dropout(dropout)(x)
    x = Norm(name="last", scale=False, epsilon=0.1)(x)
    logits = keras.layers.Dense(3)(keras.layers.Flatten()(x))
    model = keras.Model([left, right], logits)
    for layer in model.layers:
        if isinstance(layer, Norm):
            layer.moving_mean.assign(normal(4))
            layer.moving_variance.assign(1 + normal(4) ** 2)
            layer.beta.assign(normal(4))
    return model


def features(images=9):
    return [normal(images, 2, 2, 6, mean=3), normal(images, 2, 2, 4, mean=-1)]


def in_training(model, inputs):
    """Return the output of the plain Keras network in training mode, which updates its averages."""
    return keras.ops.convert_to_numpy(model(inputs, training=True))


def test_a_batch_of_two_by_hand():
    norm = Norm(epsilon=0.0)
    inputs = keras.Input((1,))
    model = keras.Model(inputs, norm(inputs))
    norm.gamma.assign([2.0])
    norm.beta.assign([0.5])
    found = with_batch_statistics(model).predict_on_batch(np.array([[1.0], [3.0]], np.float32))
    # Mean 2, variance 1: they become -1 and 1.
    np.testing.assert_allclose(found, [[-1.5], [2.5]], rtol=1e-6)


@pytest.mark.parametrize("rewrite", [False, True])
def test_it_is_the_plain_network_in_training_mode_and_nothing_moves(rewrite):
    plain = suffix()
    model = with_batch_statistics(make_compilable(plain) if rewrite else plain)
    before = values(plain)
    found = [model.predict_on_batch(features(images)) for images in (9, 8, 9)]
    assert_unchanged(plain, before)
    np.testing.assert_array_equal(found[0], found[2])
    by_averages = plain.predict_on_batch(features())
    assert np.abs(found[0] - by_averages).max() > 0.1
    np.testing.assert_allclose(found[0], in_training(plain, features()), atol=1e-5)
    assert not np.array_equal(plain.get_layer("first").moving_mean, before[2])


def test_dropout_drops_nothing_and_its_random_state_stays():
    model, without = suffix(dropout=0.5), suffix()
    without.set_weights(model.get_weights())
    expected = in_training(without, features())
    for plain in (model, make_compilable(model)):
        before = values(plain)
        found = with_batch_statistics(plain).predict_on_batch(features())
        assert_unchanged(plain, before)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_it_follows_the_training_of_its_network():
    plain = suffix()
    model = with_batch_statistics(plain)
    before = model.predict_on_batch(features())
    plain.compile("adam", "mse")
    plain.fit(features(), np.zeros((9, 3)), epochs=2, verbose=0)
    after = model.predict_on_batch(features())
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, in_training(plain, features()), atol=1e-5)


def test_a_compiled_network_is_taken_without_its_optimiser():
    plain = suffix()
    plain.compile("adam", "mse")
    plain.optimizer.build(plain.trainable_variables)
    assert not with_batch_statistics(plain).compiled


def test_where_no_normalisation_is_trained_there_is_no_such_network():
    inputs = keras.Input((4,))
    assert with_batch_statistics(keras.Model(inputs, keras.layers.Dense(2)(inputs))) is None
    frozen = keras.Model(inputs, keras.layers.Dense(2)(Norm(trainable=False)(inputs)))
    assert with_batch_statistics(frozen) is None
    # Nothing in it can be trained, but its averages move.
    assert with_batch_statistics(keras.Model(inputs, Norm(center=False, scale=False)(inputs)))


def test_a_layer_that_is_used_twice_is_one_layer():
    norm, inputs = Norm(), keras.Input((4,))
    plain = keras.Model(inputs, norm(norm(inputs)))
    model = with_batch_statistics(plain)
    assert [type(layer) for layer in model.layers[1:]] == [BatchStatistics]
    found = model.predict_on_batch(normal(5, 4))
    np.testing.assert_allclose(found, in_training(plain, normal(5, 4)), atol=1e-5)


def test_a_call_that_was_written_with_a_mode_is_trained_like_others():
    # Keras gives every layer of a functional graph the mode that the graph is called with.
    inputs = keras.Input((4,))
    x = Norm(name="by_averages")(inputs, training=False)
    plain = keras.Model(inputs, Norm()(keras.layers.Dense(3)(x)))
    plain.layers[1].moving_mean.assign(normal(4))
    plain.layers[1].moving_variance.assign(1 + normal(4) ** 2)
    found = with_batch_statistics(plain).predict_on_batch(normal(5, 4))
    np.testing.assert_allclose(found, in_training(plain, normal(5, 4)), atol=1e-5)


@pytest.mark.parametrize("trainable", [4, 12, "all"])
def test_the_suffix_of_a_backbone_is_the_same_in_training_mode(trainable):
    keras.utils.set_random_seed(2)
    entry = get("mini")
    network = transfer(entry, entry.build(), trainable, (48, 48), 7)
    images = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    given = [images]
    if network.prefix is not None:
        given = keras.tree.flatten(network.prefix.predict_on_batch(images))
    before = values(network.whole)
    found = with_batch_statistics(network.suffix).predict_on_batch(given)
    assert_unchanged(network.whole, before)
    expected = in_training(network.suffix, given)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    averages = network.suffix.predict_on_batch(given)
    assert np.abs(found - averages).max() > 0.01 * np.abs(expected).max()


@pytest.mark.parametrize("trainable", [4, 12, "all"])
def test_frozen_batch_normalisation_leaves_nothing_to_look_into(trainable):
    entry = get("mini")
    network = transfer(entry, entry.build(), trainable, (48, 48), 7, "frozen")
    assert with_batch_statistics(network.suffix) is None


def test_the_layer_survives_saving(tmp_path):
    model = with_batch_statistics(suffix())
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(features()), model(features()))
