"""What ``transfer`` makes of the registered backbones: rewritten parts of one network."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.backbones import get  # noqa: E402
from fer_bench.runtime import runs_on_cpu  # noqa: E402
from fer_bench.training.trainer import _gains_from_xla  # noqa: E402
from fer_bench.transfer import transfer  # noqa: E402

pytestmark = pytest.mark.network


@pytest.fixture
def network(request):
    name, trainable = request.param
    entry = get(name)
    yield transfer(entry, entry.build(), trainable, (48, 48), 7)
    keras.utils.clear_session()


def layers_of(model):
    for layer in model.layers:
        yield layer
        yield from layers_of(layer) if isinstance(layer, keras.Model) else ()


@pytest.mark.parametrize("network", [("mini", 4)], indirect=True)
def test_the_prefix_normalises_nothing_and_the_whole_network_stays_plain(network):
    def count(model):
        return sum(isinstance(part, keras.layers.BatchNormalization) for part in layers_of(model))

    assert count(network.prefix) == 0
    assert count(network.suffix) == 1
    assert count(network.whole) == 27


@pytest.mark.parametrize("network", [("mini", 4)], indirect=True)
def test_what_the_suffix_learns_the_whole_network_predicts(network):
    images = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)
    before = network.whole.predict_on_batch(images)
    for weight in network.suffix.trainable_weights:
        weight.assign(weight + 0.1)
    features = keras.tree.flatten(network.prefix.predict_on_batch(images))
    logits = network.suffix.predict_on_batch(features)
    after = network.whole.predict_on_batch(images)
    np.testing.assert_allclose(keras.ops.softmax(logits), after, atol=1e-5)
    assert np.abs(after - before).max() > 1e-3


@pytest.mark.skipif(
    keras.config.backend() != "tensorflow" or not runs_on_cpu(), reason="elsewhere Keras decides"
)
@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (("mini", 4), True),
        (("mini", 10), False),
        (("mini", "all"), False),
        (("resnet50", 4), True),
        (("openface", 4), True),
        (("vggface", 4), True),
    ],
    indirect=["network"],
)
def test_suffixes_without_real_convolutions_are_compiled(network, expected):
    assert _gains_from_xla(network.suffix) is expected
