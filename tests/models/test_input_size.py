"""Networks for another input size than that of their builder."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.models import Backbone  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = pytest.mark.network


def convolutional(size=8):
    image = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(4, 3)(image)
    return keras.Model(image, keras.layers.ReLU()(keras.layers.BatchNormalization()(x)))


def dense():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))


def entry(build):
    return Backbone("own", "Own", 8, 1 / 255, (0.0, 0.0, 0.0), build, "own 1")


@pytest.mark.parametrize("size", [5, 8, 12])
def test_the_weights_are_those_of_the_own_size(size):
    own = seeded(entry(convolutional), 3, is_random=True)
    found = seeded(entry(convolutional).adapted(Protocol(input_size=size)), 3, is_random=True)
    assert found.input_shape == (None, size, size, 3)
    assert [type(layer) for layer in found.layers] == [type(layer) for layer in own.layers]
    expected = convolutional(size)
    expected.set_weights(own.get_weights())
    images = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    np.testing.assert_array_equal(found.predict_on_batch(images), expected.predict_on_batch(images))


@pytest.mark.parametrize(("build", "size"), [(convolutional, 2), (dense, 9)])
def test_a_size_that_a_network_does_not_accept_is_an_error(build, size):
    with pytest.raises(FerBenchError) as caught:
        entry(build).resized(size).build()
    assert f"{size} x {size}" in caught.value.problem
    assert caught.value.hint == "omit --input-size: its own is 8"
