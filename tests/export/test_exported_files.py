"""Exported files of a small trained cell: each format, deepface, and errors of one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("networks are exported through TensorFlow", allow_module_level=True)
pytest.importorskip("tf2onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from fer_bench.cli import main  # noqa: E402
from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.export.deployable import deployable_model  # noqa: E402
from fer_bench.export.formats import convert  # noqa: E402
from fer_bench.metrics import softmax  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.models.transfer import transfer  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.head import Heads  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.results import KEY, json_text, measure_record, run_record  # noqa: E402
from fer_bench.results.model_metadata import MEMBER, read_metadata  # noqa: E402
from fer_bench.training.cell_runner import run_cell  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.network

HEADS = ("linear", "logreg", "svm", "prototype", "knn")


class Trained:
    """A run of mini with several heads, in a store and a results file."""

    def __init__(self, directory: Path) -> None:
        self.store, self.results = directory / "store", directory / "results.json"
        protocol = Protocol(epochs=1, head=Heads(HEADS))
        self.context = RunContext(load_data(DataSpec(limit=300)), protocol, self.store)
        self.cells = [
            run_cell(self.context, get("mini"), "pretrained", head=head) for head in HEADS
        ]
        results = tuple(cell.result for cell in self.cells)
        document = {
            KEY: run_record(self.context.record(results)),
            "benchmarks": [
                {"extra_info": {KEY: measure_record(one.id, one.quality)}} for one in results
            ],
        }
        self.results.write_text(json_text(document))

    @property
    def test_images(self) -> np.ndarray:
        return np.asarray(self.context.dataset.images[self.context.split.test])

    def export(self, *arguments):
        options = ["--results", self.results, "--store", self.store]
        return CliRunner().invoke(main, ["export", *map(str, (*arguments, *options))])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return Trained(tmp_path_factory.mktemp("trained"))


def session_of(path):
    return onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def test_an_onnx_file_takes_grey_and_colour_of_any_size(trained, tmp_path):
    from PIL import Image

    path = tmp_path / "model.onnx"
    done = trained.export("mini-pretrained-42", "-o", path)
    assert done.exit_code == 0, done.output
    session = session_of(path)
    (images,), (output,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.type) == ("images", "tensor(uint8)")
    assert images.shape == ["images", "height", "width", "channels"]
    assert output.name == "probabilities"

    def predict(values):
        return session.run(None, {"images": values})[0]

    cell = trained.cells[0]
    grey = trained.test_images[..., None]
    expected = softmax(cell.logits)
    np.testing.assert_allclose(predict(grey), expected, atol=1e-5)
    assert expected.std(axis=0).max() > 0.01  # not the same output for all images
    np.testing.assert_allclose(predict(grey.repeat(3, axis=3)), predict(grey), atol=1e-6)
    colour = np.random.default_rng(0).integers(0, 256, (4, 61, 70, 3), dtype=np.uint8)
    luma = np.stack([np.asarray(Image.fromarray(one).convert("L")) for one in colour])
    np.testing.assert_allclose(predict(colour), predict(luma[..., None]), atol=1e-6)
    metadata = read_metadata(session.get_modelmeta().custom_metadata_map[KEY])
    assert metadata.card == (tmp_path / "model.onnx.md").read_text()
    assert metadata.fingerprint == cell.result.fingerprint
    assert metadata.accuracy.value == cell.result.quality.test_accuracy
    assert metadata.accuracy.images == len(grey) == metadata.parity.images
    assert metadata.parity.largest_difference < 1e-5
    assert [one.recall for one in metadata.recalls] == list(cell.result.quality.recall)
    assert metadata.classes == trained.context.dataset.classes
    assert dict(metadata.protocol)["epochs"] == "1"
    assert metadata.calibration.temperature > 0
    assert "not legal advice" in metadata.card


def test_keras_alone_loads_a_keras_file(trained, tmp_path):
    path = tmp_path / "model.keras"
    assert trained.export("mini-pretrained-42", "-o", path).exit_code == 0
    np.save(tmp_path / "images.npy", trained.test_images[..., None])
    code = (
        "import sys, keras, numpy; model = keras.saving.load_model(sys.argv[1], safe_mode=True); "
        "numpy.save(sys.argv[3], model.predict(numpy.load(sys.argv[2]), verbose=0)); "
        "assert not any(name.startswith('fer_bench') for name in sys.modules)"
    )
    names = [str(tmp_path / name) for name in ("model.keras", "images.npy", "found.npy")]
    subprocess.run([sys.executable, "-c", code, *names], check=True, cwd=tmp_path)
    expected = softmax(trained.cells[0].logits)
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-5)
    with zipfile.ZipFile(path) as archive:
        metadata = read_metadata(archive.read(MEMBER).decode())
    assert metadata.parity.runtime == f"Keras {keras.__version__}"


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter:UserWarning")
def test_a_litert_file_predicts_the_same(trained, tmp_path):
    import tensorflow as tf

    path = tmp_path / "model.tflite"
    done = trained.export("mini-pretrained-42", "-o", path)
    assert done.exit_code == 0, done.output
    interpreter = tf.lite.Interpreter(model_path=str(path))
    (images,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    values = trained.test_images[..., None].repeat(3, axis=3)
    interpreter.resize_tensor_input(images["index"], values.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(images["index"], values)
    interpreter.invoke()
    expected = softmax(trained.cells[0].logits)
    np.testing.assert_allclose(interpreter.get_tensor(output["index"]), expected, atol=1e-5)
    with zipfile.ZipFile(path) as archive:
        assert read_metadata(archive.read(MEMBER).decode()).cell == "mini-pretrained-42"


@pytest.mark.parametrize("head", ["logreg", "svm", "prototype"])
def test_a_fitted_head_is_one_layer_of_the_file(trained, tmp_path, head):
    path = tmp_path / "model.onnx"
    done = trained.export(f"mini-pretrained-{head}", "-o", path)
    assert done.exit_code == 0, done.output
    found = session_of(path).run(None, {"images": trained.test_images[..., None]})[0]
    expected = softmax(trained.cells[HEADS.index(head)].logits)
    np.testing.assert_allclose(found, expected, atol=1e-5)


ANALYSE = """
import json, sys, cv2, numpy
from deepface import DeepFace
for image in numpy.load(sys.argv[1]):
    # 224 pixels, to which deepface resizes first.
    photo = cv2.cvtColor(cv2.resize(image, (224, 224)), cv2.COLOR_GRAY2BGR)
    (found,) = DeepFace.analyze(photo, actions=["emotion"], detector_backend="skip", silent=True)
    grey = cv2.cvtColor(photo.astype(numpy.float32) / 255, cv2.COLOR_BGR2GRAY)
    seen = cv2.resize(grey, (48, 48)).tolist()
    emotions = {name: float(value) for name, value in found["emotion"].items()}
    print(json.dumps([emotions, found["dominant_emotion"], seen]))
"""


def test_deepface_uses_the_file(trained, tmp_path):
    pytest.importorskip("deepface")
    path = tmp_path / ".deepface" / "weights" / "facial_expression_model_weights.onnx"
    done = trained.export("mini-pretrained-42", "--for=deepface", "-o", path)
    assert done.exit_code == 0, done.output
    np.save(tmp_path / "images.npy", trained.test_images[:3])
    homes = {"HOME": str(tmp_path), "DEEPFACE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ANALYSE, str(tmp_path / "images.npy")],
        env={**os.environ, **homes, "DEEPFACE_BACKEND_ENGINE": "onnx"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"[")]
    assert len(lines) == 3
    names = [name.lower() for name in trained.context.dataset.classes]
    for emotions, dominant, seen in lines:
        values = np.array(seen, np.float32)[None, ..., None]
        (expected,) = session_of(path).run(None, {"images": values})[0]
        assert list(emotions) == names
        np.testing.assert_allclose(list(emotions.values()), 100 * expected, atol=1e-3)
        assert dominant == names[expected.argmax()]


def test_a_result_in_the_store_is_enough(trained, tmp_path):
    fingerprint = trained.cells[0].result.fingerprint
    options = ["--store", str(trained.store), "-o", str(tmp_path / "model.keras")]
    done = CliRunner().invoke(main, ["export", fingerprint[:12], *options])
    assert done.exit_code == 0, done.output


def bad(trained, tmp_path, *arguments, code=1):
    """Export and return the error, after checking that it is one line and nothing was written."""
    before = sorted(tmp_path.rglob("*"))
    done = trained.export(*arguments)
    assert done.exit_code == code
    error = done.stderr.splitlines()[-1]
    assert error.startswith("Error: ")
    assert done.exit_code == 2 or done.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
    return error


def test_bad_input_is_one_line(trained, tmp_path):
    out = tmp_path / "model.onnx"
    assert "has no result" in bad(trained, tmp_path, "0" * 12, "-o", out)
    assert "is unknown" in bad(trained, tmp_path, "mini-random-42", "-o", out)
    assert "cannot be written as one dense layer" in bad(
        trained, tmp_path, "mini-pretrained-knn-42", "-o", out
    )
    cell = "mini-pretrained-42"
    assert "does not end with '.onnx'" in bad(trained, tmp_path, cell, "-o", tmp_path / "model")
    assert "deepface does not read" in bad(
        trained, tmp_path, cell, "--for=deepface", "-o", tmp_path / "model.keras"
    )
    assert "use --best" in bad(trained, tmp_path, "-o", out, code=2)
    assert "use --best" in bad(trained, tmp_path, cell, "--best", "-o", out, code=2)
    missing = CliRunner().invoke(main, ["export", "--best", "-o", str(out), "--results", "no.json"])
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)


def test_a_cell_that_is_not_stored_is_not_trained(trained, tmp_path):
    options = ["--results", str(trained.results), "--store", str(tmp_path / "empty")]
    arguments = ["mini-pretrained-42", *options, "-o", str(tmp_path / "model.onnx")]
    done = CliRunner().invoke(main, ["export", *arguments])
    assert done.exit_code == 1
    assert "has no result" in done.stderr
    assert "--backbone=mini --init=pretrained" in done.stderr
    assert "--epochs=1" in done.stderr
    assert not (tmp_path / "model.onnx").exists()


def test_a_damaged_conversion_is_refused_and_not_written(trained, tmp_path, monkeypatch):
    from fer_bench.export import export

    def damaged(model, kind):
        layer = next(one for one in model._flatten_layers() if one.name == "head")
        weights = layer.get_weights()
        rng = np.random.default_rng(0)
        layer.set_weights([value + rng.normal(0, 0.1, value.shape) for value in weights])
        try:
            return convert(model, kind)
        finally:
            layer.set_weights(weights)

    monkeypatch.setattr(export, "convert", damaged)
    error = bad(trained, tmp_path, "mini-pretrained-42", "-o", tmp_path / "model.onnx")
    assert "computes another model" in error


@pytest.mark.parametrize("kind", ["onnx", "litert"])
def test_batch_normalisation_after_resizing_is_in_inference_mode(kind):
    images = keras.Input((16, 16, 3), name="images")
    resized = keras.layers.Resizing(8, 8)(images)
    normalization = keras.layers.BatchNormalization()
    model = keras.Model(images, normalization(keras.layers.Conv2D(4, 3)(resized)))
    normalization.set_weights([np.full(4, value) for value in (1.5, 0.2, -0.4, 2.0)])
    values = np.random.default_rng(0).uniform(size=(5, 16, 16, 3)).astype(np.float32)
    expected = model.predict_on_batch(values)
    np.testing.assert_allclose(convert(model, kind).run(values), expected, atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), [("mobilenet", "onnx"), ("openface", "keras")])
def test_each_kind_of_layer_is_exported(name, kind, needs_structure):
    needs_structure(name)
    rng = np.random.default_rng(0)
    backbone = seeded(get(name), 0, is_random=True)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(rng.normal(0, 0.1, layer.moving_mean.shape))
            # Small, so that the differences between images grow from layer to layer.
            layer.moving_variance.assign(rng.uniform(0.02, 0.1, layer.moving_mean.shape))
    network = transfer(get(name), backbone, 4, (48, 48), 7)
    cell = types.SimpleNamespace(network=network, fitted_head=None)
    images = rng.integers(0, 256, (6, 48, 48), dtype=np.uint8)
    values = network.prefix.predict_on_batch(images)
    logits = keras.ops.convert_to_numpy(network.suffix(keras.tree.flatten(values), training=False))
    found = convert(deployable_model(cell, get(name), "any"), kind).run(images[..., None])
    np.testing.assert_allclose(found, softmax(logits), atol=1e-5)
    assert found.std(axis=0).max() > 1e-4
