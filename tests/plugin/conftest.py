"""Fixtures that run pytest with the plugin on tiny data, within the tests."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fer_bench import models
from fer_bench.models import registry
from fer_bench.plugin import session_report

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def tiny_data(tmp_path):
    """Return an npz file of 140 noisy images; its 7 classes of 20 differ in brightness."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(7, dtype=np.uint8), 20)
    images = random.integers(0, 40, (140, 48, 48), dtype=np.uint8)
    images += (labels * 30)[:, None, None].astype(np.uint8)
    path = tmp_path / "tiny.npz"
    np.savez(path, images=images, labels=labels)
    return path


class Libraries:
    """Plugin that keeps the libraries that an in-process run has loaded.

    pytester removes every module imported since its start from ``sys.modules``, but NumPy and
    TensorFlow cannot be loaded twice.

    Attributes:
        tests: directories whose modules are not kept.
    """

    def __init__(self):
        self.tests = (str(BENCHMARKS),)
        self._loaded = {}

    def pytest_unconfigure(self):
        self._loaded |= {
            name: module
            for name, module in sys.modules.items()
            if not (getattr(module, "__file__", None) or "").startswith(self.tests)
        }

    def keep(self):
        """Restore the modules that pytester removed."""
        for name in self._loaded.keys() - sys.modules.keys():
            sys.modules[name] = self._loaded[name]


@pytest.fixture(autouse=True)
def libraries():
    """Yield the libraries of a test's runs.

    They are requested before ``pytester``, so that they are restored after it ends.
    """
    made = Libraries()
    yield made
    made.keep()


@pytest.fixture
def run_pytest(libraries, pytester):
    """Yield a function that runs pytest in this process."""
    libraries.tests += (str(pytester.path),)

    def run(*arguments):
        words = ("-p", "no:cacheprovider", *arguments)
        try:
            return pytester.runpytest_inprocess(*words, plugins=[libraries], no_reraise_ctrlc=True)
        finally:
            libraries.keep()

    yield run
    # The test itself may have loaded more libraries, which pytester will remove at its end.
    libraries.pytest_unconfigure()


@pytest.fixture
def undrawn(monkeypatch):
    """Skip the HTML page, which takes longer than the rest of a report."""
    monkeypatch.setattr(session_report, "write_page", lambda *_: None)


@pytest.fixture
def bench(run_pytest, pytester, tmp_path, monkeypatch):
    """Return a function that runs ``pytest benchmarks ...`` in a directory of its own."""
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FER_BENCH_OFFLINE", "1")
    monkeypatch.delenv("FER_BENCH_DATA", raising=False)
    monkeypatch.delenv("FER_BENCH_WEIGHTS", raising=False)

    def run(*arguments):
        return run_pytest(str(BENCHMARKS), f"--rootdir={pytester.path}", *arguments)

    return run


def small_network():
    """Build two convolutions with batch normalisation, which compile and train quickly."""
    import keras

    layers = keras.layers
    images = x = keras.Input((48, 48, 3))
    for filters in (4, 8):
        x = layers.BatchNormalization()(layers.Conv2D(filters, 3, strides=4)(x))
        x = layers.ReLU()(x)
    return keras.Model(images, x)


@pytest.fixture
def small(monkeypatch):
    """Register ``small`` and ``tiny``, for tests that do not depend on the size of a network.

    They are known only to runs in this process. Returns the option that selects ``small``.
    """
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    for name in ("small", "tiny"):
        models.register(
            models.Backbone(name, name, 48, 1 / 255, (0.0, 0.0, 0.0), small_network, f"{name} 1")
        )
    return "--backbone=small"


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory):
    """Return a store for tests that do not examine training: each cell is trained only once."""
    return tmp_path_factory.mktemp("store")
