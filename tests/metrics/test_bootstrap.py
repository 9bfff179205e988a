from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fer_bench.metrics.intervals import distinct_columns, resampled_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray


@given(
    hnp.arrays(
        np.int64,
        st.tuples(st.integers(1, 70), st.integers(1, 8)),
        elements=st.integers(0, 5),
    )
)
def test_distinct_columns_are_those_of_numpy(table: NDArray[np.int64]) -> None:
    columns, counts = distinct_columns(table)
    expected, times = np.unique(table, axis=1, return_counts=True)
    assert columns.tolist() == expected.tolist()
    assert counts.tolist() == times.tolist()


@pytest.mark.parametrize("values", [[0, 0, 0, 0], [2, 1, -1, 2], [2, 0, -2, 2], [0, 2, 0, 0]])
def test_sums_have_the_distribution_of_drawing_images_one_by_one(values: list[int]) -> None:
    sums = resampled_sums(np.array(values), 40_000, np.random.default_rng(3))
    expected = Counter(sum(drawn) for drawn in itertools.product(values, repeat=4))
    assert set(sums.tolist()) == set(expected)
    for value, ways in expected.items():
        # Five standard deviations are at most 0.0125.
        assert np.mean(sums == value) == pytest.approx(ways / 4**4, abs=0.0125)


def test_each_resample_is_a_draw_of_its_own() -> None:
    sums = resampled_sums(np.arange(50) % 2, 1000, np.random.default_rng(0))
    assert abs(np.corrcoef(sums[:-1], sums[1:])[0, 1]) < 0.15
    assert np.var(sums) == pytest.approx(50 / 4, rel=0.25)
