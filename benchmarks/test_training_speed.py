"""How fast each cell trains."""

import itertools

import pytest


@pytest.mark.fer_speed
def test_training_speed(trained, split, benchmark, measured):
    """Time of one epoch of the trainable suffix on stored features."""
    benchmark.group = "training speed"
    epochs = itertools.count(1)
    benchmark.pedantic(lambda: trained.train_epoch(next(epochs)), rounds=3, warmup_rounds=1)
    trained.restore()
    measured.training(len(split.train))
