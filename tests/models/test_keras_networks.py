"""Keras applications: their values in the registry against Keras, their networks, the cut."""

from __future__ import annotations

import inspect
import sys
from unittest import mock

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.models.builders import keras_applications as builders  # noqa: E402
from fer_bench.models.keras_applications import BACKBONES, DEVIATION, MEAN  # noqa: E402
from fer_bench.models.keras_backend import clear_keras  # noqa: E402
from fer_bench.models.preprocessing import prepare_faces  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.models.transfer import transfer  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)


def function(name):
    return getattr(keras.applications, name)


def test_every_application_has_an_entry():
    found = {
        name
        for name, value in vars(keras.applications).items()
        if inspect.isfunction(value) and name[0].isupper()
    }
    assert found == set(BACKBONES)


@pytest.mark.parametrize("name", BACKBONES)
def test_preprocessing_is_that_of_keras(name):
    entry = BACKBONES[name]
    module = sys.modules[function(name).__module__]
    grey = np.arange(256, dtype=np.float32).repeat(entry.input_size**2)
    grey = grey.reshape(256, entry.input_size, entry.input_size)[::51]
    expected = module.preprocess_input(np.stack([grey] * 3, axis=-1))
    ours = keras.ops.broadcast_to(prepare_faces(grey, entry), expected.shape)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_digest_is_in_the_source_of_keras(name):
    kind, _, digest = (BACKBONES[name].weights.digest or "").partition(":")
    source = inspect.getsource(sys.modules[function(name).__module__])
    if name.startswith("ResNet"):
        source = inspect.getsource(sys.modules["keras.src.applications.resnet"])
    assert digest in source
    assert (kind == "") == (name in {"MobileNet", "MobileNetV2"})


def adapted_later():
    """Return the start of EfficientNet B0, whose statistics are weights."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Normalization()(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.Conv2D(3, 1, use_bias=False, name="stem")(x))


def test_efficientnet_standardises_its_input_as_with_imagenets_weights():
    model = builders._standardised(adapted_later())
    model.get_layer("stem").set_weights([np.eye(3).reshape(1, 1, 3, 3)])
    image = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 3))
    expected = (image / 255 - MEAN) / DEVIATION
    np.testing.assert_allclose(model(image), expected, rtol=1e-4, atol=1e-5)


# At 48 pixels, Keras warns that it takes MobileNet's weights for 224.
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined:UserWarning")
@pytest.mark.soak
@pytest.mark.parametrize("name", BACKBONES)
def test_networks_and_files_are_those_of_keras(name):
    """The network is the one that Keras builds for ImageNet's weights, down to their file."""
    entry = BACKBONES[name]
    side = entry.input_size
    if name.startswith("NASNet"):  # with weights, only its own size is accepted
        side = 331 if name.endswith("Large") else 224
    asked = {}

    def get_file(file, url, file_hash=None, **_):
        asked.update(file=file, url=url, digest=file_hash)

    with (
        mock.patch("keras.src.utils.file_utils.get_file", get_file),
        mock.patch.object(keras.Model, "load_weights"),
        keras.StatelessScope(),
    ):
        expected = function(name)(include_top=False, input_shape=(side, side, 3))
        expected_layers = [type(layer) for layer in expected.layers]
        shapes = [weight.shape for weight in expected.weights]
    assert (asked["file"], (asked["url"],)) == (entry.weights.file, entry.weights.urls)
    assert (asked["digest"] or "") == (entry.weights.digest or "").partition(":")[2]
    model = entry.build()
    assert [type(layer) for layer in model.layers] == expected_layers
    assert [weight.shape for weight in model.weights] == shapes
    clear_keras()


@pytest.mark.soak
@pytest.mark.parametrize("name", BACKBONES)
def test_prefix_and_suffix_together_are_the_network(name):
    entry = BACKBONES[name]
    model = seeded(entry, 3, is_random=True)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    # With the averages of other images, activations of deep networks overflow; with those of a few,
    # the variances of some channels are so small that rounding errors grow.
    others = np.random.default_rng(1).integers(0, 256, (29, 48, 48), dtype=np.uint8)
    model(prepare_faces(np.concatenate([IMAGES, others]), entry), training=True)
    count = len(model.layers)
    for trainable in (0, 4, count // 3, count // 2, "all"):
        network = transfer(entry, model, trainable, (48, 48), 7)
        features = [IMAGES]
        if network.prefix is not None:
            features = keras.tree.flatten(network.prefix(IMAGES, training=False))
        logits = np.asarray(network.suffix(features, training=False))
        uncut = keras.Model(network.whole.input, network.whole.layers[-1].input)
        expected = np.asarray(uncut(IMAGES, training=False))
        size = np.abs(expected).max()
        assert np.ptp(expected, axis=0).max() > 1e-3 * size
        # Folded layers round differently, which deep random networks amplify: to 2e-3 in ResNet152.
        limit = 5e-3 if name in ("ResNet101", "ResNet152") else 5e-4
        np.testing.assert_allclose(logits, expected, rtol=0, atol=limit * size)
    clear_keras()
