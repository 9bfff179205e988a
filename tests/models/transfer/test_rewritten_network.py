"""Parts of a network that ``transfer`` rewrites, for the registered backbones."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from drawn_statistics import draw_statistics  # noqa: E402

from fer_bench.models import get  # noqa: E402
from fer_bench.models.keras_backend import runs_on_cpu  # noqa: E402
from fer_bench.models.preprocessing import prepare_faces  # noqa: E402
from fer_bench.models.transfer import attach_head, cut, transfer  # noqa: E402
from fer_bench.training.compiled_suffix import gains_from_xla  # noqa: E402

pytestmark = pytest.mark.network


BOUNDARIES = {
    "mini": ["conv_dw_13_relu"],
    "mobilenet": ["conv_dw_13_relu"],
    "resnet50": ["conv5_block2_out", "conv5_block3_2_relu"],
    "openface": ["flatten"],
    "vggface": ["max_pooling2d"],
}


# Residual blocks and convolutions that are products: small networks have them too.
NIGHTLY = ("resnet50", "vggface")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.nightly_on_jax if name in NIGHTLY else ())
        for name in BOUNDARIES
    ],
)
def real(request, needs_structure):
    """Return a backbone's name, the backbone, and its network, the last four layers trained."""
    name = request.param
    needs_structure(name)
    keras.utils.set_random_seed(1)
    backbone = draw_statistics(get(name).build())
    yield name, backbone, transfer(get(name), backbone, 4, (48, 48), 7)
    keras.utils.clear_session()


@pytest.fixture(scope="module")
def features(real):
    """Two images, and what the network's prefix makes of them."""
    _, _, network = real
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    return images, keras.tree.flatten(network.prefix.predict_on_batch(images))


def test_the_real_networks_are_cut_before_their_last_four_layers(real, features):
    name, backbone, network = real
    images, crossing = features
    found = [attach_head(backbone, 7).layers[position].name for position in network.boundary]
    # What Keras made up a name for counts as the class it is made of.
    expected = BOUNDARIES[name]
    assert sorted(layer if layer in expected else layer.rpartition("_")[0] for layer in found) == (
        expected
    )
    logits = network.suffix.predict_on_batch(crossing)
    whole = network.whole(images, training=False)
    np.testing.assert_allclose(keras.ops.softmax(logits), whole, atol=1e-5)
    # Constants would prove nothing.
    assert all(np.ptp(feature) > 0 for feature in crossing)


def test_the_prefix_of_a_backbone_stays_the_same_without_normalisation(real, features):
    name, backbone, network = real
    images, found = features
    model = attach_head(backbone, 7)
    plain = keras.Model(model.inputs, cut(model))
    assert normalizations(plain) > 20 or name == "vggface"
    assert normalizations(network.prefix) == 0
    faces = prepare_faces(images, get(name))
    expected = keras.tree.flatten(plain(faces, training=False))
    for ours, theirs in zip(found, expected, strict=True):
        scale = np.abs(theirs).max()
        assert scale > 0
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * scale)


def layers_of(model):
    for layer in model.layers:
        yield layer
        yield from layers_of(layer) if isinstance(layer, keras.Model) else ()


def normalizations(model):
    return sum(isinstance(part, keras.layers.BatchNormalization) for part in layers_of(model))


@pytest.fixture(scope="module")
def mini():
    entry = get("mini")
    return transfer(entry, entry.build(), 4, (48, 48), 7)


def test_the_prefix_normalises_nothing_and_the_whole_network_stays_plain(mini):
    assert normalizations(mini.prefix) == 0
    assert normalizations(mini.suffix) == 1
    assert normalizations(mini.whole) == 27


def test_what_the_suffix_learns_the_whole_network_predicts(mini):
    images = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)
    before = mini.whole.predict_on_batch(images)
    for weight in mini.suffix.trainable_weights:
        weight.assign(weight + 0.1)
    features = keras.tree.flatten(mini.prefix.predict_on_batch(images))
    logits = mini.suffix.predict_on_batch(features)
    after = mini.whole.predict_on_batch(images)
    np.testing.assert_allclose(keras.ops.softmax(logits), after, atol=1e-5)
    assert np.abs(after - before).max() > 1e-3


decided_here = pytest.mark.skipif(
    keras.config.backend() != "tensorflow" or not runs_on_cpu(), reason="elsewhere Keras decides"
)


@decided_here
def test_suffixes_without_real_convolutions_are_compiled(real):
    _, _, network = real
    assert gains_from_xla(network.suffix) is True


@decided_here
@pytest.mark.parametrize("trainable", [10, "all"])
def test_suffixes_with_real_convolutions_are_not_compiled(trainable):
    entry = get("mini")
    network = transfer(entry, entry.build(), trainable, (48, 48), 7)
    assert gains_from_xla(network.suffix) is False
