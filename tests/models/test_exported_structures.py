"""Structures in files: written, found, refused, and built again."""

from __future__ import annotations

import dataclasses
import errno
import importlib.util
import json
import os
import random
import sys
import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import models  # noqa: E402
from fer_bench.models import registry  # noqa: E402
from fer_bench.models.builders import (  # noqa: E402
    deepface_structures,
    face_networks,
    layers,
    structure_files,
)
from fer_bench.runtime.errors import INSTALL, FerBenchError  # noqa: E402

pytestmark = pytest.mark.network

FACES = ("openface", "vggface")
PARAMETERS = 3 * 4 * 9 + 4 + 4 * 4


def small(name="own", channels=4):
    """Return a network of layers that are accepted, Keras' own and ours, two of them unnamed."""
    faces = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(channels, 3)(faces)
    x = layers.LocalResponseNormalization(depth_radius=2, name="lrn_1")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(faces, layers.L2Normalization(name="length")(x), name=name)


@pytest.fixture(autouse=True)
def own(monkeypatch):
    """Return a registered backbone, which is forgotten after the test."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    entry = models.Backbone(
        name="own",
        title="Own",
        input_size=8,
        scale=1.0,
        offset=(0.0, 0.0, 0.0),
        builder=small,
        structure="own 1",
        parameters=PARAMETERS,
    )
    models.register(entry)
    return entry


@pytest.fixture
def file(tmp_path):
    """Return a sound structure file of the small network."""
    path = tmp_path / "own.keras"
    structure_files.write(small(), path)
    return path


@pytest.fixture
def config(file):
    return structure_files.read(file)


def put(path, config):
    """Return a file that holds this configuration and nothing else."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
    return path


EXPORT = "fer-bench export-backbone own"
"""The command that writes the file."""


def refusal(path):
    with pytest.raises(FerBenchError) as caught:
        face_networks.from_file("own", path)
    assert caught.value.path == path
    assert f"'{EXPORT}'" in caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


def test_keras_loads_the_file_safely_and_its_weights_are_zeros(file, tmp_path):
    model = keras.saving.load_model(file, safe_mode=True)
    assert [type(layer) for layer in model.layers] == [type(layer) for layer in small().layers]
    assert model.count_params() == PARAMETERS
    assert not any(np.any(weight) for weight in model.get_weights())
    assert list(tmp_path.iterdir()) == [file]


def test_the_network_built_again_gives_the_same_output(file):
    original, again = small(), face_networks.from_file("own", file)
    original.get_layer("norm").moving_mean.assign([1.0, -2.0, 3.0, 0.5])
    again.set_weights(original.get_weights())
    x = np.random.default_rng(3).random((2, 8, 8, 3), np.float32)
    expected = np.asarray(original(x))
    assert expected.std() > 0
    np.testing.assert_array_equal(again(x), expected)


def test_the_weights_are_drawn_by_the_seed(file):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return face_networks.from_file("own", file).get_weights()[0]

    first = weights(1)
    assert first.std() > 0
    np.testing.assert_array_equal(first, weights(1))
    assert not np.array_equal(first, weights(2))


def test_unnamed_layers_clash_with_none_before_or_after(file):
    faces = keras.Input((8, 8, 3))
    once, twice = (face_networks.from_file("own", file) for _ in range(2))
    taken = {layer.name for layer in once.layers} & {layer.name for layer in twice.layers}
    assert taken == {"lrn_1", "norm", "length"}
    before = keras.layers.Conv2D(3, 1, padding="same")(faces)
    after = keras.layers.Dropout(0.5)(keras.layers.Conv2D(2, 3)(once(before)))
    names = [layer.name for layer in keras.Model(faces, after).layers] + sorted(
        {layer.name for layer in once.layers} - taken
    )
    assert len(set(names)) == len(names)


def test_a_network_with_a_lambda_is_not_written(tmp_path):
    faces = keras.Input((8, 8, 3))
    model = keras.Model(faces, keras.layers.Lambda(lambda x: x)(faces), name="own")
    with pytest.raises(FerBenchError, match="'own' contains a Lambda"):
        structure_files.write(model, tmp_path / "own.keras")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_leaves_the_old_file(file, monkeypatch):
    before = file.read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(keras.Model, "save", full)
    with pytest.raises(FerBenchError, match="cannot write") as caught:
        structure_files.write(small(), file)
    assert f"own.keras': {os.strerror(errno.ENOSPC)}" in caught.value.problem
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_no_zip(tmp_path):
    path = tmp_path / "own.keras"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    problem = refusal(path).problem
    assert "not a readable .keras" in problem
    assert "not a zip file" in problem


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert "not a readable .keras" in refusal(file).problem


def test_a_directory_and_a_zip_without_configuration(tmp_path):
    (tmp_path / "own.keras").mkdir()
    assert "not a readable .keras" in refusal(tmp_path / "own.keras").problem
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    (tmp_path / "own.keras").rmdir()
    (tmp_path / "empty.zip").rename(tmp_path / "own.keras")
    assert "item named 'config.json'" in refusal(tmp_path / "own.keras").problem


def test_a_configuration_that_is_too_large(file, config, monkeypatch):
    size = len(json.dumps(config))
    monkeypatch.setattr(structure_files, "MAX_CONFIG_BYTES", size)
    assert face_networks.from_file("own", put(file, config)).name == "own"
    monkeypatch.setattr(structure_files, "MAX_CONFIG_BYTES", size - 1)
    assert refusal(put(file, config)).accepted == f"{size - 1:,} bytes or less"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "not a readable .keras"),
        (b"\xff\xfe", "not a readable .keras"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_configuration_that_is_no_json(file, content, problem):
    assert problem in refusal(put(file, content)).problem


@pytest.mark.parametrize("content", [[], "own", None, 3])
def test_a_configuration_that_is_no_model(file, content):
    assert f"contains {content!r}" in refusal(put(file, content)).problem


@pytest.mark.parametrize(
    "changes",
    [
        {"class_name": "Lambda"},
        {"class_name": "TFSMLayer"},
        {"class_name": "StringLookup"},
        {"class_name": "function", "module": "keras.utils", "config": "get_file"},
        {"class_name": "system", "module": "os"},
        {"class_name": "Conv2D", "module": "elsewhere"},
        {"class_name": "Conv2D", "module": None},
        {"class_name": "Conv2D", "module": "evil"},
        {"class_name": "Conv2D", "module": "keras.src.layers"},
        {"class_name": "Sequential"},
        {"class_name": "LSTM"},
        {"class_name": "Conv2D", "module": ["keras.layers"]},
        {"class_name": ["Conv2D"]},
        {"registered_name": "elsewhere>Conv2D"},
        {
            "class_name": "Square",
            "module": "fer_bench.models.builders.layers",
            "registered_name": None,
        },
        {"class_name": "__lambda__", "module": "builtins"},
    ],
)
def test_what_is_no_layer_of_the_face_networks_never_reaches_keras(
    file, config, changes, monkeypatch
):
    monkeypatch.setattr(keras.saving, "deserialize_keras_object", None)
    config["config"]["layers"][1].update(changes)
    put(file, config)
    name = changes.get("class_name", "Conv2D")
    assert f"contains {name!r} of" in refusal(file).problem


@pytest.mark.parametrize("kind", ["Sequential", "Conv2D"])
def test_a_structure_is_a_functional_model(file, config, kind):
    error = refusal(put(file, {**config, "class_name": kind}))
    assert (error.problem, error.accepted) == (
        f"structure file contains {kind!r}",
        "a functional keras.Model",
    )


def test_a_configuration_of_the_training_is_checked_too(file, config, monkeypatch):
    put(file, {**config, "compile_config": {"class_name": "Adam", "module": "keras.optimizers"}})
    assert "contains 'Adam' of 'keras.optimizers'" in refusal(file).problem
    nested: list = []
    for _ in range(2000):
        nested = [nested]
    # Other versions of Python read such a file.
    monkeypatch.setattr(json, "loads", lambda _: {**config, "compile_config": nested})
    assert "nested too deeply" in refusal(file).problem


def test_a_real_lambda_is_refused_too(tmp_path):
    faces = keras.Input((8, 8, 3))
    model = keras.Model(faces, keras.layers.Lambda(lambda x: x)(faces), name="own")
    model.save(tmp_path / "own.keras")
    assert "'Lambda' of 'keras.layers'" in refusal(tmp_path / "own.keras").problem


def test_a_graph_that_does_not_hold_together(file, config):
    config["config"]["layers"][2]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = [
        "nowhere",
        0,
        0,
    ]
    assert "cannot be built" in refusal(put(file, config)).problem
    del config["config"]["layers"]
    assert refusal(put(file, config)).problem.endswith(": 'layers'")


def test_a_network_of_another_name_is_refused_before_it_is_built(tmp_path, monkeypatch):
    structure_files.write(small("other"), tmp_path / "own.keras")
    monkeypatch.setattr(keras.saving, "deserialize_keras_object", None)
    error = refusal(tmp_path / "own.keras")
    assert "name is 'other'" in error.problem
    assert error.accepted == "'own'"


def test_a_network_of_another_size(tmp_path, own, monkeypatch):
    structure_files.write(small(channels=5), tmp_path / "own.keras")
    error = refusal(tmp_path / "own.keras")
    assert "parameters is 160" in error.problem
    assert error.accepted == str(PARAMETERS)
    monkeypatch.setitem(registry._registered, "own", dataclasses.replace(own, input_size=9))
    error = refusal(tmp_path / "own.keras")
    assert "input shape is (None, 8, 8, 3)" in error.problem
    assert error.accepted == "(None, 9, 9, 3)"


@pytest.fixture
def places(monkeypatch, tmp_path):
    """Return the directory of the variable and that of the cache, both empty."""
    chosen, cache = tmp_path / "chosen", tmp_path / "cache" / "structures"
    chosen.mkdir()
    cache.mkdir(parents=True)
    monkeypatch.setenv("FER_BENCH_STRUCTURES", str(chosen))
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    return chosen, cache


def test_the_named_directory_comes_before_the_cache(places):
    chosen, cache = places
    (cache / "own.keras").touch()
    assert structure_files.find("own", ["deepface"]) == cache / "own.keras"
    (chosen / "own.keras").touch()
    assert structure_files.find("own", ["deepface"]) == chosen / "own.keras"


def test_a_missing_structure_names_both_ways(places):
    with pytest.raises(FerBenchError) as caught:
        structure_files.find("own", ["deepface", "tensorflow"])
    text = str(caught.value)
    for part in (
        "'own' cannot be built",
        "deepface and tensorflow not installed",
        *(str(directory) for directory in places),
        INSTALL,
        EXPORT,
        "FER_BENCH_STRUCTURES",
    ):
        assert part in text
    assert "\n" not in text


def test_a_named_directory_that_is_none(places, monkeypatch):
    monkeypatch.setenv("FER_BENCH_STRUCTURES", str(places[0] / "nowhere"))
    with pytest.raises(FerBenchError, match=r"FER_BENCH_STRUCTURES '.*nowhere' is not a directory"):
        structure_files.find("own", ["deepface"])


@pytest.mark.parametrize("missing", ["deepface", "tensorflow"])
def test_without_a_package_the_file_is_used(places, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    assert missing in structure_files.missing_packages()
    for name in FACES:
        with pytest.raises(FerBenchError, match=f"{name!r} cannot be built: .*{missing}"):
            models.get(name).build()
        (places[0] / f"{name}.keras").write_bytes(b"no zip")
        with pytest.raises(FerBenchError, match=rf"{name}.keras': structure file is not"):
            models.get(name).build()


def test_a_broken_deepface_is_reported_and_no_file_taken_instead(places, monkeypatch, file):
    file.rename(places[0] / "openface.keras")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(deepface_structures, "STRUCTURES", "fer_bench.nowhere")
    with pytest.raises(FerBenchError, match="cannot be imported") as caught:
        models.get("openface").build()
    assert "structure OpenFace" in caught.value.problem
    assert "'fer_bench.nowhere'" in caught.value.problem


def both(name, directory, monkeypatch):
    """Return the network from deepface and from its file, and the draws after building each."""
    if structure_files.missing_packages():
        pytest.skip("compares with what deepface builds")

    def build():
        keras.utils.set_random_seed(5)
        model = models.get(name).build()
        return model, random.random()

    ours = build()
    config = keras.saving.serialize_keras_object(ours[0])
    put(directory / f"{name}.keras", config)
    monkeypatch.setenv("FER_BENCH_STRUCTURES", str(directory))
    monkeypatch.setattr(structure_files, "missing_packages", lambda: ("tensorflow",))
    return (*ours, *build())


@pytest.mark.parametrize("name", ["openface", pytest.param("vggface", marks=pytest.mark.soak)])
def test_deepfaces_networks_are_the_same_from_a_file(name, tmp_path, monkeypatch):
    ours, drawn, again, drawn_again = both(name, tmp_path, monkeypatch)
    # What is drawn next, the head's weights, is the same too.
    assert drawn_again == drawn
    for mine, theirs in zip(again.weights, ours.weights, strict=True):
        assert mine.path.rpartition("/")[2] == theirs.path.rpartition("/")[2]
        np.testing.assert_array_equal(mine, theirs)
    side = models.get(name).input_size
    x = np.random.default_rng(3).random((1, side, side, 3), np.float32)
    expected = np.asarray(ours(x))
    assert expected.std() > 0
    np.testing.assert_array_equal(again(x), expected)
    keras.utils.clear_session()


def test_vggface_draws_by_the_same_seeds_from_a_file(tmp_path, monkeypatch):
    """A kernel is drawn from its shape and the seed of its initialiser alone."""
    with keras.StatelessScope(initialize_variables=False):
        ours, drawn, again, drawn_again = both("vggface", tmp_path, monkeypatch)
    assert drawn_again == drawn
    for mine, theirs in zip(again.weights, ours.weights, strict=True):
        assert mine.path.rpartition("/")[2] == theirs.path.rpartition("/")[2]
        assert mine.shape == theirs.shape

    def seeds(model):
        return [x.kernel_initializer.seed for x in model.layers if hasattr(x, "kernel_initializer")]

    assert len(set(seeds(ours))) == 15
    assert seeds(again) == seeds(ours)
    keras.utils.clear_session()


def test_the_builders_are_named_as_in_deepface():
    assert vars(face_networks).keys() >= deepface_structures.BUILDERS.keys()
