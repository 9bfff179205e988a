"""Networks that are built once, and places for weights that are empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_WEIGHTS = os.environ.get("FER_BENCH_WEIGHTS")


@pytest.fixture(autouse=True)
def _no_weights_from_this_machine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FER_BENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("FER_BENCH_OFFLINE", "1")
    if request.node.get_closest_marker("network") is None:
        empty = request.getfixturevalue("tmp_path") / "home"
        monkeypatch.setenv("KERAS_HOME", str(empty / "keras"))
        monkeypatch.setenv("DEEPFACE_HOME", str(empty / "deepface"))


@pytest.fixture(scope="session")
def real_mobilenet() -> Path:
    """The published MobileNet file."""
    name = "mobilenet_1_0_224_tf_no_top.h5"
    path = Path(REAL_WEIGHTS or "") / name
    if REAL_WEIGHTS is None or not path.is_file():
        pytest.skip(f"needs {name} in the folder that FER_BENCH_WEIGHTS names")
    return path


@pytest.fixture(scope="session")
def built():
    """Builds a registered backbone, each one once."""
    keras = pytest.importorskip("keras")
    from fer_bench import backbones

    models = {}

    def build(name):
        if name not in models:
            keras.utils.set_random_seed(7)
            models[name] = backbones.get(name).build()
        return models[name]

    return build
