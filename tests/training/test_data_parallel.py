"""Batches divided between two devices: the numbers of one device, apart from rounding."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.models import data_parallel, numerical_environment  # noqa: E402
from fer_bench.models.data_parallel import are_divided, divide_batches, divided  # noqa: E402
from fer_bench.results import load_run  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402

ON_JAX = keras.config.backend() == "jax"
pytestmark = pytest.mark.network
on_jax = pytest.mark.skipif(not ON_JAX, reason="Keras divides batches with JAX alone")

PROGRAM = """
import dataclasses, json
import keras, numpy as np
from fer_bench.models import numerical_environment
from fer_bench.models.data_parallel import (
    are_divided, divide_batches, divided, stop_dividing,
)
from fer_bench.protocol.settings import Protocol
from fer_bench.training.compiled_suffix import CompiledSuffix
from fer_bench.training.trainer import Trainer

PROTOCOL = Protocol(epochs=3, batch_size=6, learning_rate=0.01)
random = np.random.default_rng(0)
images = random.normal(size=(60, 8, 8, 3)).astype(np.float32)
labels = random.integers(0, 3, 60).astype(np.uint8)
train, validation = np.arange(45), np.arange(45, 60)  # 7 batches of 6, and 3 images


def trainer():
    keras.utils.set_random_seed(5)
    inputs = keras.Input((8, 8, 3))
    # Without biases, of which batch normalisation would leave nothing but rounding.
    values = keras.layers.Conv2D(4, 3, use_bias=False)(inputs)
    values = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(values))
    logits = keras.layers.Dense(3)(keras.layers.Flatten()(values))
    suffix = CompiledSuffix(keras.Model([inputs], logits), PROTOCOL)
    return Trainer(suffix, PROTOCOL, 9, [images], labels, train)


def trained(one, start=None):
    states = []

    def keep(state):
        states.append(dataclasses.replace(state, variables=[*state.variables]))

    one.warm_up()
    history, _ = one.train(validation, start=start, keep=keep)
    weights = [weight.numpy().ravel().tolist() for weight in one.suffix.weights]
    return {"history": dataclasses.asdict(history), "weights": weights}, states


alone, _ = trained(trainer())
before = dict(numerical_environment.conditions())["devices"]
divide_batches(PROTOCOL.batch_size)
one = trainer()
together, states = trained(one)
resumed, _ = trained(one, states[0])
used = [*one.suffix.variables, *one.suffix.optimizer.variables]
print(json.dumps({
    "alone": alone, "together": together, "resumed": resumed,
    "devices": [before, dict(numerical_environment.conditions())["devices"]],
    "settings": numerical_environment.settings("jax", "float32", 1e-7),
    "copies": sorted({len(one.value.addressable_shards) for one in used}),
    "parts": [
        sorted({part.data.shape[0] for part in divided(images[:size]).addressable_shards})
        for size in (6, 3)
    ],
    "is_stopped": stop_dividing() is None and not are_divided(),
}))
"""


def on_two_devices(*words, **changes):
    """Run Python with two JAX devices, which share the CPU."""
    # Compiled without optimisation, in half the time.
    flags = "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, "XLA_FLAGS": flags, **changes},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found():
    """Train on one device, on two, and on two again from a checkpoint of the first epoch."""
    return json.loads(on_two_devices("-c", PROGRAM))


@on_jax
def test_two_devices_compute_what_one_does(found):
    alone, together = found["alone"], found["together"]
    # Sums in another order: not the same bits, or nothing was divided.
    assert alone["weights"] != together["weights"]
    for one, other in zip(alone["weights"], together["weights"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert alone["history"].keys() == together["history"].keys()
    for name, values in alone["history"].items():
        np.testing.assert_allclose(values, together["history"][name], atol=1e-4, err_msg=name)


@on_jax
def test_two_devices_compute_the_same_bits_again_from_a_checkpoint(found):
    assert found["together"] == found["resumed"]


@on_jax
def test_variables_are_copied_and_batches_divided_if_they_can_be(found):
    assert found["copies"] == [2]
    assert found["parts"] == [[3], [3]]


@on_jax
def test_divided_batches_are_a_condition(found):
    assert found["devices"] == ["cpu:0, cpu:1", "cpu:0, cpu:1 (data parallel)"]
    assert "distribution" not in found["settings"]


@on_jax
@pytest.mark.nightly_on_jax
def test_a_run_divides_features_and_training(tmp_path):
    words = ("--data-parallel", "--init=pretrained", "--limit=300", "--epochs=1", "--no-timing")
    on_two_devices(
        *("-m", "fer_bench", "run", *words, "--batch-size=16", f"--report-dir={tmp_path}"),
        FER_BENCH_CACHE=str(tmp_path / "cache"),
    )
    (cell,) = load_run(tmp_path / "results.json").cells
    assert (cell.status, cell.source) == ("ok", "trained")
    known = dict(cell.computed_on)
    assert known["devices"] == "cpu:0, cpu:1 (data parallel)"
    # Listed only if they are others.
    assert "devices of the frozen features" not in known


@pytest.mark.parametrize(
    ("backend", "devices", "size", "words"),
    [
        ("tensorflow", ["gpu:0", "gpu:1"], 32, ["'tensorflow'", "set KERAS_BACKEND=jax"]),
        ("jax", ["gpu:0"], 32, ["gpu:0", "CUDA_VISIBLE_DEVICES"]),
        ("jax", ["gpu:0", "gpu:1", "gpu:2"], 32, ["--batch-size=32", "a multiple of 3"]),
    ],
)
def test_what_cannot_be_divided_is_one_line(monkeypatch, backend, devices, size, words):
    monkeypatch.setattr(keras.config, "backend", lambda: backend)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: devices)
    with pytest.raises(FerBenchError) as refused:
        divide_batches(size)
    assert "\n" not in str(refused.value)
    for word in ("--data-parallel", *words):
        assert word in str(refused.value)
    assert not are_divided()


@on_jax
def test_the_division_can_be_ended(found):
    assert found["is_stopped"]


@pytest.mark.parametrize("is_ours", [True, False])
def test_only_our_division_is_told_from_the_devices_alone(monkeypatch, is_ours):
    kind = data_parallel.DataParallel if is_ours else keras.distribution.DataParallel
    monkeypatch.setattr(keras.distribution, "distribution", lambda: kind.__new__(kind))
    backend = keras.config.backend()
    settings = numerical_environment.settings(backend, "float32", 1e-7)
    assert ("distribution" in settings) != is_ours
    assert numerical_environment.devices().endswith(" (data parallel)") == is_ours


def test_nothing_is_divided_unless_it_was_asked_for():
    batch = np.zeros((4, 2))
    assert divided(batch) is batch
