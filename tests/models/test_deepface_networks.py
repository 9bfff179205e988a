"""deepface's networks by name: equality with deepface's own, weight files, the cut."""

from __future__ import annotations

import importlib
from unittest import mock

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("deepface")
pytest.importorskip("tensorflow")

from saved_weights import save  # noqa: E402

from fer_bench import models  # noqa: E402
from fer_bench.models.builders import (  # noqa: E402
    deepface_structures,
    face_networks,
    structure_files,
)
from fer_bench.models.deepface_networks import FAMILY  # noqa: E402
from fer_bench.models.keras_backend import clear_keras  # noqa: E402
from fer_bench.models.random_weights import seeded  # noqa: E402
from fer_bench.models.transfer import transfer  # noqa: E402
from fer_bench.models.weights.search_path import Located  # noqa: E402
from fer_bench.models.weights.verification import load  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

pytestmark = pytest.mark.network

FUNCTIONS = {"Facenet": "load_facenet128d_model", "Facenet512": "load_facenet512d_model"}
NAMES = [
    "DeepID",
    *(pytest.param(n, marks=pytest.mark.soak) for n in FAMILY.backbones if n != "DeepID"),
]


@pytest.mark.parametrize("name", NAMES)
def test_deepfaces_weights_give_deepfaces_features(name, build_only, tmp_path):
    entry = FAMILY.backbones[name]
    module = deepface_structures._structure("Facenet" if name in FUNCTIONS else name)
    keras.utils.set_random_seed(1)
    with build_only(module):
        expected = getattr(module, FUNCTIONS.get(name, "load_model"))()
    path = save(expected, tmp_path / "weights", "legacy")
    model = seeded(entry, 3, is_random=True)
    assert not {type(layer).__name__ for layer in model.layers} & {"Lambda", "Dropout"}
    record = load(Located(path, "test"), entry, model)
    assert record.parameters == expected.count_params() == entry.parameters
    x = np.random.default_rng(3).random((2, *model.input_shape[1:]), np.float32)
    rows = expected.input_shape[1] - x.shape[1]
    padded = np.pad(x, [(0, 0), (rows // 2, rows // 2), (0, 0), (0, 0)])
    # Some of deepface's networks expect a list of inputs.
    plain = keras.Model(expected.inputs[0], expected.outputs[0])
    features = np.asarray(plain(padded, training=False))
    assert np.ptp(features, axis=0).max() > 0
    np.testing.assert_allclose(
        model(x, training=False), features, rtol=0, atol=1e-5 * np.abs(features).max()
    )
    clear_keras()


@pytest.mark.parametrize("name", NAMES)
def test_prefix_and_suffix_together_are_the_network(name):
    entry = FAMILY.backbones[name]
    model = seeded(entry, 3, is_random=True)
    image = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    count = len(model.layers)
    for trainable in (0, 4, count // 2, "all"):
        network = transfer(entry, model, trainable, (48, 48), 7)
        features = image if network.prefix is None else network.prefix(image, training=False)
        logits = network.suffix(keras.tree.flatten(features), training=False)
        uncut = keras.Model(network.whole.input, network.whole.layers[-1].input)
        expected = np.asarray(uncut(image, training=False))
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    clear_keras()


@pytest.mark.parametrize("name", NAMES)
def test_the_exported_structure_gives_the_same_network(name, tmp_path):
    entry = FAMILY.backbones[name]
    model = seeded(entry, 3, is_random=True)
    expected = [np.asarray(weight) for weight in model.weights]
    path = tmp_path / structure_files.file_name(entry.name)
    structure_files.write(model, path)
    keras.utils.set_random_seed(3)
    again = face_networks.from_file(entry.name, path)
    for weight, values in zip(again.weights, expected, strict=True):
        np.testing.assert_array_equal(weight, values)
    clear_keras()


def test_a_lambda_of_another_function_is_refused():
    with pytest.raises(FerBenchError, match="'cube' is unknown"):
        deepface_structures._scaling(mock.Mock(__name__="cube"), (1,), {"scale": 1})


def test_the_names_are_those_of_deepface():
    modeling = importlib.import_module("deepface.modules.modeling")
    known = set(modeling.AVAILABLE_MODELS["facial_recognition"])
    assert known == {*FAMILY.backbones, *FAMILY.registered, *FAMILY.unavailable}
    assert "deepface:Facenet512" in models.adapted_names()


@pytest.mark.parametrize("name", FAMILY.backbones)
def test_files_are_those_of_deepface(name):
    module = deepface_structures._structure("Facenet" if name in FUNCTIONS else name)
    urls = getattr(
        module,
        {"Facenet": "FACENET128_WEIGHTS", "Facenet512": "FACENET512_WEIGHTS"}.get(
            name, "WEIGHTS_URL"
        ),
    )
    source = FAMILY.backbones[name].weights
    assert source.urls == ((urls,) if isinstance(urls, str) else tuple(urls))
