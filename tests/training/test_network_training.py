"""Training of a complete network for timing: what is trained, at which input, what is kept."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.models.keras_backend import clear_keras  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.training.network_training import input_sizes, network_training  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402

pytestmark = pytest.mark.network


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mini", (48,)),
        ("mobilenet", (48, 96)),
        ("resnet50", (48, 96)),
        ("openface", (96,)),
        ("vggface", (224,)),
    ],
)
def test_only_the_papers_smaller_networks_are_timed_at_a_second_size(name, sizes):
    assert input_sizes(get(name)) == sizes


def test_the_last_layers_of_the_complete_network_are_trained(tmp_path):
    context = RunContext(load_data(DataSpec(limit=300)), Protocol(batch_size=8), tmp_path)
    entry = get("mini")
    made = network_training(context, entry, "random", 48)
    # As in tests of the cut: the last four layers of mini, and the head.
    assert made.trained_parameters == 67_847
    model = made._model
    assert model.input_shape == (None, 48, 48)
    before = [weight.numpy() for weight in model.weights]
    made.train(2)
    moved = {
        weight.path
        for old, weight in zip(before, model.weights, strict=True)
        if not np.array_equal(old, weight.numpy())
    }
    trained = {weight.path for weight in model.trainable_weights}
    assert {path for path in moved if "moving" not in path} <= trained
    assert model.trainable_weights[-1].path in moved
    clear_keras()
    assert network_training(context, entry, "pretrained", 48) is made
    made.train(1)
    larger = network_training(context, entry, "random", 96)
    assert larger is not made
    assert larger._model.count_params() == model.count_params() + larger.trained_parameters - 67_847
