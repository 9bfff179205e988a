"""Comparison of an exported model with its cell: what is accepted, and what is not."""

import numpy as np
import pytest

from fer_bench.export.parity import check_parity, measured_parity
from fer_bench.metrics import softmax
from fer_bench.runtime.errors import FerBenchError

LOGITS = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)


def parity(change):
    return measured_parity(softmax(LOGITS) + change, LOGITS, "onnxruntime")


def test_the_same_predictions_are_accepted():
    found = parity(5e-6)
    assert (found.images, found.differing_predictions) == (50, 0)
    assert found.largest_difference == pytest.approx(5e-6)
    check_parity(found)


@pytest.mark.parametrize("change", [2e-4, -2e-4, np.nan])
def test_another_probability_is_refused(change):
    changes = np.zeros(LOGITS.shape)
    changes[3, 2] = change
    with pytest.raises(FerBenchError, match="another model"):
        check_parity(parity(changes))


def test_another_prediction_is_counted_and_accepted_of_equal_classes_only():
    tied, apart = np.array([[1.0, 1.0 + 1e-7]]), np.array([[1.0, 1.001]])
    found = measured_parity(softmax(tied[:, ::-1]), tied, "onnxruntime")
    assert found.differing_predictions == 1
    check_parity(found)
    with pytest.raises(FerBenchError, match="1 are predicted differently"):
        check_parity(measured_parity(softmax(apart[:, ::-1]), apart, "onnxruntime"))


def test_other_shapes_are_a_bug():
    with pytest.raises(ValueError, match="49"):
        measured_parity(softmax(LOGITS)[1:], LOGITS, "onnxruntime")
