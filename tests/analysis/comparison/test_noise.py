"""Shifts of times against answers worked out by hand and against known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, ttest_ind

from fer_bench.analysis.comparison.noise import LEAST_RUNS, between_runs, of_rounds

LEVEL = 0.99
values = st.lists(st.floats(-1, 1), min_size=2, max_size=8)


def test_between_runs_by_hand():
    # Means 1 and 4, squares 2 + 2 over 4 degrees of freedom: s = 1; t(4) at 0.995 is 4.604.
    found = between_runs([0.0, 1.0, 2.0], [3.0, 4.0, 5.0], LEVEL)
    half = 4.604094871415897 * math.sqrt(2 / 3)
    assert found.estimate == pytest.approx(3.0)
    assert (found.low, found.high) == pytest.approx((3.0 - half, 3.0 + half))
    assert found.method == "Student's t over 3 and 3 runs"


def test_a_side_of_one_run_is_taken_to_vary_as_the_other():
    # Squares 4 + 1 + 0 + 1 + 4 over 4 degrees of freedom; t(4) at 0.995 is 4.604.
    found = between_runs([0.0, 1.0, 2.0, 3.0, 4.0], [7.0], LEVEL)
    half = 4.604094871415897 * math.sqrt(10 / 4 * (1 / 5 + 1))
    assert (found.low, found.high) == pytest.approx((5.0 - half, 5.0 + half))


@pytest.mark.parametrize("sizes", [(1, 1), (2, 1), (2, 3), (4, 1)])
def test_too_few_runs_tell_nothing_of_their_noise(sizes):
    assert sum(sizes) < LEAST_RUNS
    assert between_runs([0.0] * sizes[0], [1.0] * sizes[1], LEVEL) is None


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # of scipy's own test
@given(values, values)
def test_between_runs_leaves_out_0_where_students_test_rejects(base, head):
    if np.ptp(base) + np.ptp(head) < 1e-6 or len(base) + len(head) < LEAST_RUNS:
        return
    found = between_runs(base, head, LEVEL)
    p_value = ttest_ind(head, base).pvalue
    if abs(p_value - (1 - LEVEL)) > 1e-6:
        assert (not found.low <= 0 <= found.high) == (p_value < 1 - LEVEL)


def test_rounds_that_are_too_few_for_ranks_are_taken_as_normal():
    # Four against four: the most extreme order has p = 2 / 70, above 0.01.
    found = of_rounds([0.0, 0.1, 0.2, 0.3], [5.0, 5.1, 5.2, 5.3], LEVEL)
    assert "Student's t over 4 and 4 rounds" in found.method
    # Five against five: p = 2 / 252, below it.
    found = of_rounds([0.0, 0.1, 0.2, 0.3, 0.4], [5.0, 5.1, 5.2, 5.3, 5.4], LEVEL)
    assert found.method.startswith("Mann-Whitney ")
    assert found.method.endswith(" 5 and 5 rounds")
    assert found.estimate == pytest.approx(5.0)
    # Only the farthest pair of orders is rejected: every difference lies within.
    assert (found.low, found.high) == pytest.approx((4.6, 5.4))


def test_two_rounds_bound_nothing():
    assert of_rounds([1.0], [2.0], LEVEL) is None
    assert of_rounds([1.0, 1.1], [2.0], LEVEL) is not None


@given(st.integers(0, 10**6), st.floats(-0.3, 0.3), st.integers(5, 14), st.integers(5, 14))
def test_ranks_leave_out_0_where_the_test_rejects(seed, shift, ours, theirs):
    draw = np.random.default_rng(seed)
    base, head = 0.1 * draw.normal(size=ours), shift + 0.1 * draw.normal(size=theirs)
    found = of_rounds(base.tolist(), head.tolist(), LEVEL)
    rejected = mannwhitneyu(head, base).pvalue < 1 - LEVEL
    assert (not found.low <= 0 <= found.high) == rejected
    assert found.low <= found.estimate <= found.high


@given(st.integers(0, 10**6), st.floats(-1, 1))
def test_a_shift_of_all_rounds_shifts_the_interval(seed, shift):
    draw = np.random.default_rng(seed)
    base, head = draw.normal(size=9), draw.normal(size=7)
    one = of_rounds(base.tolist(), head.tolist(), LEVEL)
    other = of_rounds(base.tolist(), (head + shift).tolist(), LEVEL)
    assert other.estimate == pytest.approx(one.estimate + shift)
    assert (other.low, other.high) == pytest.approx((one.low + shift, one.high + shift))


def test_ties_that_keep_ranks_from_rejecting_are_told_and_taken_as_normal():
    found = of_rounds([0.0, 0.0, 0.1, 0.1, 0.2], [5.0, 5.0, 5.1, 5.1, 5.2], LEVEL)
    assert "Student's t" in found.method
    assert found.low > 4


@given(st.integers(0, 10**6), st.sampled_from([3, 8]))
def test_the_other_way_round_is_the_other_sign(seed, size):
    draw = np.random.default_rng(seed)
    base, head = draw.normal(size=size).tolist(), draw.normal(size=size).tolist()
    for make in (between_runs, of_rounds):
        one, other = make(base, head, LEVEL), make(head, base, LEVEL)
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_equal_rounds_are_no_shift():
    found = of_rounds([1.0] * 10, [1.0] * 10, LEVEL)
    assert (found.low, found.estimate, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("sizes", [(5, 5), (3, 3), (5, 1)])
def test_an_interval_misses_the_truth_one_time_in_a_hundred(sizes):
    draw = np.random.default_rng(1)
    missed = 0
    for _ in range(4000):
        base, head = (draw.normal(0.0, 0.02, size).tolist() for size in sizes)
        found = between_runs(base, head, LEVEL)
        missed += not found.low <= 0 <= found.high
    # 40 expected; binomial, so that 70 is beyond four standard deviations.
    assert 15 <= missed <= 70
