"""Runs of pytest within the tests, on tiny data, with the plugin as its users have it."""

from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def tiny_data(tmp_path):
    """An .npz of 140 noisy images, 20 of each class, that differ in brightness."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(7, dtype=np.uint8), 20)
    images = random.integers(0, 40, (140, 48, 48), dtype=np.uint8)
    images += (labels * 30)[:, None, None].astype(np.uint8)
    path = tmp_path / "tiny.npz"
    np.savez(path, images=images, labels=labels)
    return path


@pytest.fixture
def bench(pytester, tmp_path, monkeypatch):
    """Runs the benchmarks as ``pytest benchmarks ...`` would, in a folder of its own."""
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FER_BENCH_OFFLINE", "1")
    monkeypatch.delenv("FER_BENCH_DATA", raising=False)
    monkeypatch.delenv("FER_BENCH_WEIGHTS", raising=False)

    def run(*arguments, apart=True):
        # Apart, in a process of its own, where numpy or Keras load: they cannot load twice in one.
        runpytest = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return runpytest(
            str(BENCHMARKS), "-p", "no:cacheprovider", f"--rootdir={pytester.path}", *arguments
        )

    return run
