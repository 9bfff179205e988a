"""Invalid ``.keras`` files, each of which is refused with one line."""

import hashlib
import json
import zipfile

import pytest

from fer_bench import models
from fer_bench.models.network_files import keras_archive
from fer_bench.runtime.errors import FerBenchError

INPUT = {
    "class_name": "InputLayer",
    "module": "keras.layers",
    "registered_name": None,
    "name": "image",
    "config": {"batch_shape": [None, 8, 8, 3], "name": "image"},
}


def layer(kind, module="keras.layers", registered=None, **config):
    return {
        "class_name": kind,
        "module": module,
        "registered_name": registered,
        "name": kind.lower(),
        "config": config,
    }


def network(*layers, kind="Functional", inputs=("image", 0, 0), image=INPUT):
    config = {"name": "net", "layers": [image, *layers], "input_layers": list(inputs)}
    return {"module": "keras", "class_name": kind, "config": config, "registered_name": kind}


def archive(directory, config, others=(), weights=b"", compression=zipfile.ZIP_STORED):
    path = directory / "net.keras"
    text = config if isinstance(config, str) else json.dumps(config)
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("config.json", text)
        file.writestr("model.weights.h5", weights)
        for name in others:
            file.writestr(name, b"")
    return path


def refusal(path):
    with pytest.raises(FerBenchError) as caught:
        models.select(str(path))
    assert "\n" not in str(caught.value)
    assert caught.value.path == path
    return caught.value


def test_a_network_is_described_without_keras(tmp_path):
    (entry,) = models.select(str(archive(tmp_path, network(layer("Rescaling", scale=2.0)))))
    assert (entry.name, entry.input_size, entry.scale) == ("saved-net", 8, 1.0)
    assert models.selection_name(entry) == str(tmp_path / "net.keras")
    assert models.origin(entry) == "file"
    assert models.get("saved-net") is entry


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ([layer("Rescaling")], "rescaling"),
        ([layer("Resizing"), layer("RandomFlip"), layer("Normalization")], "normalization"),
        ([layer("TrueDivide", "keras.src.ops.numpy")], "truedivide"),
        ([layer("Add")], None),  # a layer that joins two others
        ([layer("Conv2D"), layer("Rescaling")], None),
        ([network(layer("Rescaling"))], "rescaling"),
        ([], None),
    ],
)
def test_only_a_first_layer_scales_the_pixels(layers, name):
    assert keras_archive.scaling_layer(network(*layers)) == name


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (network(layer("Lambda")), "contains 'Lambda'"),
        (network(layer("StringLookup")), "contains 'StringLookup'"),
        (network(layer("Own", "my_layers", "my>Own")), "registered as 'my>Own'"),
        (network(layer("Dense", "os")), "of 'os'"),
        (network(layer("Dense", activation=layer("function", "builtins"))), "'function'"),
        (network(kind="Model"), "contains 'Model'"),
        (network(inputs=[["image", 0, 0], ["image", 0, 0]]), "has 2 inputs"),
        (network(inputs=["other", 0, 0]), "does not state the shape"),
        (network(layer("Popen", "subprocess", "fer_bench>zzz")), "contains 'Popen'"),
        (network(layer("Popen", "subprocess", "fer_bench>Square")), "contains 'Popen'"),
        ({**network(), "registered_name": "fer_bench>Functional"}, "contains 'Functional'"),
        ({**network(), "module": "my_models"}, "of 'my_models'"),
        (network({**layer("Dense"), "class_name": ["x"]}), "contains ['x']"),
        (network("x"), "contains the layer 'x'"),
        (network({**layer("Dense"), "config": []}), "contains the layer {"),
        (network({"name": "x", "config": {}}), "contains the layer {"),
        (network(network("x")), "contains the layer 'x'"),
        (network(image={**INPUT, "config": []}, kind="Sequential"), "contains the layer {"),
        (network(image={**INPUT, "config": {"batch_shape": [1e999]}}), "does not state the shape"),
        ({**network(), "config": []}, "has no list of layers"),
        ([1, 2], "contains [1, 2]"),
        ("{", "not a readable .keras file"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_configurations_that_are_refused(config, found, tmp_path):
    assert found in refusal(archive(tmp_path, config)).problem


def test_layers_of_this_package_and_any_training_are_accepted(tmp_path):
    own = layer("Square", "fer_bench.models.builders.layers", "fer_bench>Square")
    config = {**network(own), "compile_config": {"loss": layer("Own", "my_losses", "my>Own")}}
    assert models.select(str(archive(tmp_path, config)))[0].name == "saved-net"


@pytest.mark.parametrize(
    ("loss", "classifier"),
    [("mse", None), ("sparse_categorical_crossentropy", "exclude")],
)
def test_results_depend_on_whether_the_loss_marks_a_classifier(loss, classifier, tmp_path):
    path = archive(tmp_path, {**network(), "compile_config": {"loss": loss}})
    assert models.select(str(path))[0].file.facts() == {"classifier": classifier}


def test_results_depend_on_statistics_that_are_stored_as_weights(tmp_path):
    config = network({**network(layer("Normalization", mean=None)), "name": "inner"})
    (entry,) = models.select(str(archive(tmp_path, config)))
    first = entry.file.facts()["statistics"]
    assert first == hashlib.sha256(entry.file.path.read_bytes()).hexdigest()
    archive(tmp_path, config, weights=b"other")
    assert entry.file.facts()["statistics"] != first
    given = network(layer("Normalization", mean=1.0, variance=2.0))
    assert not keras_archive.has_adapted_statistics(given)


@pytest.mark.parametrize("shape", [[None, 8], [None, 8, 9, 3], [None, 3, 8, 8], [None, 8, 8, 4]])
def test_inputs_that_are_not_square_images(shape, tmp_path):
    image = {**INPUT, "config": {"batch_shape": shape}}
    assert "input shape" in refusal(archive(tmp_path, network(image=image))).problem


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "C:\\x"])
def test_paths_outside_the_archive(name, tmp_path):
    assert "contains the path" in refusal(archive(tmp_path, network(), [name])).problem


def test_content_that_decompresses_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_archive, "MOST_BYTES", 1 << 20)
    path = archive(tmp_path, network(), weights=bytes(2 << 20), compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 16
    assert refusal(path).problem == "saved network has 2.0 MiB of content"


def test_files_that_are_not_archives(tmp_path):
    path = tmp_path / "net.keras"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert "not a readable .keras file" in refusal(path).problem
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", "{}")
    assert "has no network and weights" in refusal(path).problem


def test_paths_that_are_not_networks(tmp_path):
    with pytest.raises(FerBenchError, match="cannot be read: No such file"):
        models.select(str(tmp_path / "absent.keras"))
    with pytest.raises(FerBenchError, match=r"not a file of a supported format; .*\.onnx"):
        models.select("weights.h5")


def test_two_files_of_one_name(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    one, two = archive(tmp_path, network()), archive(other, network())
    assert models.select(f"{one},mini")[0] is models.get("saved-net")
    with pytest.raises(FerBenchError) as caught:
        models.select(str(two))
    assert caught.value.hint == "rename one of them"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "is not JSON"),
        ("[]", "contains []"),
        ('{"scale": 1}', "key 'scale' is unknown"),
        ('{"mean": "a"}', "'mean' is 'a'"),
        ('{"std": 0}', "'std' is 0"),
        ('{"std": [1, 1]}', "'std' has 2 values"),
        ('{"mean": NaN}', "'mean' is nan"),
        ('{"pixel_range": [1, 0]}', "'pixel_range' is [1, 0]"),
        ('{"input_size": [3, 8, 9]}', "'input_size' is [3, 8, 9]"),
        ('{"layout": "NCWH"}', "'layout' is 'NCWH'"),
        ('{"output": 1}', "'output' is 1"),
    ],
)
def test_statements_of_the_input_that_are_refused(text, found, tmp_path):
    path = archive(tmp_path, network())
    (tmp_path / "net.keras.json").write_text(text)
    with pytest.raises(FerBenchError) as caught:
        models.select(str(path))
    assert caught.value.problem.startswith("net.keras.json")
    assert found in caught.value.problem
