"""The adapter of deepface: equality with what deepface itself builds."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("deepface")
pytest.importorskip("tensorflow")

from fer_bench import models  # noqa: E402
from fer_bench.models.builders import deepface_structures  # noqa: E402
from fer_bench.runtime.errors import INSTALL, FerBenchError  # noqa: E402

pytestmark = pytest.mark.network


def names_and_classes(model):
    """What the layers are; a name that Keras made up counts only as the class it is made of."""
    return [
        (type(layer).__name__, layer.name.rstrip("0123456789").rstrip("_"))
        for layer in model.layers
    ]


@pytest.fixture(scope="module")
def deepface_openface(build_only, seed):
    """OpenFace as deepface builds it, under the seed that ours is built under."""
    module = deepface_structures._structure("OpenFace")
    keras.utils.set_random_seed(seed)
    with build_only(module):
        return module.load_model()


@pytest.fixture(scope="module")
def openface(seed):
    keras.utils.set_random_seed(seed)
    return deepface_structures.openface()


def test_openface_has_deepfaces_layers_but_no_lambda(openface, deepface_openface):
    ours, theirs = names_and_classes(openface), names_and_classes(deepface_openface)
    lambdas = [name for kind, name in theirs if kind == "Lambda"]
    assert len(lambdas) == 12
    assert "Lambda" not in dict(ours)
    assert [name for _, name in ours] == [name for _, name in theirs]
    kept = [pair for pair in theirs if pair[0] != "Lambda"]
    assert [pair for pair in ours if pair[1] not in lambdas] == kept


def test_openface_draws_deepfaces_weights_under_the_same_seed(openface, deepface_openface):
    for ours, theirs in zip(openface.weights, deepface_openface.weights, strict=True):
        assert ours.name == theirs.name
        np.testing.assert_array_equal(ours, theirs)


def test_openface_gives_deepfaces_output(openface, deepface_openface):
    x = np.random.default_rng(3).random((4, 96, 96, 3), np.float32)
    theirs = np.asarray(deepface_openface([x], training=False))
    ours = np.asarray(openface(x, training=False))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, rtol=1e-5)
    # Different faces give different embeddings: equal constants would prove nothing.
    assert np.abs(ours[0] - ours[1]).max() > 1e-3


def test_vggface_is_cut_before_its_last_layer(vggface):
    ours, classifier, theirs = vggface
    assert ours.count_params() == 134_260_544 == models.get("vggface").parameters
    assert classifier.count_params() == 145_002_878
    assert ours.output_shape == theirs.output_shape == (None, 4096)
    assert names_and_classes(ours) == names_and_classes(theirs)
    assert [type(layer).__name__ for layer in ours.layers[-4:]] == [
        "Conv2D",
        "Dropout",
        "Conv2D",
        "Flatten",
    ]


def test_vggface_gives_deepfaces_output(vggface):
    ours, _, theirs = vggface
    x = np.random.default_rng(3).random((1, 224, 224, 3), np.float32)
    features = np.asarray(ours(x, training=False))
    np.testing.assert_array_equal(features, theirs(x, training=False))
    assert features.std() > 0


def forget(monkeypatch, package):
    """Lets a package be imported anew, for one test."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)


def test_building_is_silent_and_touches_neither_network_nor_home(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("a network was asked for")

    forget(monkeypatch, "deepface")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        deepface_structures.openface()
    assert printed.getvalue() == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["werkzeug", "deepface.models.facial_recognition.tf"])
def test_a_missing_part_is_one_line_with_the_extra(monkeypatch, missing):
    forget(monkeypatch, "deepface")
    forget(monkeypatch, "werkzeug")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(FerBenchError, match=re.escape(INSTALL)) as caught:
        models.get("vggface").build()
    assert missing in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_lambda_of_another_name_is_refused():
    with pytest.raises(FerBenchError, match="'cube_3b' is unknown"):
        deepface_structures._named_layer(None, "cube_3b")


def test_a_model_of_another_keras_is_refused():
    with pytest.raises(FerBenchError, match="unset TF_USE_LEGACY_KERAS"):
        deepface_structures._checked(object())
