"""Timing of exported files in their runtimes."""

import json
import zipfile

import pytest
from click.testing import CliRunner
from onnx_writer import means

from fer_bench import cli
from fer_bench.results.model_metadata import MEMBER
from fer_bench.results.runtime_speeds import read_runtime_speeds
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training import file_timing

pytestmark = pytest.mark.network

DESCRIBED = {"fingerprint": "f", "input": {"height": 8, "width": 8}}


def test_an_onnx_file_is_opened_and_timed(tmp_path):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "net.onnx"
    path.write_bytes(means(metadata={"fer_bench": json.dumps(DESCRIBED)}))
    found = file_timing.open_file(path, 1)
    assert (found.runtime, found.axes, found.dtype) == (
        "onnxruntime",
        (None, 3, 8, 8),
        "float32",
    )
    assert (len(found.sha256), found.metadata) == (64, DESCRIBED)
    seconds = file_timing.time_calls(32, 4)
    assert len(seconds) == 4
    assert min(seconds) > 0


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("net.pt", b"", "is not a network that can be timed"),
        ("net.onnx", b"no network", "cannot be opened"),
        ("net.keras", b"no network", "cannot be opened"),
        ("net.onnx", means((None, 3, None, None)), "the size of its images is not known"),
    ],
)
def test_a_file_that_cannot_be_timed_is_one_error(tmp_path, name, content, problem):
    for module in ("keras", "onnxruntime"):
        pytest.importorskip(module)
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FerBenchError) as caught:
        file_timing.open_file(path, 1)
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_batches_of_another_size_are_an_error(tmp_path):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "net.onnx"
    path.write_bytes(means((1, 3, 8, 8)))
    file_timing.open_file(path, 1)
    assert len(file_timing.time_calls(1, 2)) == 2
    with pytest.raises(FerBenchError) as caught:
        file_timing.time_calls(32, 1)
    assert caught.value.problem == "it takes batches of 1 only, not of 32"


def test_files_are_timed_in_processes_of_their_own(tmp_path, monkeypatch, capfd):
    keras = pytest.importorskip("keras")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(file_timing, "ROUNDS_FOR_P99", 10)
    images = keras.Input((None, None, 3))
    network = keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))
    paths = [tmp_path / "net.onnx", tmp_path / "net.keras"]
    paths[0].write_bytes(means(metadata={"fer_bench": json.dumps(DESCRIBED)}))
    network.save(paths[1])
    with zipfile.ZipFile(paths[1], "a") as archive:
        archive.writestr(MEMBER, json.dumps(DESCRIBED))
    output = tmp_path / "speeds.json"
    command = ["benchmark", *map(str, paths), "--threads=1", "-o", str(output)]
    done = CliRunner().invoke(cli.main, command)
    assert (done.exit_code, done.stderr) == (0, "")
    assert capfd.readouterr().err == ""  # the runtimes write nothing, either
    found = read_runtime_speeds(output)
    assert (found.threads, [one.runtime for one in found.files]) == (1, ["onnxruntime", "Keras"])
    assert [one.fingerprint for one in found.files] == ["f", "f"]
    assert found.files[1].shape == (8, 8, 3)
    for one in found.files:
        assert {size: len(speed.seconds) for size, speed in one.batches.items()} == {1: 10, 32: 10}
        assert all(speed.reference is not None for speed in one.speeds)
    assert found.ratio(found.files[0], 1) > 0
    assert "onnxruntime" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["net.onnx", "./net.onnx"], "is given twice"),
        (["net.onnx", "-o", "net.onnx"], "-o is one of the files to time"),
        (["missing.onnx"], "cannot be read: No such file"),
        (["missing"], "cannot be read: No such file"),
    ],
)
def test_bad_arguments_are_one_line(tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.onnx").write_bytes(means())
    done = CliRunner().invoke(cli.main, ["benchmark", *arguments])
    assert done.exit_code == 1
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
