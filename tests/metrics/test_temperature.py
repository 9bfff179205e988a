"""The temperature that calibrates a network: known answers, and laws."""

import numpy as np
import pytest

from fer_bench.metrics import cross_entropy, fit_temperature, softmax


def drawn(temperature, images=20_000):
    """Return logits that are too sure by a factor, and labels drawn from the right shares."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(images, 4))
    chances = softmax(logits).cumsum(axis=1)
    labels = (rng.random((images, 1)) > chances).sum(axis=1)
    return logits * temperature, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_factor_of_the_logits_is_found(factor):
    logits, labels = drawn(factor)
    assert fit_temperature(logits, labels) == pytest.approx(factor, rel=0.05)


def test_it_has_the_smallest_loss():
    logits, labels = drawn(2.0, 500)
    best = fit_temperature(logits, labels)
    losses = [cross_entropy(logits / (best * factor), labels) for factor in (0.99, 1, 1.01)]
    assert min(losses) == losses[1]


def test_a_network_without_mistakes_gets_a_small_one():
    assert 0.01 <= fit_temperature(np.eye(3), [0, 1, 2]) < 0.05
