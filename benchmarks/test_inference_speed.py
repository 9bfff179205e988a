"""Inference speed of each cell."""

import time

import numpy as np
import pytest

from fer_bench import metrics
from fer_bench.results.speeds import ROUNDS_FOR_P99

LEAST_ROUNDS = 5
SECONDS = 20.0  # a network too slow for 100 rounds within this time gets fewer, and no p99


@pytest.mark.fer_speed
@pytest.mark.parametrize("batch_size", [1, 32])
def test_inference_speed(trained, dataset, split, batch_size, benchmark, measured):
    """Measure the time from 48x48 uint8 images to probabilities."""
    benchmark.group = f"inference speed, batch {batch_size}"
    part = split.test if len(split.test) else split.validation
    rows = np.resize(np.arange(len(part)), batch_size)
    images = dataset.images[part[rows]]
    if part is split.test:
        # The timed network must be the one whose quality is reported, even if it is loaded from the
        # store.
        np.testing.assert_allclose(
            trained.predict(images), metrics.softmax(trained.logits[rows]), atol=1e-2
        )
    started = time.perf_counter()
    trained.predict(images)
    affordable = int(SECONDS / (time.perf_counter() - started))
    rounds = min(ROUNDS_FOR_P99, max(LEAST_ROUNDS, affordable))
    benchmark.pedantic(trained.predict, args=(images,), rounds=rounds, warmup_rounds=3)
    measured.inference(batch_size)
