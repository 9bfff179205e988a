from __future__ import annotations

import pytest

from fer_bench.metrics import majority_class_accuracy


def test_the_share_of_the_largest_class():
    # Of the labels: of the predicted classes the largest would have a half.
    assert majority_class_accuracy([[2, 1], [0, 1]]) == 0.75
    assert majority_class_accuracy([[0, 0, 0], [0, 4, 0], [0, 0, 4]]) == 0.5


@pytest.mark.parametrize("counts", [[[0]], [[1, 2]], [[0.5]], [[-1]], []])
def test_what_is_no_confusion_is_refused(counts):
    with pytest.raises(ValueError, match="confusion"):
        majority_class_accuracy(counts)
