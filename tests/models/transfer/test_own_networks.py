"""Networks as people write them: joined by operators, in sequence, within one another."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from drawn_statistics import draw_statistics  # noqa: E402

from fer_bench.models import Backbone  # noqa: E402
from fer_bench.models.transfer import freeze, transfer  # noqa: E402
from fer_bench.models.transfer.batch_statistics import with_batch_statistics  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = pytest.mark.network

layers = keras.layers


def chained():
    return [
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3),
        layers.GlobalAveragePooling2D(),
    ]


def sequence():
    return keras.Sequential([keras.Input((12, 12, 3)), *chained()])


def sequence_without_input():
    return keras.Sequential(chained())


def joined_by_operators():
    """Blocks like ConvNeXt's, with a function between them."""
    image = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 2, strides=2)(image)
    for _ in range(3):
        inner = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        inner = layers.BatchNormalization()(inner)
        x = x + 0.5 * keras.ops.gelu(layers.Dense(4)(inner))
    return keras.Model(image, keras.ops.mean(x, axis=(1, 2)))


def nested():
    image = keras.Input((12, 12, 3))
    inner = keras.Model(image, layers.BatchNormalization()(layers.Conv2D(4, 3)(image)))
    outer = keras.Input((12, 12, 3))
    x = layers.Conv2D(3, 3)(keras.Sequential(chained()[:2])(inner(outer)))
    return keras.Model(outer, x)


def subclass_of_functional():
    class Own(keras.Model):
        pass

    image = keras.Input((12, 12, 3))
    return Own(image, sequence()(image))


def used_twice():
    """Return a convolution that is called three times and a normalisation that is called twice."""
    image = keras.Input((12, 12, 3))
    convolution = layers.Conv2D(3, 3, padding="same")
    normalization = layers.BatchNormalization()
    once = convolution(image)
    return keras.Model(image, normalization(once) + normalization(convolution(convolution(once))))


def named_like_the_head():
    image = keras.Input((12, 12, 3))
    x = layers.Flatten(name="head_flatten")(layers.Conv2D(2, 3)(image))
    return keras.Model(image, layers.Dense(5, name="head")(x))


def in_containers():
    image = keras.Input((12, 12, 3), name="image")
    return keras.Model({"image": image}, {"features": layers.Conv2D(2, 3)(image)})


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.convolution = layers.Conv2D(4, 3)

    def call(self, inputs):
        return self.convolution(inputs)


def around_a_subclass():
    image = keras.Input((12, 12, 3))
    return keras.Model(image, layers.Conv2D(2, 3)(Subclass()(image)))


BUILDERS = (
    sequence,
    sequence_without_input,
    joined_by_operators,
    nested,
    subclass_of_functional,
    used_twice,
    named_like_the_head,
    in_containers,
    around_a_subclass,
)


def entry(build, size=12):
    return Backbone("own", "Own", size, 1 / 255, (0.0, 0.0, 0.0), build, "own 1")


def assert_cut_like_the_whole(network, size):
    """Compare logits: a softmax hides what lies far apart."""
    images = np.random.default_rng(0).integers(0, 256, (5, size, size), dtype=np.uint8)
    features = [images]
    if network.prefix is not None:
        features = keras.tree.flatten(network.prefix(images, training=False))
    found = np.asarray(network.suffix(features, training=False))
    plain = keras.Model(network.whole.input, network.whole.layers[-1].input)
    expected = np.asarray(plain(images, training=False))
    scale = np.ptp(expected)
    assert scale > 0
    np.testing.assert_allclose(found, expected, atol=1e-5 * scale)
    whole = network.whole(images, training=False)
    np.testing.assert_allclose(keras.ops.softmax(found), whole, atol=1e-5)


@pytest.mark.parametrize("mode", ["paper", "frozen"])
@pytest.mark.parametrize("build", BUILDERS)
def test_prefix_and_suffix_together_are_the_whole(build, mode):
    entries = len(entry(build).build().layers)
    cuts = set()
    for trainable in (*range(entries + 1), "all"):
        backbone = draw_statistics(entry(build).build())
        network = transfer(entry(build), backbone, trainable, (12, 12), 7, mode)
        assert_cut_like_the_whole(network, 12)
        cuts.add(network.boundary)
    assert len(cuts) > 1


@pytest.mark.nightly_on_jax
def test_convnext_is_cut_where_its_blocks_are_joined():
    keras.utils.set_random_seed(1)

    def build():
        return keras.applications.ConvNeXtTiny(
            include_top=False, weights=None, input_shape=(48, 48, 3)
        )

    backbone = entry(build, 48).build()
    network = transfer(entry(build, 48), backbone, 4, (48, 48), 7)
    assert len(network.boundary) == 2
    assert_cut_like_the_whole(network, 48)
    keras.utils.clear_session()


def test_the_boundary_distinguishes_the_calls_of_one_layer():
    def called_twice(first, second):
        image = keras.Input((12, 12, 3))
        shared = layers.Conv2D(3, 3, padding="same")
        x = shared(image)
        x = layers.Conv2D(3, 3, padding="same", trainable=True)(x) if first else shared(x)
        return keras.Model(image, layers.Conv2D(3, 3)(x) if second else x)

    # The same layer list, cut after the shared layer's first call and after its second.
    early = transfer(entry(None), called_twice(True, False), 1, (12, 12), 7)
    late = transfer(entry(None), called_twice(False, True), 1, (12, 12), 7)
    assert early.boundary == (1,)
    assert late.boundary != early.boundary


def test_normalisation_within_a_network_within_the_network_stays_frozen_too():
    backbone = nested()
    freeze(backbone, "all", "own", "frozen")
    parts = [layer for layer in backbone._flatten_layers() if not layer._layers]
    normalizations = [part for part in parts if isinstance(part, layers.BatchNormalization)]
    assert len(normalizations) == 2
    assert not any(part.trainable for part in normalizations)
    assert sum(bool(part.trainable_weights) for part in parts) == 3
    assert with_batch_statistics(backbone) is None


def test_a_normalisation_out_of_sight_leaves_the_batch_statistics_unmeasured():
    class Block(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.normalization = layers.BatchNormalization()

        def call(self, inputs, training=None):
            return self.normalization(inputs, training=training)

    image = keras.Input((4,))
    assert with_batch_statistics(keras.Model(image, Block()(image))) is None
    seen = layers.BatchNormalization()(Block()(image))
    assert with_batch_statistics(keras.Model(image, seen)) is None


def refusal(built):
    with pytest.raises(FerBenchError) as caught:
        entry(lambda: built).build()
    assert "backbone 'own'" in caught.value.problem
    assert "\n" not in str(caught.value)
    return caught.value


class OwnCall(keras.Model):
    def call(self, inputs):
        return 2 * super().call(inputs)


def test_what_is_no_graph_of_layers_is_refused_with_what_is_accepted():
    image = keras.Input((12, 12, 3))
    for built, shown in (
        (Subclass(), "Subclass"),
        (OwnCall(image, layers.Conv2D(2, 3)(image)), "OwnCall"),
        (layers.Conv2D(2, 3), "Conv2D"),
        (None, "NoneType"),
        ((sequence(), 1), "tuple"),
    ):
        error = refusal(built)
        assert f"{shown}'" in error.problem
        assert "functional keras.Model" in error.accepted
        assert "keras.Sequential with one" in error.accepted


def test_several_inputs_or_outputs_are_refused():
    one, other = keras.Input((12, 12, 3)), keras.Input((12, 12, 3))
    joined = keras.Model([one, other], one + other)
    assert "input shape [(None, 12, 12, 3), (None, 12, 12, 3)]" in refusal(joined).problem
    assert "has 2 outputs" in refusal(keras.Model(one, [one + 1, one + 2])).problem
    assert (
        "input shape (None, 8, 8, 3)"
        in refusal(keras.Sequential([keras.Input((8, 8, 3)), *chained()])).problem
    )
