"""Cells whose layers compute in bfloat16."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import metrics, models  # noqa: E402
from fer_bench.data import Dataset  # noqa: E402
from fer_bench.data.prepare import prepare_data  # noqa: E402
from fer_bench.models import registry  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.protocol.trainable_layers import TrainableLayers  # noqa: E402
from fer_bench.training.cell_network import CellNetwork  # noqa: E402
from fer_bench.training.cell_runner import run_cell  # noqa: E402
from fer_bench.training.network_training import network_training  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402
from fer_bench.training.store.features import StoredTensor  # noqa: E402

pytestmark = pytest.mark.network


def build():
    images = keras.Input((48, 48, 3))
    values = keras.layers.Conv2D(4, 3, strides=4, activation="relu")(images)
    values = keras.layers.BatchNormalization()(values)
    values = keras.layers.Conv2D(8, 3, strides=4, activation="relu")(values)
    return keras.Model(images, values)


@pytest.fixture
def context(tmp_path, monkeypatch):
    """Return a run on noise of two brightnesses, with a small backbone registered as ``tiny``."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    models.register(models.Backbone("tiny", "Tiny", 48, 1 / 255, (0.0,) * 3, build, "tiny 1"))
    labels = np.arange(80, dtype=np.uint8) % 2
    images = np.random.default_rng(0).integers(0, 150, (80, 48, 48), dtype=np.uint8)
    dataset = Dataset(images + 90 * labels[:, None, None], labels, ("Angry", "Happy"), "dots")
    protocol = Protocol(epochs=3, trainable_layers=TrainableLayers(1, 1), learning_rate=0.01)
    return RunContext(prepare_data(dataset, DataSpec()), protocol, tmp_path / "store")


def mixed(context):
    protocol = dataclasses.replace(context.protocol, mixed_precision="bfloat16")
    return dataclasses.replace(context, protocol=protocol)


@pytest.mark.parametrize("head", ["linear", "mlp:8", "logreg"])
def test_layers_compute_in_bfloat16_and_the_loss_in_float32(context, head, monkeypatch):
    entry = models.get("tiny")
    with run_cell(context, entry, "random", head=head) as plain, monkeypatch.context():
        assert {layer.compute_dtype for layer in plain.network.suffix.layers} == {"float32"}
    with run_cell(mixed(context), entry, "random", head=head) as cell:
        network = cell.network
        layers = [one for one in network.suffix.layers if one.weights]
        types = [layer.compute_dtype for layer in layers]
        expected = {"linear": ["float32"], "mlp:8": ["bfloat16", "float32"], "logreg": []}[head]
        assert types[-len(expected) :] == expected or not expected
        assert {weight.dtype for weight in network.whole.weights} <= {"float32", "int32", "int64"}
        prefix = [one for one in network.prefix.layers if one.weights]
        assert {layer.compute_dtype for layer in prefix} == {"bfloat16"}
        if head != "logreg":
            assert network.suffix.output.dtype == network.whole.output.dtype == "float32"
        probabilities = cell.predict(context.dataset.images[context.split.test])
    assert (cell.logits.dtype, probabilities.dtype) == (np.float32, np.float32)
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-6
    np.testing.assert_allclose(probabilities, metrics.softmax(cell.logits), atol=0.02)
    assert (
        cell.result.quality.history.validation_loss[-1]
        != plain.result.quality.history.validation_loss[-1]
    )
    assert keras.config.dtype_policy().name == "float32"

    assert cell.result.fingerprint != plain.result.fingerprint
    features = sorted((context.store / "features").iterdir())
    assert len(features) == 2
    for path in (file for each in features for file in each.glob("*.npy")):
        assert StoredTensor(path).dtype == np.float32
    monkeypatch.setattr(CellNetwork, "network", None)
    again = run_cell(mixed(context), entry, "random", head=head)
    assert (again.result.source, again.result.quality) == ("store", cell.result.quality)


def test_the_complete_network_is_timed_in_bfloat16(context):
    timed = network_training(mixed(context), models.get("tiny"), "random", 48)
    timed.train(1)
    types = {
        type(one).__name__: one.compute_dtype
        for one in timed._model._flatten_layers()
        if one.weights
    }
    assert (types["Conv2D"], types["Dense"]) == ("bfloat16", "float32")
