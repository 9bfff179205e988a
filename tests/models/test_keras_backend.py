"""Backends of the benchmark."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_bench.models import keras_backend
from fer_bench.runtime.errors import INSTALL, FerBenchError

LOADED = """
import os, sys
from fer_bench.models import keras_backend as runtime
before = runtime.keras_settings()
runtime.load_keras()
assert 'keras' in sys.modules
import keras
config = keras.config
found = config.backend(), config.floatx(), config.epsilon(), config.image_data_format()
assert before == runtime.keras_settings() == found, (before, found)
os.write(2, b'heard')
"""


def set_up(tmp_path, monkeypatch, variable, settings):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if variable is not None:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if settings is not None:
        (tmp_path / "keras.json").write_text(settings)


@pytest.mark.parametrize(
    ("variable", "settings", "expected"),
    [
        (None, None, ("tensorflow", "float32")),
        ("", None, ("tensorflow", "float32")),
        ("jax", None, ("jax", "float32")),
        (None, json.dumps({"backend": "jax", "floatx": "float16"}), ("jax", "float16")),
        ("torch", json.dumps({"backend": "jax"}), ("torch", "float32")),
        (None, "no json", ("tensorflow", "float32")),
    ],
)
def test_settings_of_keras_without_keras(tmp_path, monkeypatch, variable, settings, expected):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    set_up(tmp_path, monkeypatch, variable, settings)
    assert keras_backend.keras_settings()[:2] == expected


@pytest.mark.parametrize("home", ["~no-such-user/x", "~/keras", None])
def test_a_home_that_is_not_known_is_no_error(tmp_path, monkeypatch, home):
    """Keras looks there as well, and finds nothing."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    set_up(tmp_path, monkeypatch, "tensorflow", None)
    if home is None:
        monkeypatch.delenv("KERAS_HOME")
    else:
        monkeypatch.setenv("KERAS_HOME", home)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pytest.importorskip("pwd"), "getpwuid", missing_user)
    monkeypatch.chdir(tmp_path)
    assert keras_backend.keras_settings() == keras_backend.KerasSettings()
    keras_backend._check_file()


def missing_user(_):
    raise KeyError


@pytest.fixture
def installed(monkeypatch):
    """Keras and TensorFlow are installed, and nothing else of the kind, as far as can be seen."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_MAX_STEPS_PER_EPOCH", raising=False)
    found = {"keras": object(), "tensorflow": object()}
    monkeypatch.setattr("importlib.util.find_spec", found.get)


@pytest.mark.parametrize(
    ("variable", "settings", "words"),
    [
        ("torch", None, ["'torch'", "KERAS_BACKEND", "accepted: tensorflow, jax"]),
        ("numpy", None, ["'numpy'", "accepted: tensorflow, jax"]),
        ("openvino", None, ["'openvino'", "accepted: tensorflow, jax"]),
        ("theano", None, ["'theano'", "accepted: tensorflow, jax"]),
        ("TensorFlow", None, ["'TensorFlow'", "accepted: tensorflow, jax"]),
        ("jax", None, ["'jax'", "not installed", "pip install"]),
        (None, '{"backend": "theano"}', ["'theano'", "keras.json"]),
        (None, '{"backend": ["jax"]}', ["['jax']", "keras.json"]),
        (None, '{"backend": "tensorflow",}', ["keras.json", "cannot be read as JSON"]),
        (None, "[]", ["keras.json", "[]", "accepted: an object"]),
        (None, '{"floatx": "float8"}', ["keras.json", "'floatx'", "'float8'", "float32"]),
        (None, '{"epsilon": 1}', ["keras.json", "'epsilon' is 1", "accepted"]),
        (None, '{"image_data_format": "NCHW"}', ["'NCHW'", "channels_last"]),
        (None, '{"image_data_format": "channels_first"}', ["'channels_first'", "channels_last"]),
    ],
)
def test_what_keras_cannot_be_set_to_is_reported_in_one_line(
    tmp_path, monkeypatch, installed, variable, settings, words
):
    set_up(tmp_path, monkeypatch, variable, settings)
    with pytest.raises(FerBenchError) as caught:
        keras_backend.check_keras()
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)
    with pytest.raises(FerBenchError):
        keras_backend.load_keras()


@pytest.mark.parametrize(
    ("variable", "settings"),
    [
        (None, None),
        ("tensorflow", '{"backend": "theano"}'),
        (None, json.dumps({"backend": "tensorflow", "floatx": "float16", "epsilon": 1e-5})),
    ],
)
def test_what_keras_may_be_set_to(tmp_path, monkeypatch, installed, variable, settings):
    set_up(tmp_path, monkeypatch, variable, settings)
    keras_backend.check_keras()


def test_cut_epochs_are_refused_before_any_work(tmp_path, monkeypatch, installed):
    set_up(tmp_path, monkeypatch, None, None)
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "3")
    with pytest.raises(FerBenchError, match=r"limited to 3 steps .*--limit"):
        keras_backend.check_keras()


@pytest.fixture
def keras():
    """Keras, set as it was when the test ends."""
    keras = pytest.importorskip("keras")
    yield keras
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "set_image_data_format",
            "channels_first",
            ["'channels_first'", "accepted: 'channels_last'"],
        ),
        ("set_dtype_policy", "int8_from_float32", ["'int8_from_float32'"]),
        ("set_dtype_policy", "bfloat16", ["'bfloat16'", "cannot be stored"]),
        ("set_floatx", "bfloat16", ["'bfloat16'", "cannot be stored"]),
        ("set_max_steps_per_epoch", 3, ["limited to 3 steps"]),
    ],
)
def test_settings_of_a_conftest_are_refused_too(keras, name, value, words):
    set_it = getattr(keras.config, name, None)
    if set_it is None:
        pytest.skip("this Keras has no such setting")
    set_it(value)
    try:
        with pytest.raises(FerBenchError) as caught:
            keras_backend.load_keras()
    finally:
        if name == "set_max_steps_per_epoch":
            set_it(None)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.network
def test_freeing_networks_keeps_the_settings(keras):
    """Keras' own function forgets them: the next network would have another float type."""
    keras.config.set_dtype_policy("mixed_float16")
    keras.config.disable_flash_attention()
    before = keras_backend.numeric_settings()
    keras_backend.clear_keras()
    assert keras.config.dtype_policy().name == "mixed_float16"
    assert keras_backend.numeric_settings() == before
    assert before == {"dtype policy": "mixed_float16", "flash attention": "False"}
    keras.config.enable_flash_attention()
    keras_backend.clear_keras()
    assert dict(keras_backend.environment())["numeric settings"] == "dtype policy=mixed_float16"


@pytest.mark.network
@pytest.mark.parametrize("settings", [None, json.dumps({"floatx": "float16"})])
def test_keras_loads_without_a_word_and_says_the_same(tmp_path, monkeypatch, settings):
    """Standard error works afterwards."""
    pytest.importorskip("keras")
    backend = keras_backend.keras_settings()[0]
    set_up(tmp_path, monkeypatch, backend, settings)
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"heard")


def test_keras_loads_if_standard_error_is_closed(tmp_path, monkeypatch):
    """Output written afterwards does not end up in a file opened then."""
    monkeypatch.chdir(tmp_path)
    Path("keras.py").write_text("import os; os.write(2, b'loading')", "utf-8")
    code = (
        "import sys, os; from fer_bench.models import keras_backend as runtime; "
        "runtime.check_keras = lambda: None; runtime.load_keras(); "
        "file = open('own.txt', 'wb'); os.write(2, b'said'); print('keras' in sys.modules)"
    )
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", code]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"True"]
    assert Path("own.txt").read_bytes() == b""


def test_the_environment_names_the_backend():
    assert dict(keras_backend.environment())["backend"] == keras_backend.backend_version()


def test_a_missing_keras_is_reported_in_one_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(FerBenchError, match="Keras cannot be imported") as caught:
        keras_backend.load_keras()
    assert caught.value.problem.startswith("Keras ")
    assert caught.value.problem.endswith(": no keras")
    assert INSTALL in caught.value.hint


def missing(name):
    raise ImportError(f"no {name}\nsecond line")


def test_the_environment_shows_what_limits_threads(monkeypatch):
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert dict(keras_backend.environment())["threads"] == "not limited"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert dict(keras_backend.environment())["threads"] == "OMP_NUM_THREADS=1"
