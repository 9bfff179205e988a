"""Cells of networks in files: an ONNX file as frozen prefix, a saved Keras network."""

import dataclasses
import shutil

import numpy as np
import onnx_writer
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("onnxruntime")

from fer_bench import models  # noqa: E402
from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.models import keras_backend  # noqa: E402
from fer_bench.models.network_files import by_path  # noqa: E402
from fer_bench.models.network_files.onnx_extractor import OnnxExtractor  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.protocol.trainable_layers import TrainableLayers  # noqa: E402
from fer_bench.runtime.progress import silent  # noqa: E402
from fer_bench.training.cell_network import CellNetwork  # noqa: E402
from fer_bench.training.cell_runner import is_stored, run_cell  # noqa: E402
from fer_bench.training.network_training import network_training  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402

pytestmark = pytest.mark.network


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setattr(by_path, "_found", {})
    return RunContext(load_data(DataSpec(limit=300)), Protocol(epochs=2), tmp_path / "store")


@pytest.fixture
def onnx(context, tmp_path):
    path = tmp_path / "net.onnx"
    metadata = {"fer_bench": '{"pixel_range": [0, 1]}'}
    path.write_bytes(onnx_writer.means((None, 3, 48, 48), metadata))
    (entry,) = models.select(str(path))
    return entry


def test_only_the_head_of_an_onnx_file_is_trained_on_stored_features(context, onnx, monkeypatch):
    with run_cell(context, onnx, "pretrained") as cell:
        assert cell.result.parameters.backbone == 3
        assert cell.result.parameters.trainable == cell.result.parameters.head == 4 * 7
        assert cell.result.weights.startswith("net.onnx from its path, SHA-256 ")
        assert "0 trained layers" in cell.result.weights
        images = context.dataset.images[context.split.test]
        exponents = np.exp(cell.logits - cell.logits.max(axis=1, keepdims=True))
        expected = exponents / exponents.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(cell.predict(images), expected, atol=1e-5)
    all_layers = Protocol(epochs=2, trainable_layers=TrainableLayers("all", "all"))
    assert is_stored(dataclasses.replace(context, protocol=all_layers), onnx, "pretrained")
    # Without the result, the cell is trained again, on the same features.
    shutil.rmtree(context.store / "results")
    computed = []
    compute = OnnxExtractor.predict_on_batch
    monkeypatch.setattr(
        OnnxExtractor,
        "predict_on_batch",
        lambda self, images: computed.append(len(images)) or compute(self, images),
    )
    run_cell(context, onnx, "pretrained").close()
    assert max(computed) == 2  # the check of the file


def test_results_depend_on_the_file_and_on_onnxruntime(context, onnx, tmp_path, monkeypatch):
    def key():
        cell = context.cell(onnx, "pretrained")
        return context.fingerprint(onnx, cell, context.locate(onnx, "pretrained"))

    first = key()
    with monkeypatch.context() as patch:
        patch.setattr(keras_backend, "version", lambda *_: "1.0")
        assert key() != first
    assert key() == first
    content = onnx.file.path.read_bytes()
    onnx.file.path.write_bytes(content.replace(b"graph", b"grapf"))
    assert key() != first


def test_a_random_cell_of_an_onnx_file_is_refused(context, onnx):
    with pytest.raises(models.WeightsMissing) as caught:
        run_cell(context, onnx, "random")
    assert "has no random weights" in caught.value.problem


def test_training_of_the_complete_network_can_be_timed(context, onnx):
    made = network_training(context, onnx, "pretrained", 48)
    assert made.trained_parameters == 4 * 7
    assert made.weight_bytes == 4 * (3 + 4 * 7)
    before = made._model.get_weights()
    made.train(2)
    assert not np.array_equal(before[0], made._model.get_weights()[0])


def test_training_of_a_saved_network_starts_from_its_weights_or_from_others(context, tmp_path):
    image = keras.Input((48, 48, 1))
    x = keras.layers.Conv2D(2, 8, 8, name="kernel")(keras.layers.Rescaling(1 / 255)(image))
    saved = keras.Model(image, keras.layers.Dense(7, "softmax")(keras.layers.Flatten()(x)))
    saved.save(tmp_path / "grey.keras")
    (entry,) = models.select(str(tmp_path / "grey.keras"))
    networks = []
    for init in ("pretrained", "random"):
        cell, located = context.cell(entry, init), context.locate(entry, init)
        built = CellNetwork(context, entry, cell, located, silent)
        networks.append(built.network)
        from_file = init == "pretrained"
        assert built.weights.startswith("grey.keras from" if from_file else "random, seed 42")
        assert built.network.parameters.head == 36 * 2 * 7 + 7
    kernels = [network.whole.layers[1].get_layer("kernel").kernel for network in networks]
    np.testing.assert_array_equal(kernels[0], saved.get_layer("kernel").kernel)
    assert not np.array_equal(kernels[0], kernels[1])
