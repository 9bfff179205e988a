"""Training speed of each cell."""

import itertools
import time

import pytest

LEAST_ROUNDS, MOST_ROUNDS = 3, 10
SECONDS = 10.0  # a cell too slow for all rounds within this time gets fewer


@pytest.mark.fer_speed
@pytest.mark.fer_epochs
def test_training_speed(trained, split, benchmark, measured):
    """Measure the time of one epoch of the trainable suffix on stored features."""
    benchmark.group = "training speed"
    epochs = itertools.count(1)
    # If the result comes from the store, the first epoch builds and compiles the network.
    trained.train_epoch(next(epochs))
    started = time.perf_counter()
    trained.train_epoch(next(epochs))
    affordable = int(SECONDS / (time.perf_counter() - started))
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, affordable))
    benchmark.pedantic(lambda: trained.train_epoch(next(epochs)), rounds=rounds)
    trained.restore()
    measured.training(len(split.train))
