"""Heads that are fitted in one step: candidates, choice, and what they predict."""

import subprocess
import sys

import numpy as np
import pytest

from fer_bench.metrics import accuracy, softmax
from fer_bench.protocol.fitted_heads import FITTED, SMALLEST
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent
from fer_bench.training import fitted_head
from fer_bench.training.fitted_head import Scaling, choose_head, fit_head

CLASSES = 4
"""Of these, the last one has no images."""


def made(count: int, seed: int):
    """Return features whose classes are apart in two of their dimensions, and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES - 1, count).astype(np.uint8)
    features = random.normal(size=(count, 6)) + 3 * np.eye(6)[labels]
    # Scales that differ and a constant feature.
    features = features * [1, 100, 0.01, 1, 1, 1] + [0, 0, 0, 5, 0, 0]
    features[:, 4] = 7
    return features.astype(np.float32), labels


TRAIN, VALIDATION = made(120, 1), made(60, 2)


@pytest.fixture(autouse=True)
def small_forest(monkeypatch):
    monkeypatch.setattr(fitted_head, "_TREES", 5)


@pytest.mark.parametrize("kind", FITTED)
def test_a_head_learns_and_is_fitted_again_to_the_same_values(kind):
    choice = choose_head(kind, TRAIN, VALIDATION, CLASSES, 3, silent)
    logits = choice.head.logits(VALIDATION[0])
    assert (logits.shape, logits.dtype) == ((60, CLASSES), np.float32)
    assert accuracy(logits, VALIDATION[1]) > 0.8
    assert logits[:, -1] == pytest.approx(np.log(SMALLEST))
    assert softmax(logits).sum(axis=1) == pytest.approx(1)
    assert choice.head.value in FITTED[kind].values
    again = fit_head(kind, choice.head.value, TRAIN, CLASSES, 3)
    np.testing.assert_array_equal(again.logits(VALIDATION[0]), logits)


@pytest.mark.parametrize("kind", FITTED)
def test_two_classes(kind):
    two = TRAIN[1] < 2
    head = fit_head(kind, FITTED[kind].values[-1], (TRAIN[0][two], TRAIN[1][two]), 2, 3)
    assert accuracy(head.logits(TRAIN[0][two]), TRAIN[1][two]) > 0.9


def test_the_validation_images_choose(monkeypatch):
    # Labels without any relation to the features: neighbours must not be trusted.
    noise = np.random.default_rng(4).integers(0, 2, 60).astype(np.uint8)
    unbalanced = np.where(np.arange(120) % 4 == 0, noise.repeat(2), 2).astype(np.uint8)
    validation = VALIDATION[0], np.full(60, 2, np.uint8)
    choice = choose_head("knn", (TRAIN[0], unbalanced), validation, CLASSES, 3, silent)
    assert choice.head.value == 100


def test_more_neighbours_than_images_are_left_out():
    few = TRAIN[0][:20], TRAIN[1][:20]
    assert choose_head("knn", few, VALIDATION, CLASSES, 3, silent).head.value <= 10


def test_neighbours_at_equal_distances_are_the_same_in_batches_of_any_size():
    """Each image is there twice, with labels drawn by chance."""
    random = np.random.default_rng(5)
    features = random.normal(size=(300, 6)).astype(np.float32).repeat(2, axis=0)
    labels = random.integers(0, CLASSES, 600).astype(np.uint8)
    head = fit_head("knn", 3, (features, labels), CLASSES, 3)
    parts = [head.logits(features[start : start + 32]) for start in range(0, 600, 32)]
    np.testing.assert_array_equal(np.concatenate(parts), head.logits(features))


def test_parameters_are_those_of_linear_maps():
    counts = {
        kind: fit_head(kind, FITTED[kind].values[0], TRAIN, CLASSES, 3).parameters
        for kind in FITTED
    }
    linear = 3 * (6 + 1)
    assert counts == {
        "logreg": linear, "svm": linear, "knn": 0, "forest": 0, "boosting": 0, "prototype": 3 * 6
    }  # fmt: skip


def test_the_nearest_mean_is_predicted():
    head = fit_head("prototype", 0.1, TRAIN, CLASSES, 3)
    scaled = Scaling.of(TRAIN[0]).apply(VALIDATION[0])
    means = [Scaling.of(TRAIN[0]).apply(TRAIN[0])[TRAIN[1] == one].mean(axis=0) for one in range(3)]
    nearest = np.argmin([((scaled - mean) ** 2).sum(axis=1) for mean in means], axis=0)
    np.testing.assert_array_equal(head.logits(VALIDATION[0]).argmax(axis=1), nearest)


def test_features_are_standardised():
    scaled = Scaling.of(TRAIN[0]).apply(TRAIN[0])
    assert scaled.mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-5)
    assert scaled.std(axis=0) == pytest.approx([1, 1, 1, 1, 0, 1], abs=1e-5)


def test_tiny_features_are_standardised_too():
    # The outputs of random networks with frozen batch normalisation are that small.
    tiny = (TRAIN[0] * np.float32(1e-17)).astype(np.float32)
    expected, found = (Scaling.of(one).apply(one) for one in (TRAIN[0], tiny))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_images_of_one_class_are_refused():
    with pytest.raises(FerBenchError) as raised:
        choose_head("logreg", (TRAIN[0], np.zeros(120, np.uint8)), VALIDATION, 2, 3, silent)
    assert raised.value.problem == (
        "head 'logreg' cannot be fitted: all 120 training images are of one class"
    )


def test_scikit_learn_is_loaded_when_a_head_is_fitted():
    code = "import sys, fer_bench.training.fitted_head as _; print('sklearn' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
