"""Classification metrics against scikit-learn, and their intervals."""

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from fer_bench.metrics import classification, confusion
from fer_bench.metrics.classification import classification_metrics, metric_intervals

codes = st.integers(0, 3)
predictions = st.lists(st.tuples(codes, codes), min_size=1, max_size=60).map(
    lambda pairs: np.array(pairs).T
)


@given(predictions)
def test_all_metrics_are_scikit_learns(pairs):
    labels, predicted = pairs
    found = classification_metrics(confusion(labels, predicted, 4))
    with warnings.catch_warnings():
        # scikit-learn warns of each class without images or predictions.
        warnings.simplefilter("ignore")
        expected = {
            "accuracy": sklearn.accuracy_score(labels, predicted),
            "balanced_accuracy": sklearn.balanced_accuracy_score(labels, predicted),
            "macro_f1": sklearn.f1_score(labels, predicted, average="macro"),
            "weighted_f1": sklearn.f1_score(labels, predicted, average="weighted"),
            "mcc": sklearn.matthews_corrcoef(labels, predicted),
        }
        by_class = dict(
            zip(
                ("precision", "recall", "f1"),
                sklearn.precision_recall_fscore_support(
                    labels, predicted, labels=range(4), zero_division=np.nan
                ),
                strict=False,
            )
        )
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value), name
    for name, values in by_class.items():
        np.testing.assert_allclose(getattr(found, name), values, err_msg=name)
    if len({*labels.tolist(), *predicted.tolist()}) > 1:
        assert found.kappa == pytest.approx(sklearn.cohen_kappa_score(labels, predicted))
    else:
        assert np.isnan(found.kappa)


def test_by_hand():
    found = classification_metrics([[3, 1], [2, 4]])
    assert found.accuracy == pytest.approx(0.7)
    assert found.balanced_accuracy == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert found.f1 == pytest.approx([6 / 9, 8 / 11])
    # Agreement by chance: (4 * 5 + 6 * 5) / 100 = 0.5.
    assert found.kappa == pytest.approx((0.7 - 0.5) / 0.5)


def test_several_matrices_at_once():
    matrices = np.array([[[3, 1], [2, 4]], [[5, 0], [0, 5]]])
    both = classification_metrics(matrices)
    for place, matrix in enumerate(matrices):
        for name, value in classification_metrics(matrix)._asdict().items():
            np.testing.assert_array_equal(getattr(both, name)[place], value)


@pytest.mark.parametrize("matrices", [[1, 2], [[1, 2]], [[0, 0], [0, 0]]])
def test_other_than_confusion_matrices_are_refused(matrices):
    with pytest.raises(ValueError, match="confusion must"):
        classification_metrics(matrices)


@given(predictions, st.integers(0, 99))
def test_an_interval_does_not_depend_on_the_order_of_the_images(pairs, seed):
    order = np.random.default_rng(seed).permutation(pairs.shape[1])
    first = metric_intervals(*pairs, 4, resamples=50)
    assert metric_intervals(*pairs[:, order], 4, resamples=50) == first


@given(predictions)
def test_two_equal_seeds_have_the_interval_of_one(pairs):
    labels, predicted = pairs
    one = metric_intervals(labels, predicted, 4, resamples=50)
    two = metric_intervals(labels, np.stack([predicted, predicted]), 4, resamples=50)
    for name, interval in one.overall.items():
        other = two.overall[name]
        assert (interval is None) == (other is None)
        if interval is not None:
            assert (other.low, other.high) == pytest.approx((interval.low, interval.high))


def test_the_interval_of_an_accuracy_is_the_binomial_one():
    labels = np.zeros(1000, int)
    predicted = np.repeat([0, 1], [700, 300])
    found = metric_intervals(labels, predicted, 2).overall["accuracy"]
    error = 1.96 * np.sqrt(0.7 * 0.3 / 1000)
    assert (found.low, found.high) == pytest.approx((0.7 - error, 0.7 + error), abs=0.003)


def test_resamples_are_drawn_in_blocks_that_change_nothing(monkeypatch):
    random = np.random.default_rng(0)
    labels = random.integers(0, 8, 8000)
    predicted = np.where(random.random((5, 8000)) < 0.7, labels, random.integers(0, 8, (5, 8000)))
    tracemalloc.start()
    try:
        found = metric_intervals(labels, predicted, 8, resamples=399)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 << 20, f"{peak:,} bytes"
    monkeypatch.setattr(classification, "_COUNTS", 10**9)
    assert metric_intervals(labels, predicted, 8, resamples=399) == found


def test_seeds_share_their_images():
    """The mean of a prediction and its complement is 1/2 in every resample."""
    labels = np.zeros(100, int)
    predicted = np.repeat([0, 1], [30, 70])
    found = metric_intervals(labels, np.stack([predicted, 1 - predicted]), 2).overall["accuracy"]
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_a_class_without_images_has_no_interval_of_its_recall():
    found = metric_intervals([0, 0, 1], [0, 1, 1], 3)
    assert found.by_class["recall"][2] is None
    assert found.by_class["recall"][0] is not None


@pytest.mark.parametrize(
    "options", [{"level": 0.0}, {"level": 1.0}, {"resamples": 0}, {"classes": 1}]
)
def test_what_is_out_of_range_is_refused(options):
    arguments = {"labels": [0, 1], "predicted": [0, 1], "classes": 2, **options}
    with pytest.raises(ValueError, match=r"level|resamples|labels"):
        metric_intervals(**arguments)
