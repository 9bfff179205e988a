"""From grey images to network input, against worked examples and upstream's own functions."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import backbones  # noqa: E402
from fer_bench.backbones.preprocessing import FaceInput  # noqa: E402

pytestmark = pytest.mark.network


def faces(n: int, side: int = 48) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, side, side), dtype=np.uint8)


def layer_of(name: str) -> FaceInput:
    backbone = backbones.get(name)
    return FaceInput(backbone.input_size, backbone.scale, backbone.offset)


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
    ours = np.asarray(FaceInput(size, 1.0, (0.0, 0.0, 0.0))(images))
    expected = along(along(images.astype(float), 1, size), 2, size)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, np.repeat(expected[..., None], 3, axis=-1), atol=1e-3)


@pytest.mark.parametrize("n", [1, 32])
@pytest.mark.parametrize("size", [96, 224, 31])
def test_resizing_is_tensorflows(n, size):
    tf = pytest.importorskip("tensorflow")
    images = faces(n)
    ours = np.asarray(FaceInput(size, 1.0, (0.0, 0.0, 0.0))(images))
    expected = tf.image.resize(grey_to_rgb(images), (size, size)).numpy()
    assert ours.shape == (n, size, size, 3)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_the_own_size_is_passed_through_exactly():
    images = faces(3)
    ours = FaceInput(48, 1.0, (0.0, 0.0, 0.0))(images)
    np.testing.assert_array_equal(ours, grey_to_rgb(images))


@pytest.mark.parametrize("name", ["mobilenet", "mini"])
def test_mobilenets_pixels_are_as_keras_prepares_them(name):
    images = faces(4)
    expected = keras.applications.mobilenet.preprocess_input(grey_to_rgb(images))
    np.testing.assert_allclose(layer_of(name)(images), expected, atol=1e-6)


def test_resnets_pixels_are_as_keras_prepares_them():
    images = faces(4)
    expected = keras.applications.resnet50.preprocess_input(grey_to_rgb(images))
    np.testing.assert_array_equal(layer_of("resnet50")(images), expected)


@pytest.mark.parametrize("name", ["vggface", "openface"])
def test_the_face_networks_pixels_lie_between_0_and_1(name):
    size = backbones.get(name).input_size
    images = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    ours = np.asarray(layer_of(name)(images))
    assert ours.shape == (2, size, size, 3)
    np.testing.assert_array_equal(ours[0], 0)
    np.testing.assert_allclose(ours[1], 1, rtol=1e-6)


@pytest.mark.parametrize("name", ["resnet50", "openface"])
def test_a_channel_axis_and_floats_change_nothing(name):
    layer, images = layer_of(name), faces(2)
    expected = np.asarray(layer(images))
    np.testing.assert_array_equal(layer(images[..., None]), expected)
    np.testing.assert_array_equal(layer(images.astype(np.float32)), expected)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1), (None, None)])
def test_in_a_model_the_output_shape_is_known_and_saving_keeps_it(shape, tmp_path):
    inputs = keras.Input(shape, dtype="uint8")
    model = keras.Model(inputs, layer_of("openface")(inputs))
    assert model.output_shape == (None, 96, 96, 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    images = faces(2).reshape(2, *(side or 48 for side in shape))
    np.testing.assert_array_equal(again(images), model(images))
