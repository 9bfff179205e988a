"""Training of a complete network for timing: what is trained, at which input, what is kept."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.models.keras_backend import clear_keras  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.training.network_training import (  # noqa: E402
    BATCHES,
    input_sizes,
    network_training,
)
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
    assert len(made._images) == BATCHES * made.batch_size < len(context.split.train)
    assert np.array_equal(made._images, context.dataset.images[context.split.train[:64]])
    larger = network_training(context, entry, "random", 96)
    assert larger is not made
    assert larger._model.count_params() == model.count_params() + larger.trained_parameters - 67_847


def test_another_data_set_with_an_equal_split_is_not_trained_on_the_last_one(tmp_path):
    data = load_data(DataSpec(limit=300, split="80-20-ordered"))
    changed = dataclasses.replace(data.dataset, images=255 - data.dataset.images[:])
    others = RunContext(dataclasses.replace(data, dataset=changed), Protocol(), tmp_path)
    context = RunContext(data, Protocol(), tmp_path)
    assert others.split.digest == context.split.digest
    made, other = (network_training(each, get("mini"), "random", 48) for each in (context, others))
    assert np.array_equal(other._images, 255 - made._images)
