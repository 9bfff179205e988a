"""What the benchmark runs on."""

import json
import re
import subprocess
import sys

import pytest

from fer_bench import runtime
from fer_bench.errors import INSTALL, FerBenchError

LOADED = """
import os, sys
from fer_bench import runtime
before = runtime.keras_settings()
runtime.load_keras()
assert 'keras' in sys.modules
import keras
assert before == runtime.keras_settings() == (keras.config.backend(), keras.config.floatx()), before
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
    assert runtime.keras_settings() == expected


@pytest.mark.network
@pytest.mark.parametrize("settings", [None, json.dumps({"floatx": "float16"})])
def test_keras_loads_without_a_word_and_says_the_same(tmp_path, monkeypatch, settings):
    """Standard error works afterwards."""
    pytest.importorskip("keras")
    backend = runtime.keras_settings()[0]
    set_up(tmp_path, monkeypatch, backend, settings)
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"heard")


def test_the_environment_names_the_backend():
    assert dict(runtime.environment())["backend"] == runtime.backend_version()


def test_a_missing_keras_is_told_in_one_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr("importlib.import_module", missing)
    told = f"^Keras cannot be imported: no keras; .*{re.escape(INSTALL)}"
    with pytest.raises(FerBenchError, match=told):
        runtime.load_keras()


def missing(name):
    raise ImportError(f"no {name}\nsecond line")


def test_the_environment_tells_what_limits_threads(monkeypatch):
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert dict(runtime.environment())["threads"] == "not limited"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert dict(runtime.environment())["threads"] == "OMP_NUM_THREADS=1"
