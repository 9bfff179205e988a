"""Boundary between the frozen and the trainable part of a network."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.models import Backbone  # noqa: E402
from fer_bench.models.transfer import attach_head, cut, freeze, transfer  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = pytest.mark.network


def chain():
    """Six entries in the layer list: input, conv, dropout, conv, relu, conv."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="first")(image)
    x = keras.layers.Dropout(0.5, name="drop")(x)
    x = keras.layers.Conv2D(4, 3, name="second")(x)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Conv2D(4, 3, name="third")(x)
    return keras.Model(image, x, name="chain")


def fork():
    """Return a residual block: the cut before its end crosses two tensors."""
    image = keras.Input((8, 8, 3))
    trunk = keras.layers.Conv2D(4, 3, name="trunk")(image)
    side = keras.layers.Conv2D(4, 1, name="side")(trunk)
    inner = keras.layers.Conv2D(4, 1, name="inner")(side)
    joined = keras.layers.Add(name="joined")([inner, trunk])
    return keras.Model(image, keras.layers.ReLU(name="end")(joined), name="fork")


def entry(build):
    return Backbone("tiny", "Tiny", 8, 1 / 255, (0.0, 0.0, 0.0), build, "tiny 1")


def boundary_of(build, trainable):
    backbone = build()
    boundary = transfer(entry(build), backbone, trainable, (8, 8), 3).boundary
    names = [*(layer.name for layer in backbone.layers), "head_flatten"]
    return tuple(names[position] for position in boundary)


@pytest.mark.parametrize(
    ("trainable", "boundary"),
    [
        (0, ("head_flatten",)),
        (1, ("relu",)),
        (2, ("relu",)),  # a layer without weights has nothing to train
        (3, ("first",)),
        (4, ()),
    ],
)
def test_the_last_entries_of_the_layer_list_are_trained(trainable, boundary):
    assert boundary_of(without_dropout, trainable) == boundary


@pytest.mark.parametrize("trainable", [0, 1, 2, 3, 4])
def test_the_cut_lies_before_dropout(trainable):
    # It draws again in every epoch, even if frozen: later features cannot be stored.
    assert boundary_of(chain, trainable) == ("first",)


def without_dropout():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="first")(image)
    x = keras.layers.Conv2D(4, 3, name="second")(x)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Conv2D(4, 3, name="third")(x)
    return keras.Model(image, x, name="without_dropout")


def test_the_cut_may_cross_several_tensors():
    assert boundary_of(fork, 3) == ("side", "trunk")
    assert boundary_of(fork, 2) == ("head_flatten",)


def test_nothing_frozen_leaves_no_prefix():
    network = transfer(entry(chain), chain(), "all", (8, 8), 3)
    assert network.prefix is None
    assert network.suffix.input_shape == (None, 8, 8)
    assert network.parameters.trainable == network.parameters.backbone + network.parameters.head


def padded():
    image = keras.Input((8, 8, 3))
    wide = keras.layers.ZeroPadding2D(3, name="padding")(image)
    x = keras.layers.Conv2D(4, 3, name="first")(wide)
    return keras.Model(image, keras.layers.Conv2D(4, 3, name="second")(x), name="padded")


def test_what_only_moves_pixels_is_not_stored():
    network = transfer(entry(padded), padded(), "all", (8, 8), 3)
    assert network.prefix is None
    assert network.suffix.input_shape == (None, 8, 8)
    assert transfer(entry(padded), padded(), 1, (8, 8), 3).feature_shapes == ((12, 12, 4),)


def test_frozen_layers_stay_and_trained_ones_count():
    network = transfer(entry(without_dropout), without_dropout(), 1, (8, 8), 3)
    third, head = 4 * 4 * 9 + 4, 4 * 4 * 2 * 2 * 3 // 4 + 3
    assert network.parameters.backbone == (3 * 4 * 9 + 4) + 2 * third
    assert network.parameters.head == head
    assert network.parameters.trainable == third + head


def test_average_pooling_leaves_one_feature_for_each_channel():
    network = transfer(entry(fork), fork(), 1, (8, 8), 3, pooling="average")
    assert network.parameters.head == 4 * 3 + 3
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8), dtype=np.uint8)
    by_parts = network.suffix.predict_on_batch(network.prefix.predict_on_batch(images))
    expected = keras.ops.softmax(by_parts)
    np.testing.assert_allclose(network.whole.predict_on_batch(images), expected, atol=1e-6)


def operations():
    """Return a network joined by operators, with a nested model of two outputs."""
    inside = keras.Input((8, 8, 4))
    halves = keras.ops.split(keras.layers.Conv2D(4, 3, padding="same", name="in")(inside), 2, -1)
    nested = keras.Model(inside, halves, name="nested")
    image = keras.Input((8, 8, 3))
    trunk = keras.layers.Conv2D(4, 1, name="trunk")(image)
    one, two = nested(trunk * 2.0 + 1.0)
    joined = keras.ops.concatenate([keras.layers.Conv2D(2, 1, name="side")(one) + two, one], -1)
    return keras.Model(image, keras.layers.Conv2D(2, 1, name="end")(joined + trunk))


def test_outputs_of_operators_and_nested_models_cross_the_cut():
    network = operations()
    boundary = transfer(entry(operations), network, 2, (8, 8), 3).boundary
    count = len(network.operations) + 2  # with the head
    crossing = [(network.operations[number % count].name, number // count) for number in boundary]
    assert crossing == [("nested", 0), ("nested", 1), ("trunk", 0)]


def batch_average():
    image = keras.Input((8, 8, 3))
    trunk = keras.layers.Conv2D(4, 1, name="trunk")(image)
    mean = keras.ops.mean(trunk, axis=0)
    return keras.Model(image, keras.layers.Conv2D(2, 1, name="end")(trunk) + mean[..., :2])


def test_a_tensor_that_mixes_images_cannot_be_stored_by_image():
    with pytest.raises(FerBenchError, match="cannot be cut") as caught:
        transfer(entry(batch_average), batch_average(), 1, (8, 8), 3)
    assert "'tiny'" in caught.value.problem
    assert "(8, 8, 2)" in caught.value.problem
    assert "--trainable-layers" in caught.value.hint


def without_rows():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, keras.ops.mean(image, axis=0))


def test_features_that_mix_images_are_refused():
    with pytest.raises(FerBenchError, match="output shape") as caught:
        entry(without_rows).build()
    assert "(8, 8, 3)" in caught.value.problem


@pytest.mark.parametrize("build", [chain, fork, without_dropout, operations])
@pytest.mark.parametrize("trainable", [0, 1, 2, 3, 5])
def test_prefix_and_suffix_together_are_the_whole(build, trainable):
    network = transfer(entry(build), build(), trainable, (8, 8), 3)
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
    features = [images]
    if network.prefix is not None:
        features = keras.tree.flatten(network.prefix.predict_on_batch(images))
    logits = network.suffix.predict_on_batch(features)
    expected = network.whole.predict_on_batch(images)
    np.testing.assert_allclose(keras.ops.softmax(logits), expected, atol=1e-6)


def test_more_trained_layers_than_there_are_is_an_error():
    with pytest.raises(FerBenchError, match="7 trainable layers") as caught:
        freeze(chain(), 7, "tiny")
    assert "tiny has only 6 layers" in caught.value.problem
    assert caught.value.accepted == "0 to 6, or 'all'"


def normalized():
    """Seven entries in the layer list: input, conv, norm, relu, conv, norm, relu."""
    image = x = keras.Input((8, 8, 3))
    for name in ("first", "second"):
        x = keras.layers.Conv2D(4, 3, name=name)(x)
        x = keras.layers.BatchNormalization(name=f"{name}_norm")(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.Model(image, x, name="normalized")


@pytest.mark.parametrize(
    ("trainable", "mode", "boundary", "trained"),
    [
        (2, "paper", "second", ["second_norm"]),
        (2, "frozen", "head_flatten", []),
        (4, "paper", "first_relu", ["second", "second_norm"]),
        (4, "frozen", "first_relu", ["second"]),
        (5, "paper", "first", ["first_norm", "second", "second_norm"]),
        (5, "frozen", "first_relu", ["second"]),
    ],
)
def test_batch_normalization_can_stay_frozen_and_the_cut_follows(
    trainable, mode, boundary, trained
):
    backbone = normalized()
    network = transfer(entry(normalized), backbone, trainable, (8, 8), 3, mode)
    names = [*(layer.name for layer in backbone.layers), "head_flatten"]
    assert [names[position] for position in network.boundary] == [boundary]
    assert [layer.name for layer in backbone.layers if layer.trainable_weights] == trained


def test_frozen_batch_normalization_keeps_all_that_it_started_with():
    backbone = normalized()
    network = transfer(entry(normalized), backbone, "all", (8, 8), 3, "frozen")
    norms = [backbone.get_layer(name) for name in ("first_norm", "second_norm")]
    before = [weight.numpy() for norm in norms for weight in norm.weights]
    conv = backbone.get_layer("first").kernel.numpy()
    network.suffix.compile("adam", "mse")
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8), dtype=np.uint8)
    network.suffix.fit([images], np.ones((8, 3)), verbose=0)
    after = [weight.numpy() for norm in norms for weight in norm.weights]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(backbone.get_layer("first").kernel.numpy(), conv)


def test_frozen_batch_normalization_runs_in_inference_mode():
    image = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization(name="norm")(image)
    backbone = keras.Model(image, keras.layers.Conv2D(2, 3, name="conv")(x))
    freeze(backbone, 1, "tiny")
    network = attach_head(backbone, 3)
    assert [tensor.shape[1:] for tensor in cut(network)] == [(8, 8, 3)]
    norm = network.get_layer("norm")
    values = np.random.default_rng(0).normal(5, 2, (16, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(norm(values, training=True), norm(values, training=False))
