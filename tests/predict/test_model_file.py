"""Exported models: what they compute, and files that are none."""

from dataclasses import replace

import numpy as np
import pytest
from made_models import exported, metadata
from onnx_writer import means

from fer_bench.predict.model_file import ModelFile
from fer_bench.results.model_metadata import Calibration, ModelInput
from fer_bench.runtime.errors import FerBenchError

pytestmark = pytest.mark.network

CROPS = np.stack([np.full((48, 48), level, np.uint8) for level in (0, 100)])


def softmax(logits):
    made = np.exp(logits)
    return made / made.sum()


@pytest.mark.parametrize("channels", [1, 3, None])
def test_probabilities_are_calibrated(tmp_path, channels):
    about = metadata(calibration=Calibration(2.0, "100 images", 0.2, 0.1))
    about = replace(about, input=replace(about.input, shape=(None, None, None, channels)))
    path = tmp_path / "model.onnx"
    path.write_bytes(exported(about))
    found = ModelFile(path).probabilities(CROPS)
    expected = [np.full(7, 1 / 7), softmax(np.arange(1, 8) / 2)]
    assert found == pytest.approx(np.array(expected), abs=1e-5)


WIDE = ModelInput("images", "uint8", (None, 24, 32, 1), 24, 32, "0 to 255", "a face")


def test_the_size_is_width_and_height(tmp_path):
    (tmp_path / "model.onnx").write_bytes(exported(metadata(input=WIDE)))
    model = ModelFile(tmp_path / "model.onnx")
    assert model.size == (32, 24)
    assert model.probabilities(np.zeros((3, 24, 32), np.uint8)).shape == (3, 7)


BAD = {
    "missing.onnx": None,
    "empty.onnx": b"",
    "text.onnx": b"not a model",
    "network.keras": b"PK\x03\x04",
    "cut.onnx": exported()[:300],
    "foreign.onnx": means(),
    "invalid.onnx": means(metadata={"fer_bench": "{}"}),
    "newer.onnx": exported(metadata(schema=99)),
    "deepface.onnx": exported(metadata(target="deepface")),
    "five_classes.onnx": exported(classes=5),
    "logits.onnx": exported(softmax=False),
    "other_output.onnx": exported(outputs="features"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_such_model_is_one_line(tmp_path, name):
    path = tmp_path / name
    if BAD[name] is not None:
        path.write_bytes(BAD[name])
    with pytest.raises(FerBenchError) as caught:
        ModelFile(path)
    assert (caught.value.path, "\n" in str(caught.value)) == (path, False)
    assert caught.value.accepted
    assert caught.value.hint


def test_a_directory_is_no_model(tmp_path):
    with pytest.raises(FerBenchError) as caught:
        ModelFile(tmp_path)
    assert caught.value.path == tmp_path
