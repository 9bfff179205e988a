from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fer_bench.metrics import bootstrap
from fer_bench.metrics.bootstrap import distinct_columns, resampled_sums, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]


@st.composite
def one_resample(draw: st.DrawFn) -> tuple[Whole, Whole, Whole]:
    rows, n, count = draw(st.integers(1, 5)), draw(st.integers(1, 30)), draw(st.integers(1, 6))
    table = draw(hnp.arrays(np.int64, (rows, n), elements=st.integers(-1, 1)))
    weights = draw(hnp.arrays(np.int64, (count, rows), elements=st.integers(0, 4)))
    return table, weights, draw(hnp.arrays(np.int64, n, elements=st.integers(0, n - 1)))


@given(
    hnp.arrays(
        np.int64,
        st.tuples(st.integers(1, 70), st.integers(1, 8)),
        elements=st.integers(-2, 3),
    )
)
def test_distinct_columns_are_those_of_numpy(table: Whole) -> None:
    columns, which, counts = distinct_columns(table)
    expected, places, times = np.unique(table, axis=1, return_inverse=True, return_counts=True)
    assert columns.tolist() == expected.tolist()
    assert which.tolist() == places.reshape(-1).tolist()
    assert counts.tolist() == times.tolist()


@given(one_resample())
def test_counting_values_sums_a_resample_exactly_as_image_by_image(
    case: tuple[Whole, Whole, Whole],
) -> None:
    table, weights, drawn = case
    resample = table[:, drawn]
    patterns, images = np.unique(resample, axis=1, return_counts=True)
    largest = int(weights.sum(axis=1).max())
    counts = tally(patterns, images, weights, largest)
    assert counts.sum(axis=1).tolist() == [table.shape[1]] * len(weights)
    naive = [sum(int(row @ column) for column in resample.T) for row in weights]
    assert (counts @ np.arange(-largest, largest + 1)).tolist() == naive


@given(one_resample())
def test_each_image_is_counted_at_its_value(case: tuple[Whole, Whole, Whole]) -> None:
    table, weights, _ = case
    patterns, images = np.unique(table, axis=1, return_counts=True)
    for row, counts in zip(weights, tally(patterns, images, weights, 20), strict=True):
        expected = Counter((row @ table).tolist())
        assert {place - 20: count for place, count in enumerate(counts) if count} == expected


def test_sums_have_the_distribution_of_drawing_images_one_by_one() -> None:
    rows = np.array([[1, 0, -1, 1], [1, 1, 0, 0]])
    weights = np.array([[1, 1], [2, 0], [0, 2]])
    each = 40_000
    found = resampled_sums(rows, np.repeat(weights, each, axis=0), np.random.default_rng(3))
    for row, sums in zip(weights, found.reshape(3, each), strict=True):
        values = (row @ rows).tolist()
        expected = Counter(sum(drawn) for drawn in itertools.product(values, repeat=4))
        assert set(sums.tolist()) == set(expected)
        for value, ways in expected.items():
            # Five standard deviations are at most 0.0125.
            assert np.mean(sums == value) == pytest.approx(ways / 4**4, abs=0.0125)


def test_each_resample_is_a_draw_of_its_own() -> None:
    rows = np.arange(50)[None] % 2
    sums = resampled_sums(rows, np.ones((1000, 1), np.int64), np.random.default_rng(0))
    assert abs(np.corrcoef(sums[:-1], sums[1:])[0, 1]) < 0.15
    assert np.var(sums) == pytest.approx(50 / 4, rel=0.25)


def test_the_sizes_of_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    rows = random.integers(-1, 2, (4, 60))
    weights = random.multinomial(4, np.full(4, 0.25), size=101)

    def sums() -> list[int]:
        return resampled_sums(rows, weights, np.random.default_rng(1)).tolist()

    whole = sums()
    monkeypatch.setattr(bootstrap, "_DRAWS", 70)
    monkeypatch.setattr(bootstrap, "_PRODUCTS", 700)
    assert sums() == whole
    monkeypatch.setattr(bootstrap, "_DRAWS", 1)
    monkeypatch.setattr(bootstrap, "_PRODUCTS", 1)
    assert sums() == whole
