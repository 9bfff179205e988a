"""Numbers of images that printed mean differences allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.metrics.grim import (
    MOST_IMAGES,
    chance,
    chance_of_hits,
    gained,
    gained_elsewhere,
)

images = st.integers(2, MOST_IMAGES)
differences = st.integers(1, 19)


@given(images, differences, st.integers(0, 6), st.data())
def test_a_rate_of_known_counts_is_always_found_again(images, differences, decimals, data):
    count = data.draw(st.integers(-images, images))
    rate = round(count / (images * differences), decimals)
    found = gained(rate, images, differences, decimals)
    assert found.low <= count <= found.high
    assert found.fit


@given(images, images, differences, st.data())
def test_gains_on_two_sets_of_known_counts_are_always_found_again(first, second, steps, data):
    known = data.draw(st.integers(-first, first))
    count = data.draw(st.integers(-second, second))
    rate = round((known / first - count / second) / steps, 6)
    found = gained_elsewhere(rate, known, first, second, steps, 6)
    assert found.low <= count <= found.high


@given(st.integers(3_000, 40_000), st.integers(0, 2**32 - 1))
def test_unrelated_rates_fit_about_as_often_as_by_chance(images, seed):
    """Of 400 random rates, a share fits that differs from the chance by 5 standard errors at most.

    The share is binomial; rates are drawn evenly over many counts, so that offsets are even too.
    """
    rates = np.random.default_rng(seed).integers(1, 80_000, 400) / 10**6
    expected = float(chance(images, 5, 6))
    fit = gained(rates, images, 5, 6).fit
    assert abs(fit.mean() - expected) <= 5 * np.sqrt(expected * (1 - expected) / 400)
    # A table of 7 rows and 3 windows fits with a probability of at most 0.2**21.
    assert not fit[:21].all()


@pytest.mark.parametrize("sets", [(MOST_IMAGES + 1, 9), (9, MOST_IMAGES + 1)])
def test_more_images_than_the_arithmetic_is_certain_for(sets):
    with pytest.raises(ValueError, match=str(MOST_IMAGES)):
        gained(0.5, [5, max(sets)], 1, 6)
    with pytest.raises(ValueError, match=str(MOST_IMAGES)):
        gained_elsewhere(0.5, 3, *sets, 1, 6)


def test_by_hand():
    # 1/3 = 0.33, 2/3 = 0.67; no third prints as 0.50.
    assert gained([0.33, 0.67, 0.50], 3, 1, 2).fit.tolist() == [True, True, False]
    # 0.05 of 30 images over 2 differences: 2.7 to 3.3 images gained.
    found = gained(0.05, 30, 2, 2)
    assert (int(found.low), int(found.high)) == (3, 3)
    # (10/100 - c/50) / 2 = 0.03: c / 50 = 0.04, c = 2.
    found = gained_elsewhere(0.03, 10, 100, 50, 2, 2)
    assert (int(found.low), int(found.high)) == (2, 2)


def test_a_tie_fits_whichever_way_it_was_rounded():
    # 1/8 = 0.125 prints as 0.12 or 0.13.
    assert gained([0.12, 0.13, 0.14], 8, 1, 2).fit.tolist() == [True, True, False]


def test_the_chance_of_hits_is_a_tail():
    assert chance_of_hits(0, [0.2, 0.3]) == pytest.approx(1)
    assert chance_of_hits(1, [0.2, 0.3]) == pytest.approx(1 - 0.8 * 0.7)
    assert chance_of_hits(2, [0.2, 0.3]) == pytest.approx(0.06)
    assert chance_of_hits(3, [0.2, 0.3]) == 0
    assert chance_of_hits(4, [0.5] * 4) == pytest.approx(1 / 16)


def test_a_chance_is_at_most_one():
    assert chance([30, 28_710], [1, 5], 1).tolist() == [1, 1]
    assert float(chance(28_710, 5, 6)) == pytest.approx(0.14355)
