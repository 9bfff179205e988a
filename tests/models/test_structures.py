"""The real networks as the registry builds them: size, layers, weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import models  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]


@pytest.fixture(scope="module")
def openface(built):
    return built("openface")


@pytest.mark.parametrize(
    ("name", "parameters", "output", "last"),
    [
        (
            "resnet50",
            23_587_712,
            (None, 2, 2, 2048),
            ["conv5_block3_3_conv", "conv5_block3_3_bn", "conv5_block3_add", "conv5_block3_out"],
        ),
        (
            "mobilenet",
            3_228_864,
            (None, 1, 1, 1024),
            ["conv_dw_13_relu", "conv_pw_13", "conv_pw_13_bn", "conv_pw_13_relu"],
        ),
        (
            "mini",
            218_544,
            (None, 1, 1, 256),
            ["conv_dw_13_relu", "conv_pw_13", "conv_pw_13_bn", "conv_pw_13_relu"],
        ),
    ],
)
def test_keras_networks(built, name, parameters, output, last):
    model = built(name)
    assert model.count_params() == parameters == models.get(name).parameters
    assert model.output_shape == output
    assert [layer.name for layer in model.layers[-4:]] == last
    assert model.inputs[0].dtype == "float32"


def test_openface_is_complete(openface):
    assert openface.count_params() == 3_743_280
    assert openface.input_shape == (None, 96, 96, 3)
    assert openface.output_shape == (None, 128)
    assert [type(layer).__name__ for layer in openface.layers[-4:]] == [
        "AveragePooling2D",
        "Flatten",
        "Dense",
        "L2Normalization",
    ]


def test_openface_can_be_trained_whole(openface, gradient):
    x = np.random.default_rng(3).random((4, 96, 96, 3), np.float32)

    def likeness(images):
        embedding, _ = openface.stateless_call(
            [variable.value for variable in openface.trainable_variables],
            [variable.value for variable in openface.non_trainable_variables],
            images,
            training=True,
        )
        return keras.ops.sum(embedding[0] * embedding[1])

    slopes = gradient(likeness, x)
    assert np.isfinite(slopes).all()
    assert np.abs(slopes).max() > 0


def test_openface_survives_saving(openface, tmp_path):
    openface.save(tmp_path / "openface.keras")
    again = keras.saving.load_model(tmp_path / "openface.keras", safe_mode=True)
    x = np.random.default_rng(3).random((2, 96, 96, 3), np.float32)
    np.testing.assert_array_equal(again(x), openface(x))


def test_the_weights_follow_the_seed():
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return models.get("mini").build().get_weights()[0]

    first = weights(1)
    np.testing.assert_array_equal(first, weights(1))
    assert not np.array_equal(first, weights(2))


def own(**fields):
    def build():
        inputs = keras.Input((8, 8, 3))
        return keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs))

    entry = models.Backbone(
        name="own",
        title="Own",
        input_size=8,
        scale=1.0,
        offset=(0.0, 0.0, 0.0),
        builder=build,
        structure="own 1",
    )
    return dataclasses.replace(entry, **fields)


def test_a_users_builder_may_be_a_function():
    assert own().build().count_params() == 56


def test_a_network_with_other_parameters_than_its_entry_is_refused():
    with pytest.raises(FerBenchError, match="has 56 parameters") as caught:
        own(parameters=1000).build()
    assert "1,000 are registered" in caught.value.problem


def test_a_network_of_another_input_size_is_refused():
    with pytest.raises(FerBenchError, match=r"shape \(None, 8, 8, 3\)") as caught:
        own(input_size=9).build()
    assert "(None, 9, 9, 3) is registered" in caught.value.problem


def test_channels_first_is_refused():
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(FerBenchError, match="'channels_first'") as caught:
            own().build()
        assert caught.value.accepted.startswith("'channels_last'")
    finally:
        keras.config.set_image_data_format("channels_last")
