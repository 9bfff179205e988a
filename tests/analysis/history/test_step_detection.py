"""Steps in a row of numbers, against answers worked out by hand and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from fer_bench.analysis.history.step_detection import differ, step

values = st.lists(st.integers(-50, 50).map(lambda one: one / 100), min_size=1, max_size=8)


def test_levels_that_differ_by_more_than_they_vary() -> None:
    # Squares 2 + 2 over 4 degrees of freedom: s = 1. t(4) at 0.995 is 4.604, times the root of
    # 1/3 + 1/3: 3.759.
    base = [0.0, 1.0, 2.0]
    assert differ(base, [3.7, 4.7, 5.7], [], 0.99) is False
    assert differ(base, [3.8, 4.8, 5.8], [], 0.99) is True


def test_other_levels_tell_the_noise_too() -> None:
    # Two single numbers tell nothing. The other levels: squares 2 + 2 over 4 degrees of freedom;
    # 4.604 times the root of 1 + 1 is 6.511.
    others = [[0.0, 1.0, 2.0], [70.0, 71.0, 72.0]]
    assert differ([0.0], [6.6], [], 0.99) is None
    assert differ([0.0], [6.6], others, 0.99) is True
    assert differ([0.0], [6.4], others, 0.99) is False


@given(values, values, st.sampled_from([0.9, 0.99, 0.9998]))
def test_two_levels_are_compared_as_scipy_does(base, head, level) -> None:
    # Of equal numbers SciPy warns.
    assume(len(base) + len(head) >= 6 and all(len({*one}) > 1 for one in (base, head)))
    expected = ttest_ind(base, head).pvalue
    assume(abs(expected - (1 - level)) > 1e-6)
    assert differ(base, head, [], level) is bool(expected < 1 - level)


@given(values, values)
def test_the_clearest_step_is_the_one_of_the_smallest_p(numbers, other) -> None:
    assume(len(numbers) + len(other) >= 7 and len(numbers) >= 3 and len({*numbers}) > 2)
    places = range(1, len(numbers) - 1)
    levels = [0.5, 0.9, 0.99, 0.999]
    found = step(numbers, [other], 0.99)
    clear = [place for place in places if differ(numbers[:place], numbers[place:], [other], 0.99)]
    assert (found in clear) if clear else found is None
    if found is not None:
        for level in levels:
            if any(differ(numbers[:place], numbers[place:], [other], level) for place in places):
                assert differ(numbers[:found], numbers[found:], [other], level)


@pytest.mark.parametrize("after", [2, 3, 8])
def test_a_step_is_dated_to_its_place(after) -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, 8 + after)
    numbers = noise + np.repeat([0.0, 0.1], [8, after])
    assert step(numbers, [], 0.9998) == 8


def test_a_single_number_is_no_step() -> None:
    assert step([*[0.0, 0.001] * 4, 5.0], [], 0.9998) is None


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_numbers_tell_nothing(count) -> None:
    assert step([0.0, 1.0, 1.0, 1.0, 1.0][:count], [], 0.99) is None


@given(st.floats(-5, 5), st.integers(6, 40))
def test_equal_numbers_have_no_step(number, count) -> None:
    assert step([number] * count, [[number] * 3], 0.5) is None
    assert differ([number] * count, [number], [], 0.5) is False


@given(st.floats(0.001, 5), st.integers(2, 20), st.integers(2, 20))
def test_what_does_not_vary_steps_where_it_does(size, before, after) -> None:
    assume(before + after >= 6)
    assert step([0.0] * before + [size] * after, [], 0.9998) == before
