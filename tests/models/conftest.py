"""Fixtures: networks that are built once, and empty weight directories."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Return the published MobileNet weight file; skip if it is not available."""
    name = "mobilenet_1_0_224_tf_no_top.h5"
    path = Path(REAL_WEIGHTS or "") / name
    if REAL_WEIGHTS is None or not path.is_file():
        pytest.skip(f"needs {name} in the directory that FER_BENCH_WEIGHTS names")
    return path


SEED = 7


@pytest.fixture(scope="session")
def seed() -> int:
    """Return the seed with which the networks of the session are built."""
    return SEED


@pytest.fixture(scope="session")
def built(needs_structure):
    """Return a function that builds each backbone once; skip if its structure is missing."""
    keras = pytest.importorskip("keras")
    from fer_bench import models as backbones

    models = {}

    def build(name):
        needs_structure(name)
        if name not in models:
            keras.utils.set_random_seed(SEED)
            models[name] = backbones.get(name).build()
        return models[name]

    return build


@pytest.fixture(scope="session")
def gradient():
    """Return a function for gradients of scalar functions, on the current Keras backend."""
    keras = pytest.importorskip("keras")

    def of(function, values):
        if keras.config.backend() == "jax":
            import jax

            return np.asarray(jax.jit(jax.grad(function))(values))
        tf = pytest.importorskip("tensorflow")
        x = tf.constant(values)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x).numpy()

    return of


@pytest.fixture(scope="session")
def build_only():
    """Return a context manager that keeps a deepface module from downloading or loading weights."""
    from fer_bench.models.builders.deepface_structures import _quietly

    @contextlib.contextmanager
    def patched(module):
        with (
            _quietly(),
            mock.patch.multiple(
                module.weight_utils,
                download_weights_if_necessary=mock.Mock(return_value=""),
                load_model_weights=lambda model, **_: model,
            ),
        ):
            yield

    return patched


@contextlib.contextmanager
def _quickly_drawn() -> Iterator[None]:
    """Make initialisers repeat a few random numbers, which is fast."""
    import keras

    def filled(_: object, shape: tuple[int, ...], dtype: str | None = None) -> object:
        limit = (6 / np.prod(shape[:-1])) ** 0.5
        # A prime length divides no kernel dimension, so that filters differ.
        few = np.random.default_rng(SEED).uniform(-limit, limit, 10_007)
        return keras.ops.convert_to_tensor(np.resize(few.astype(np.float32), shape), dtype)

    with mock.patch.object(keras.initializers.VarianceScaling, "__call__", filled):
        yield


@pytest.fixture(scope="session")
def vggface(build_only):
    """Return our VGG-Face, deepface's classifier that it is cut from, and deepface's own cut.

    The three share their layers.
    """
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    pytest.importorskip("deepface")
    from fer_bench.models.builders import deepface_structures

    module = deepface_structures._structure("VGGFace")
    with _quickly_drawn(), build_only(module):
        classifier = module.base_model()
    with mock.patch.object(module, "base_model", return_value=classifier), build_only(module):
        return deepface_structures.vggface(), classifier, module.load_model()
