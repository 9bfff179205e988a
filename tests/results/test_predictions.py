"""Packed predictions for the test images."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.metrics import softmax
from fer_bench.results.quality import Predictions


def test_predictions_are_the_most_probable_classes_with_their_probabilities():
    made = Predictions.of([[0.0, math.log(3.0)], [800.0, 0.0], [1.0, 1.0]])
    assert made.predicted.tolist() == [1, 0, 0]
    assert made.second.tolist() == [0, 1, 1]
    assert made.confidence.tolist() == pytest.approx([0.75, 1.0, 0.5], abs=1 / 65535)


@given(st.lists(st.lists(st.floats(-50, 50), min_size=5, max_size=5), min_size=1, max_size=20))
def test_packed_confidences_are_those_of_the_logits(logits):
    made = Predictions.of(logits)
    shares = softmax(logits)
    ranked = [sorted(range(5), key=lambda code: -row[code]) for row in logits]
    assert made.predicted.tolist() == [row[0] for row in ranked]
    assert made.second.tolist() == [row[1] for row in ranked]
    assert abs(made.confidence - shares.max(axis=1)).max() <= 0.5 / 65535 + 1e-12


def test_confidences_must_be_as_many_as_classes():
    with pytest.raises(ValueError, match=r"2 predictions need 4 bytes .*, not 3"):
        Predictions(b"ab", b"abc")


def test_logits_too_close_for_probabilities_still_have_a_highest_one():
    made = Predictions.of([[0.0, 1e-30]])
    assert made.predicted.tolist() == [1]
    assert made.confidence.tolist() == pytest.approx([0.5], abs=1 / 65535)
