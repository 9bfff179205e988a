"""Differences of classification metrics between two cells, with their intervals."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef

from fer_bench.metrics.intervals import zero_count_upper_bound
from fer_bench.metrics.paired_metrics import compare_metrics

LABELS = np.random.default_rng(0).integers(0, 4, 600)


def made(share, seed):
    """Predict the label for that share of the images, and else any class."""
    generator = np.random.default_rng(seed)
    return np.where(generator.random(600) < share, LABELS, generator.integers(0, 4, 600))


GOOD, POOR = made(0.6, 1), made(0.3, 2)


def test_differences_are_of_scikit_learns_metrics():
    found = compare_metrics(LABELS, GOOD, POOR, 4)
    for name, of in (
        ("macro_f1", lambda predicted: f1_score(LABELS, predicted, average="macro")),
        ("mcc", lambda predicted: matthews_corrcoef(LABELS, predicted)),
    ):
        assert found[name].difference == pytest.approx(of(GOOD) - of(POOR))


@pytest.mark.parametrize("several", [False, True])
def test_exchanging_the_cells_changes_only_the_signs(several):
    first, second = (GOOD, POOR)
    if several:
        first, second = np.stack([GOOD, made(0.55, 3)]), np.stack([POOR, made(0.35, 4)])
    found, other = (
        compare_metrics(LABELS, *pair, 4) for pair in ((first, second), (second, first))
    )
    for name, one in found.items():
        assert one.difference == pytest.approx(-other[name].difference)
        assert one.interval.high - one.interval.low == pytest.approx(
            other[name].interval.high - other[name].interval.low, rel=0.1
        )


def test_the_interval_of_a_difference_of_accuracies_is_that_of_pairs():
    found = compare_metrics(LABELS, GOOD, POOR, 4)["accuracy"]
    apart = (GOOD == LABELS).astype(float) - (POOR == LABELS)
    half = 1.96 * apart.std() / np.sqrt(len(apart))
    assert (found.interval.high - found.interval.low) / 2 == pytest.approx(half, rel=0.1)


def test_equal_predictions_do_not_differ_and_still_have_an_interval():
    for one in compare_metrics(LABELS, GOOD, GOOD, 4).values():
        assert one.difference == 0
        assert one.interval.low < 0 < one.interval.high


def test_the_interval_of_equal_predictions_allows_for_an_image_of_the_rarest_class():
    labels = np.repeat([0, 1, 2], [400, 195, 5])
    found = compare_metrics(labels, labels, labels, 3)
    bound = zero_count_upper_bound(600, 0.95)
    assert found["accuracy"].interval.high == pytest.approx(bound)
    assert found["balanced_accuracy"].interval.high == pytest.approx(600 * bound / (3 * 5))
    changed = np.where(np.arange(600) == 599, 0, labels)
    for name, one in found.items():
        by_one = compare_metrics(labels, labels, changed, 3)[name].difference
        assert one.interval.high > by_one > 0


def test_seeds_that_disagree_widen_the_interval():
    steady = np.stack([GOOD, GOOD]), np.stack([POOR, POOR])
    unsteady = np.stack([GOOD, made(0.4, 5)]), np.stack([POOR, made(0.5, 6)])
    narrow, wide = (compare_metrics(LABELS, *pair, 4)["macro_f1"] for pair in (steady, unsteady))
    assert narrow.interval.low > 0
    assert wide.interval.high - wide.interval.low > 3 * (narrow.interval.high - narrow.interval.low)


def test_one_seed_against_several_uses_their_variance():
    widths = [
        found.interval.high - found.interval.low
        for other in (POOR, made(0.35, 4))
        for found in (compare_metrics(LABELS, GOOD, np.stack([POOR, other]), 4)["kappa"],)
    ]
    assert widths[1] > 1.5 * widths[0]


def test_undefined_metrics_are_left_out():
    constant = np.zeros(600, int)
    assert "kappa" not in compare_metrics(constant, constant, constant, 4)
