from __future__ import annotations

import math
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fer_bench.metrics import Interval, compare, holm, sampling_interval

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

    Table = NDArray[np.bool_]


@st.composite
def two_cells(draw: st.DrawFn) -> tuple[Table, Table]:
    n, seeds = draw(st.integers(1, 15)), st.none() | st.integers(1, 4)
    shapes = [(n,) if count is None else (count, n) for count in (draw(seeds), draw(seeds))]
    first, second = (draw(hnp.arrays(np.bool_, shape)) for shape in shapes)
    return first, second


def cells_of(both: int, only_first: int, only_second: int, neither: int) -> tuple[Table, Table]:
    counts = (both, only_first, only_second, neither)
    return np.repeat([True, True, False, False], counts), np.repeat(
        [True, False, True, False], counts
    )


# -- one seed each


def test_mcnemar_by_hand() -> None:
    # Of 7 images that one alone recognised, at most 1 or at least 6: 2 * (1 + 7) / 2^7.
    found = compare(*cells_of(5, 1, 6, 8))
    assert found.p_value == pytest.approx(0.125, rel=1e-12)
    assert (found.only_first, found.only_second) == (1, 6)
    assert found.method == "McNemar, exact"
    assert found.difference == -5 / 20
    assert found.interval.low < -0.25 < found.interval.high


@pytest.mark.parametrize("alone", [0, 1, 4])
def test_as_many_on_both_sides_is_no_difference(alone: int) -> None:
    found = compare(*cells_of(3, alone, alone, 2))
    assert (found.difference, found.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("value", [True, False])
def test_cells_that_are_right_or_wrong_throughout_may_differ_by_what_was_not_seen(
    value: bool,
) -> None:
    found = compare(np.full(100, value), np.full(100, value))
    # 1 - 0.025^(1 / 100); the rule of three would say 0.03 for one side.
    assert found.interval == Interval(
        pytest.approx(-0.0362, abs=5e-5), pytest.approx(0.0362, abs=5e-5)
    )
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.method.startswith("McNemar, exact; ")
    assert found.method.endswith(" exact bound")


def test_one_always_right_and_one_always_wrong() -> None:
    found = compare(np.ones(10, bool), np.zeros(10, bool))
    assert found.difference == found.interval.high == 1.0
    assert found.interval.low == pytest.approx(0.025 ** (1 / 10))
    assert found.p_value == pytest.approx(2 / 2**10)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 3))
def test_mcnemar_is_the_sign_test_on_what_differs(
    only_first: int, only_second: int, both: int
) -> None:
    assume(only_first + only_second + both)
    alone, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(alone, count) for count in range(fewer + 1)) / 2**alone
    found = compare(*cells_of(both, only_first, only_second, 0), resamples=9)
    assert found.p_value == pytest.approx(min(1.0, 2 * tail))


def test_images_are_drawn_jointly_for_both_sides() -> None:
    # Each accuracy varies with the images; the difference does so far less.
    first = np.arange(400) % 2 == 0
    second = first.copy()
    second[:4] = ~second[:4]
    second[4] = True
    found = compare(first, second).interval
    alone = sampling_interval(first)
    assert 0 < found.high - found.low < (alone.high - alone.low) / 3


def test_a_large_sample_has_the_interval_of_the_normal_distribution() -> None:
    first, second = cells_of(4000, 1500, 1000, 3500)
    half = 1.96 * math.sqrt((0.25 - 0.05**2) / 10_000)
    found = compare(first, second)
    assert found.interval.low == pytest.approx(0.05 - half, abs=5e-4)
    assert found.interval.high == pytest.approx(0.05 + half, abs=5e-4)


# -- several seeds


FIRST = np.array([[1, 1, 1, 1], [0, 0, 1, 0]], bool)
SECOND = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], bool)


def table_of(*counts: int) -> Table:
    """Seeds that recognise so many of 10,000 images, the first ones."""
    return np.arange(10_000) < np.array(counts)[:, None]


def test_several_seeds_by_hand() -> None:
    # Seed by seed 0.02, 0.03, 0.04 apart: s^2 / 3 is 0.01^2 / 3, and t with 2 degrees is 4.3027.
    found = compare(table_of(5200, 5300, 5400), table_of(5000, 5000, 5000))
    # An image counts a third for each seed that alone recognises it; their variance over images:
    values = np.repeat([1, 2 / 3, 1 / 3, 0], [200, 100, 100, 9600])
    images = 1.959964**2 * values.var() / 10_000
    half = math.sqrt(images + 4.302653**2 * 0.01**2 / 3)
    assert found.difference == pytest.approx(0.03)
    assert found.interval.low == pytest.approx(0.03 - half, abs=2e-5)
    assert found.interval.high == pytest.approx(0.03 + half, abs=2e-5)
    assert (found.only_first, found.only_second) == (None, None)
    assert found.method.startswith("paired bootstrap")
    assert found.method.endswith(", t over seeds")


def test_seeds_that_are_not_paired_count_on_each_side() -> None:
    first, second = table_of(5200, 5300, 5400), table_of(5000, 5100)
    found = compare(first, second)
    values = first.mean(axis=0) - second.mean(axis=0)
    images = 1.959964**2 * values.var() / 10_000
    # s^2 / S: 0.01^2 / 3 and 0.005 * 0.01 / 2; t with 2 and 1 degrees.
    half = math.sqrt(images + 4.302653**2 * 1e-4 / 3 + 12.7062**2 * 5e-5 / 2)
    assert found.interval.high - found.difference == pytest.approx(half, rel=1e-3)
    assert found.method.endswith(", unpaired seeds")


def test_one_seed_is_taken_to_spread_as_the_others() -> None:
    found = compare(table_of(5200, 5300, 5400), table_of(5000))
    values = table_of(5200, 5300, 5400).mean(axis=0) - table_of(5000)[0]
    images = 1.959964**2 * values.var() / 10_000
    half = math.sqrt(images + 4.302653**2 * 1e-4 * (1 + 1 / 3))
    assert found.interval.high - found.difference == pytest.approx(half, rel=1e-3)


@pytest.mark.parametrize("p_value", [0.01, 0.05, 0.2])
def test_p_value_is_1_less_the_level_whose_interval_ends_at_0(p_value: float) -> None:
    first, second = table_of(5200, 5300, 5400), table_of(5000, 5110, 5330)
    found = compare(first, second)
    at = compare(first, second, level=1 - found.p_value)
    assert min(abs(at.interval.low), abs(at.interval.high)) == pytest.approx(0, abs=1e-6)
    beyond = compare(first, second, level=1 - p_value).interval.low > 0
    assert beyond == (found.p_value < p_value)


@pytest.mark.parametrize("seeds", [2, 3])
def test_seeds_that_are_always_right_are_not_certain(seeds: int) -> None:
    found = compare(np.ones((seeds, 30), bool), np.zeros((seeds, 30), bool))
    assert 0 < found.p_value < 1e-9
    assert found.interval == Interval(pytest.approx(0.025 ** (1 / 30)), 1.0)


def test_pairing_takes_out_what_seeds_have_in_common() -> None:
    # Seed by seed the second is behind by 2 of 40 images; the seeds themselves differ by 20.
    first = np.stack([np.arange(40) < 10, np.arange(40) < 30])
    second = np.stack([np.arange(40) < 8, np.arange(40) < 28])
    together, apart = compare(first, second), compare(first, second, paired_seeds=False)
    assert together.difference == apart.difference == 0.05
    assert together.interval.low >= -0.02
    assert apart.interval.low < -0.2


def test_seeds_that_all_agree_have_the_interval_of_one() -> None:
    first, second = cells_of(40, 12, 5, 30)
    one = compare(first, second)
    three = compare(np.stack([first] * 3), np.stack([second] * 3))
    assert three.interval.low == pytest.approx(one.interval.low, abs=0.012)
    assert three.interval.high == pytest.approx(one.interval.high, abs=0.012)


def test_the_draws_are_those_of_the_seed() -> None:
    random = np.random.default_rng(6)
    first, second = random.random((2, 3, 500)) < 0.5
    found = [compare(first, second, resamples=99, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("cells", [50, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("spread", [0.0, 0.07, 0.2])
@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_cells_that_do_not_differ_are_rarely_distinguished(
    seeds: int, spread: float, cells: int
) -> None:
    # Images are hard or easy for all; each training recognises more or fewer of them by chance.
    random = np.random.default_rng(8)
    hits = 0
    for seed in range(cells):
        hardness = random.normal(0, 1.5, 500)
        trained = random.normal(0, spread if seeds > 1 else 0, (2, seeds, 1))
        first, second = hardness + random.normal(0, 1, (2, seeds, 500)) + trained > 0
        hits += compare(first, second, resamples=199, seed=seed).p_value <= 0.05
    assert hits / cells <= 0.07


def test_a_difference_beyond_the_spread_of_seeds_is_found() -> None:
    random = np.random.default_rng(9)
    hardness = random.normal(0, 1.5, 2000)
    noise = random.normal(0, 1, (2, 3, 2000)) + random.normal(0, 0.05, (2, 3, 1))
    first, second = hardness + noise + np.array([0.5, 0]).reshape(2, 1, 1) > 0
    assert compare(first, second).p_value < 0.05


# -- laws


@given(two_cells())
def test_the_difference_lies_in_its_interval(case: tuple[Table, Table]) -> None:
    found = compare(*case, resamples=999)
    assert -1 <= found.interval.low <= found.difference <= found.interval.high <= 1
    assert 0 < found.p_value <= 1
    assert found.difference == pytest.approx(case[0].mean() - case[1].mean(), abs=1e-12)


@given(two_cells(), st.booleans())
def test_the_other_way_round_only_the_sign_turns(case: tuple[Table, Table], paired: bool) -> None:
    first, second = case
    assume(not np.array_equal(np.atleast_2d(first), np.atleast_2d(second)))
    there = compare(first, second, resamples=99, paired_seeds=paired)
    back = compare(second, first, resamples=99, paired_seeds=paired)
    assert back.difference == -there.difference
    assert back.interval == Interval(-there.interval.high, -there.interval.low)
    assert (back.p_value, back.method) == (there.p_value, there.method)
    assert (back.only_first, back.only_second) == (there.only_second, there.only_first)
    for found in (there, back):
        figures = (found.difference, found.interval.low, found.interval.high)
        assert all(str(figure) != "-0.0" for figure in figures)


@given(two_cells())
def test_a_cell_does_not_differ_from_itself(case: tuple[Table, Table]) -> None:
    found = compare(case[0], case[0].copy(), resamples=99)
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.interval.low < 0 < found.interval.high


@given(two_cells(), st.randoms(use_true_random=False))
def test_the_order_of_the_images_changes_no_difference(
    case: tuple[Table, Table], random: Random
) -> None:
    order = list(range(case[0].shape[-1]))
    random.shuffle(order)
    found = compare(*case, resamples=99)
    shuffled = compare(case[0][..., order], case[1][..., order], resamples=99)
    assert shuffled.difference == found.difference
    if found.only_first is not None:
        assert shuffled.p_value == found.p_value


def test_the_cells_are_left_as_they_are() -> None:
    first, second = FIRST.copy(), SECOND.copy()
    compare(second, first, resamples=9)
    assert (first == FIRST).all()
    assert (second == SECOND).all()


@pytest.mark.parametrize(
    ("first", "second", "options", "cause"),
    [
        ([True, False], [True], {}, "same number of images, got 2 and 1"),
        ([1, 0], [True, False], {}, "first is of type int64; accepted: bool"),
        ([True], [0.5], {}, "second is of type float64"),
        ([], [], {}, r"first has shape \(0,\)"),
        ([True], [[[True]]], {}, r"second has shape \(1, 1, 1\)"),
        ([True], [True], {"level": 1.0}, r"level is 1\.0"),
        ([True], [True], {"resamples": 0}, "resamples is 0"),
    ],
)
def test_bad_cells_are_refused(
    first: object, second: object, options: dict[str, object], cause: str
) -> None:
    with pytest.raises(ValueError, match=cause):
        compare(first, second, **options)  # type: ignore[arg-type]


# -- several tests


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(raw: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    # It collects garbage at the end, which takes half a second once TensorFlow is loaded.
    with mock.patch("gc.collect"):
        expected = multipletests(raw, method="holm")[1]
    assert holm(raw) == pytest.approx(expected.tolist(), abs=1e-12)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 5), st.integers(0, 5))
def test_mcnemar_is_that_of_statsmodels(first: int, second: int, both: int, neither: int) -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    if not first + second + both + neither:
        return
    one = np.repeat([True, False, True, False], [first, second, both, neither])
    other = np.repeat([False, True, True, False], [first, second, both, neither])
    expected = mcnemar([[both, first], [second, neither]], exact=True).pvalue
    assert compare(one, other, resamples=9).p_value == pytest.approx(float(expected), rel=1e-9)


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.5 times 4, 3, 2, 1; the third may not fall below the second.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])


def test_nothing_to_correct() -> None:
    assert holm([]) == []
    assert holm([0.2]) == [0.2]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_corrected_p_values_keep_their_order_between_the_raw_and_bonferroni(
    raw: list[float],
) -> None:
    found = holm(raw)
    assert len(found) == len(raw)
    for before, after in zip(raw, found, strict=True):
        assert before <= after <= min(1.0, len(raw) * before) + 1e-12
    ranked = sorted(zip(raw, found, strict=True))
    assert [after for _, after in ranked] == sorted(found)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_what_is_no_p_value_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"p_values\[1\] is .*; accepted: 0 to 1"):
        holm([0.5, value])
