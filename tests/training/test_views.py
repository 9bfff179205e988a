"""Views of training images and their tensor."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.training.views import ViewedTensor, epoch_views


@given(st.lists(st.integers(0, 14), max_size=30))
def test_rows_of_a_tensor_of_views_are_those_of_its_views_in_turn(rows):
    views = [np.arange(10).reshape(5, 2) + 100 * view for view in range(3)]
    found = ViewedTensor(views)
    assert (found.shape, len(found)) == ((15, 2), 15)
    np.testing.assert_array_equal(
        found[np.array(rows, np.int64)], np.concatenate(views)[np.array(rows, np.int64)]
    )


def test_views_are_drawn_afresh_with_equal_chances():
    drawn = [epoch_views(seed, epoch, 800, 4) for seed in (1, 2) for epoch in (1, 2)]
    assert len({one.tobytes() for one in drawn}) == 4
    for one in drawn:
        counts = np.bincount(one, minlength=4)
        assert counts.min() > 150
        assert counts.sum() == 800
