"""From grey images to network input, against worked examples and upstream's own functions."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import models as backbones  # noqa: E402
from fer_bench.models.preprocessing import prepare_faces  # noqa: E402

pytestmark = pytest.mark.network


def faces(n: int, side: int = 48) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, side, side), dtype=np.uint8)


def prepared(images, name):
    return np.asarray(prepare_faces(images, backbones.get(name)))


def resized(images, size):
    """Prepare images for a network that takes grey levels as they are."""
    entry = backbones.Backbone("own", "Own", size, 1.0, (0.0, 0.0, 0.0), "none:none", "own 1")
    return np.asarray(prepare_faces(images, entry))


def grey_to_rgb(images):
    return np.repeat(images[..., None].astype(np.float32), 3, axis=-1)


def along(images, axis, size):
    """One axis resized by the definition: linear between pixel centres, constant beyond the last.

    The centre of pixel i of n lies at (i + 1/2) / n of the image.
    """
    sides = images.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * sides / size - 0.5, 0, sides - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, sides - 1)
    share = (at - low).reshape([-1 if k == axis else 1 for k in range(images.ndim)])
    return np.take(images, low, axis) * (1 - share) + np.take(images, high, axis) * share


@pytest.mark.parametrize("n", [1, 32])
@pytest.mark.parametrize("size", [96, 224, 31])
def test_resizing_is_bilinear_with_half_pixel_centres(n, size):
    images = faces(n)
    ours = resized(images, size)
    expected = along(along(images.astype(float), 1, size), 2, size)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, np.repeat(expected[..., None], 3, axis=-1), atol=1e-3)


@pytest.mark.parametrize("n", [1, 32])
@pytest.mark.parametrize("size", [96, 224, 31])
def test_resizing_is_tensorflows(n, size):
    tf = pytest.importorskip("tensorflow")
    images = faces(n)
    ours = resized(images, size)
    expected = tf.image.resize(grey_to_rgb(images), (size, size)).numpy()
    assert ours.shape == (n, size, size, 3)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_the_own_size_is_passed_through_exactly():
    images = faces(3)
    ours = resized(images, 48)
    np.testing.assert_array_equal(ours, grey_to_rgb(images))


@pytest.mark.parametrize("name", ["mobilenet", "mini"])
def test_mobilenets_pixels_are_as_keras_prepares_them(name):
    images = faces(4)
    expected = keras.applications.mobilenet.preprocess_input(grey_to_rgb(images))
    np.testing.assert_allclose(prepared(images, name), expected, atol=1e-6)


def test_resnets_pixels_are_as_keras_prepares_them():
    images = faces(4)
    expected = keras.applications.resnet50.preprocess_input(grey_to_rgb(images))
    np.testing.assert_array_equal(prepared(images, "resnet50"), expected)


@pytest.mark.parametrize("name", ["vggface", "openface"])
def test_the_face_networks_pixels_lie_between_0_and_1(name):
    size = backbones.get(name).input_size
    images = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    ours = prepared(images, name)
    assert ours.shape == (2, size, size, 3)
    np.testing.assert_array_equal(ours[0], 0)
    np.testing.assert_allclose(ours[1], 1, rtol=1e-6)


@pytest.mark.parametrize("name", ["resnet50", "openface"])
def test_a_channel_axis_and_floats_change_nothing(name):
    images = faces(2)
    expected = prepared(images, name)
    np.testing.assert_array_equal(prepared(images[..., None], name), expected)
    np.testing.assert_array_equal(prepared(images.astype(np.float32), name), expected)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1), (None, None)])
def test_in_a_model_the_output_shape_is_known_and_saving_keeps_it(shape, tmp_path):
    inputs = keras.Input(shape, dtype="uint8")
    model = keras.Model(inputs, prepare_faces(inputs, backbones.get("openface")))
    assert model.output_shape == (None, 96, 96, 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    images = faces(2).reshape(2, *(side or 48 for side in shape))
    np.testing.assert_array_equal(again(images), model(images))


class OneLayer(keras.layers.Layer):
    """The same written by hand as one layer, in the order in which results were computed ever."""

    def __init__(self, entry):
        super().__init__()
        self.entry = entry

    def call(self, images):
        size = self.entry.input_size
        grey = keras.ops.expand_dims(keras.ops.cast(images, "float32"), -1)
        if size != 48:
            grey = keras.ops.image.resize(grey, (size, size), data_format="channels_last")
        return grey * self.entry.scale + keras.ops.cast(np.asarray(self.entry.offset), "float32")


@pytest.mark.parametrize("jit_compile", [False, "auto"])
@pytest.mark.parametrize("name", backbones.names())
def test_operations_in_a_model_compute_every_bit_of_one_layer(name, jit_compile):
    entry = backbones.get(name)
    inputs = keras.Input((48, 48), dtype="uint8")
    models = [
        keras.Model(inputs, make(inputs))
        for make in (lambda images: prepare_faces(images, entry), OneLayer(entry))
    ]
    all_levels = np.resize(np.arange(256, dtype=np.uint8), (1, 48, 48))
    for model in models:
        model.compile(jit_compile=jit_compile)
    found, expected = (
        model.predict_on_batch(np.concatenate([all_levels, faces(7)])) for model in models
    )
    np.testing.assert_array_equal(found, expected)
