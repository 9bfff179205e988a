from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fer_bench.metrics import accuracy, confusion, cross_entropy, recall

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

PROBABILITIES = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.25, 0.5, 0.25], [0.2, 0.2, 0.6]]
SHIFTS = np.array([[3.0], [-50.0], [0.0], [1e3]])
LOGITS = np.log(PROBABILITIES) + SHIFTS
LABELS = [0, 1, 1, 2]


@st.composite
def predictions(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    n, classes = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    values = draw(hnp.arrays(np.float64, (n, classes), elements=st.floats(-50, 50)))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    return values, labels


@st.composite
def labelled(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    classes = draw(st.integers(1, 6))
    code = st.integers(0, classes - 1)
    pairs = draw(st.lists(st.tuples(code, code), max_size=40))
    return [a for a, _ in pairs], [b for _, b in pairs], classes


def test_accuracy_by_hand() -> None:
    assert accuracy(PROBABILITIES, LABELS) == 0.75
    assert accuracy(LOGITS, LABELS) == 0.75


def test_the_first_of_equal_probabilities_wins() -> None:
    assert accuracy([[0.5, 0.5]], [0]) == 1.0
    assert accuracy([[0.5, 0.5]], [1]) == 0.0


def test_cross_entropy_by_hand() -> None:
    expected = -(math.log(0.7) + math.log(0.3) + math.log(0.5) + math.log(0.6)) / 4
    assert cross_entropy(LOGITS, LABELS) == pytest.approx(expected, rel=1e-12)


def test_equal_logits_cost_the_log_of_the_number_of_classes() -> None:
    assert cross_entropy(np.full((3, 7), 5.0, np.float32), [0, 3, 6]) == pytest.approx(
        math.log(7), rel=1e-12
    )


def test_nothing_is_clipped() -> None:
    assert cross_entropy([[1000.0, 0.0]], [1]) == 1000.0
    assert cross_entropy([[1000.0, 0.0]], [0]) == 0.0


def test_the_mean_is_taken_in_float64() -> None:
    n = 100_000
    found = cross_entropy(np.full((n, 2), 0.5, np.float32), np.zeros(n, np.uint8))
    assert found == pytest.approx(math.log(2), rel=1e-12)


def test_the_logits_are_left_as_they_are() -> None:
    logits = np.array([[1.0, 2.0]])
    cross_entropy(logits, [0])
    assert logits.tolist() == [[1.0, 2.0]]


@given(predictions(), st.floats(-1e3, 1e3))
def test_cross_entropy_ignores_a_shift_of_all_logits(
    case: tuple[NDArray[np.float64], NDArray[np.int64]], shift: float
) -> None:
    values, labels = case
    assert cross_entropy(values + shift, labels) == pytest.approx(
        cross_entropy(values, labels), abs=1e-9
    )


@given(predictions(), st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(
    case: tuple[NDArray[np.float64], NDArray[np.int64]], random: Random
) -> None:
    values, labels = case
    order = list(range(len(labels)))
    random.shuffle(order)
    assert accuracy(values[order], labels[order]) == pytest.approx(accuracy(values, labels))
    assert cross_entropy(values[order], labels[order]) == pytest.approx(
        cross_entropy(values, labels)
    )


@given(predictions())
def test_accuracy_and_loss_stay_in_their_ranges(
    case: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    assert 0 <= accuracy(*case) <= 1
    assert 0 <= cross_entropy(*case) <= 100 + math.log(5)


@given(predictions())
def test_accuracy_is_the_trace_of_the_confusion(
    case: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    values, labels = case
    counts = confusion(labels, values.argmax(axis=1), values.shape[1])
    assert accuracy(values, labels) == pytest.approx(np.trace(counts) / counts.sum())


def test_confusion_by_hand() -> None:
    found = confusion([0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 2, 2], 4)
    assert found.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    assert found.dtype == np.int64


def test_confusion_of_small_types_does_not_wrap_round() -> None:
    labels = np.array([15], dtype=np.uint8)
    found = confusion(labels, labels, 17)
    assert found[15, 15] == 1
    assert found.sum() == 1


@pytest.mark.parametrize(("n", "classes"), [(1, 2), (50, 3), (1000, 7)])
def test_confusion_equals_sklearn(n: int, classes: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, predicted = np.random.default_rng(n).integers(0, classes, (2, n))
    expected = metrics.confusion_matrix(labels, predicted, labels=range(classes))
    assert confusion(labels, predicted, classes).tolist() == expected.tolist()


@given(labelled())
def test_recall_weighted_by_class_size_is_the_accuracy(
    case: tuple[list[int], list[int], int],
) -> None:
    labels, predicted, classes = case
    shares = recall(confusion(labels, predicted, classes))
    assert len(shares) == classes
    hits = sum((share or 0.0) * labels.count(code) for code, share in enumerate(shares))
    assert hits == pytest.approx(sum(a == b for a, b in zip(labels, predicted, strict=True)))


def test_recall_by_hand() -> None:
    assert recall([[3, 1, 0], [2, 2, 4], [0, 0, 0]]) == (0.75, 0.25, None)


def test_recall_of_a_class_never_recognised_is_zero_not_none() -> None:
    assert recall([[0, 5], [0, 5]]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("logits", "labels", "cause"),
    [
        ([[0.5, math.nan]], [0], r"logits\[0\] are \[0.5, nan\]"),
        ([[0.5, 0.5], [math.inf, 0.5]], [0, 0], r"logits\[1\] are"),
        ([[0.5, 0.5]], [2], r"labels\[0\] is 2; accepted: 0 to 1"),
        ([[0.5, 0.5]], [-1], r"labels\[0\] is -1"),
        ([[0.5, 0.5]], [0, 1], "same length, got 1 and 2"),
        ([[0.5, 0.5]], [0.0], "labels are of type float64"),
        ([[0.5, 0.5]], [[1, 0]], r"labels have shape \(1, 2\)"),
        ([0.5, 0.5], [0, 1], r"logits have shape \(2,\)"),
        ([["a", "b"]], [0], "accepted: numbers"),
        (np.zeros((0, 2)), [], "no predictions"),
        (np.zeros((2, 0)), [0, 0], r"logits have shape \(2, 0\)"),
    ],
)
def test_bad_predictions_are_refused(logits: object, labels: object, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        accuracy(logits, labels)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=cause):
        cross_entropy(logits, labels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("labels", "predicted", "classes", "cause"),
    [
        ([0, 1], [0], 2, "same length, got 2 and 1"),
        ([2], [0], 2, r"labels\[0\] is 2"),
        ([0], [2], 2, r"predicted\[0\] is 2"),
        ([0], [-1], 2, r"predicted\[0\] is -1"),
        ([0.5], [0], 2, "labels are of type float64"),
        ([], [], 0, "n_classes is 0"),
    ],
)
def test_bad_confusion_is_refused(
    labels: list[int], predicted: list[int], classes: int, cause: str
) -> None:
    with pytest.raises(ValueError, match=cause):
        confusion(labels, predicted, classes)


@pytest.mark.parametrize("counts", [[[1, 2]], [1, 2], [[0.5]], [[-1]]])
def test_bad_counts_are_refused(counts: object) -> None:
    with pytest.raises(ValueError, match="confusion"):
        recall(counts)  # type: ignore[arg-type]


@pytest.mark.network
def test_cross_entropy_equals_keras() -> None:
    keras = pytest.importorskip("keras")
    random = np.random.default_rng(7)
    # Wide logits: some probabilities lie below the 1e-7 at which Keras clips probabilities.
    logits = random.normal(scale=12, size=(500, 7))
    labels = random.integers(0, 7, 500)
    expected = keras.losses.categorical_crossentropy(np.eye(7)[labels], logits, from_logits=True)
    assert np.max(expected) > -math.log(1e-7)
    # JAX computes in single precision whatever it is given.
    exact = np.asarray(expected).dtype == np.float64
    assert cross_entropy(logits, labels) == pytest.approx(
        float(np.mean(expected)), rel=1e-12 if exact else 1e-6
    )
