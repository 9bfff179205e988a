"""Softmax layers trained side by side: each is the same computation as training it alone."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

keras = pytest.importorskip("keras")

from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.training.compiled_suffix import CompiledSuffix  # noqa: E402
from fer_bench.training.stacked_heads import StackedHeads, kept_epoch  # noqa: E402
from fer_bench.training.trainer import Trainer  # noqa: E402

pytestmark = pytest.mark.network

CLASSES, IMAGES, EPOCHS = 3, 52, 3
RANDOM = np.random.default_rng(1)
LABELS = RANDOM.integers(0, CLASSES, IMAGES).astype(np.uint8)
FEATURES = (RANDOM.normal(size=(IMAGES, 2, 2, 3)) + LABELS[:, None, None, None]).astype("float32")
TRAIN = np.arange(40)
COUNTS = np.bincount(LABELS[TRAIN], minlength=CLASSES).tolist()

TRIALS = (
    {"learning_rate": 1e-3},
    {"learning_rate": 0.05, "weight_decay": 0.5},
    {"learning_rate": 1e-3, "weight_decay": 2.0},
)
DIVERGING = {"learning_rate": 1e35}


def suffix():
    """Return the end of a network whose pooling is behind the cut, with the same weights always."""
    keras.utils.set_random_seed(3)
    features = keras.Input(FEATURES.shape[1:])
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    return keras.Model([features], keras.layers.Dense(CLASSES)(pooled))


def trained(compiled, protocol):
    """Return the logits of all images after training."""
    trainer = Trainer(compiled, protocol, 7, [FEATURES], LABELS, TRAIN)
    for epoch in range(1, EPOCHS + 1):
        trainer.epoch(epoch)
    return trainer.logits(np.arange(IMAGES))


@pytest.mark.parametrize(
    "shared",
    [
        {},
        {
            "optimizer": "rmsprop",
            "schedule": "cosine",
            "label_smoothing": 0.1,
            "class_weight": "balanced",
        },
        pytest.param({"optimizer": "sgd"}, marks=pytest.mark.soak),
    ],
)
def test_each_trial_is_that_of_training_alone(shared):
    # Of 40 images, the last batch has 4.
    protocols = [Protocol(epochs=EPOCHS, batch_size=12, **shared, **one) for one in TRIALS]
    diverging = Protocol(epochs=EPOCHS, batch_size=12, **shared, **DIVERGING)
    stacked = StackedHeads(suffix(), [*protocols, diverging], COUNTS)
    together = trained(stacked, protocols[0])
    assert together.shape == (IMAGES, len(TRIALS) + 1, CLASSES)
    for trial, protocol in enumerate(protocols):
        alone = trained(CompiledSuffix(suffix(), protocol, COUNTS), protocol)
        np.testing.assert_allclose(together[:, trial], alone, rtol=1e-4, atol=1e-5)
    # Not trivially so: the trials differ from each other.
    assert np.abs(np.diff(together[:, :-1], axis=1)).max(axis=(0, 2)).min() > 1e-3
    # One that is not finite would not disturb the others.
    assert np.abs(together[:, -1]).max() > 1e6 or not np.isfinite(together[:, -1]).all()


def test_an_infinite_weight_stays_in_its_trial():
    protocol = Protocol(epochs=EPOCHS, batch_size=12, learning_rate=1e-3)
    wild = dataclasses.replace(protocol, learning_rate=1e38, weight_decay=1e3)
    together = trained(StackedHeads(suffix(), [wild, protocol], COUNTS), protocol)
    assert not np.isfinite(together[:, 0]).any()
    alone = trained(CompiledSuffix(suffix(), protocol, COUNTS), protocol)
    np.testing.assert_allclose(together[:, 1], alone, rtol=1e-4, atol=1e-5)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(1, 4))
def test_the_kept_epoch_is_that_of_early_stopping(losses, patience):
    ends = [
        epoch
        for epoch in range(1, len(losses) + 1)
        if epoch - (1 + np.argmin(losses[:epoch])) >= patience
    ]
    seen = losses[: ends[0]] if ends else losses
    assert kept_epoch([float(one) for one in losses], patience) == 1 + np.argmin(seen)
