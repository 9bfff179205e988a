from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from statsmodels.stats.proportion import proportion_confint

from fer_bench.metrics import (
    Interval,
    Spread,
    newcombe_interval,
    over_seeds,
    sampling_interval,
    wilson_interval,
)
from fer_bench.metrics.intervals import percentiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

tables = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=1, max_dims=2, max_side=12))


@given(tables)
def test_the_accuracy_lies_in_its_interval(correct: NDArray[np.bool_]) -> None:
    found = sampling_interval(correct, resamples=999)
    assert 0 <= found.low <= correct.sum() / correct.size <= found.high <= 1


@pytest.mark.parametrize("shape", [(96,), (1, 96), (3, 96)])
def test_all_right_or_all_wrong_is_not_certain(shape: tuple[int, ...]) -> None:
    # Wilson's interval of 96 in 96 starts at 96 / (96 + 1.96^2).
    right = sampling_interval(np.ones(shape, bool))
    assert right == Interval(pytest.approx(96 / (96 + 1.959964**2)), 1.0)
    wrong = sampling_interval(np.zeros(shape, bool))
    assert wrong == Interval(0.0, pytest.approx(1 - right.low))


def test_seeds_that_recognise_each_image_alike_often_are_not_certain() -> None:
    # Whatever images are drawn, one of the two seeds recognises each.
    first = np.arange(30) % 2 == 0
    found = sampling_interval(np.stack([first, ~first]))
    # Of 30 images none is of a kind that makes up 1 - 0.025^(1 / 30) = 0.11571 of all.
    assert found.low == pytest.approx(0.5 - 0.11571 / 2, abs=1e-5)
    assert found.high == pytest.approx(0.5 + 0.11571 / 2, abs=1e-5)


@given(tables)
def test_no_interval_is_without_width(correct: NDArray[np.bool_]) -> None:
    table = np.atleast_2d(correct)
    alike = np.repeat(table[:, :1], table.shape[1], axis=1)
    found = sampling_interval(alike, resamples=99)
    assert found.low < found.high


def test_one_seed_is_the_same_with_and_without_its_dimension() -> None:
    correct = np.arange(50) % 3 == 0
    assert sampling_interval(correct) == sampling_interval(correct[None])


def test_seeds_that_agree_are_no_more_certain_than_one() -> None:
    correct = np.arange(50) % 3 == 0
    assert sampling_interval(np.stack([correct] * 4)) == sampling_interval(correct)


@given(tables)
def test_the_interval_depends_on_no_order(correct: NDArray[np.bool_]) -> None:
    found = sampling_interval(correct, resamples=99)
    assert sampling_interval(correct[..., ::-1], resamples=99) == found
    assert sampling_interval(correct[::-1], resamples=99) == found


def test_a_higher_level_is_wider() -> None:
    correct = np.arange(200) % 3 == 0
    narrow, wide = sampling_interval(correct, 0.5), sampling_interval(correct, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_draws_are_those_of_the_seed() -> None:
    correct = np.arange(997) % 3 == 0
    found = [sampling_interval(correct, resamples=99, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_a_large_sample_has_the_width_of_the_normal_distribution() -> None:
    correct = np.arange(10_000) < 6_000
    half = 1.96 * math.sqrt(0.6 * 0.4 / 10_000)
    found = sampling_interval(correct)
    assert found.low == pytest.approx(0.6 - half, abs=5e-4)
    assert found.high == pytest.approx(0.6 + half, abs=5e-4)


@pytest.mark.parametrize("seeds", [1, 3])
def test_ends_are_those_of_drawing_images_one_by_one(seeds: int) -> None:
    random = np.random.default_rng(11)
    hardness = random.random(150)
    correct = random.random((seeds, 150)) > hardness
    naive = [correct[:, random.integers(0, 150, 150)].mean() for _ in range(8000)]
    low, high = np.quantile(naive, (0.025, 0.975))
    found = sampling_interval(correct)
    assert found.low == pytest.approx(low, abs=0.007)
    assert found.high == pytest.approx(high, abs=0.007)


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    random = np.random.default_rng(2)
    held = 0
    for seed in range(600):
        found = sampling_interval(random.random(150) < 0.6, resamples=499, seed=seed)
        held += found.low <= 0.6 <= found.high
    assert 0.91 <= held / 600 <= 0.98


@pytest.mark.parametrize(
    ("correct", "level", "resamples", "cause"),
    [
        ([], 0.95, 9, r"correct has shape \(0,\); accepted: "),
        (np.zeros((0, 3), bool), 0.95, 9, r"correct has shape \(0, 3\)"),
        (True, 0.95, 9, r"correct has shape \(\); accepted: \(n,\) or \(seeds, n\)"),
        (np.zeros((1, 1, 1), bool), 0.95, 9, r"correct has shape \(1, 1, 1\)"),
        ([0, 1], 0.95, 9, "correct is of type int64; accepted: bool"),
        ([True], 0.0, 9, r"level is 0\.0; accepted: above 0 .*1"),
        ([True], 95, 9, "level is 95"),
        ([True], math.nan, 9, "level is nan"),
        ([True], 0.95, 0, "resamples is 0; accepted: 1 "),
    ],
)
def test_bad_input_is_refused(correct: object, level: float, resamples: int, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        sampling_interval(correct, level, resamples)  # type: ignore[arg-type]


# -- seeds


def test_spread_of_1_2_3_by_hand() -> None:
    found = over_seeds([1, 2, 3])
    # With two degrees of freedom the quantile p is (2p - 1) / sqrt(2p(1 - p)), here 4.303.
    half = 0.95 / math.sqrt(2 * 0.975 * 0.025) / math.sqrt(3)
    assert (found.mean, found.deviation, found.count) == (2.0, 1.0, 3)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(2 - half, rel=1e-9)
    assert found.interval.high == pytest.approx(2 + half, rel=1e-9)


def test_one_seed_has_no_spread() -> None:
    assert over_seeds([0.37]) == Spread(0.37, None, None, 1)


def test_equal_seeds_have_a_spread_of_zero() -> None:
    assert over_seeds([0.1] * 3) == Spread(0.1, 0.0, Interval(0.1, 0.1), 3)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=10), st.floats(0.01, 0.99))
def test_spread_is_that_of_numpy_and_its_interval_lies_around_the_mean(
    values: list[float], level: float
) -> None:
    found = over_seeds(np.array(values), level)
    assert found.count == len(values)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert found.interval is not None
    assert found.interval.low <= found.mean <= found.interval.high
    assert found.mean - found.interval.low == pytest.approx(
        found.interval.high - found.mean, abs=1e-9
    )


def test_95_of_100_intervals_over_three_seeds_hold_the_truth() -> None:
    draws = np.random.default_rng(4).normal(5, 2, (1000, 3))
    found = [over_seeds(row).interval for row in draws]
    held = sum(part is not None and part.low <= 5 <= part.high for part in found)
    assert 0.925 <= held / 1000 <= 0.975


@pytest.mark.parametrize(
    ("values", "level", "cause"),
    [
        ([], 0.95, "values is empty; accepted: one "),
        ([0.5, math.nan], 0.95, r"values\[1\] is nan; accepted: finite numbers"),
        ([math.inf], 0.95, r"values\[0\] is inf"),
        ([0.5], 1.0, r"level is 1\.0"),
    ],
)
def test_bad_figures_are_refused(values: list[float], level: float, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        over_seeds(values, level)


def test_the_ends_of_a_bootstrap_interval_by_hand():
    # Of 9 replicates, (9 + 1) * 0.1 = 1: the first from either end.
    found = percentiles(np.arange(9.0)[::-1], 0.8)
    assert (found.low, found.high) == pytest.approx((0.0, 8.0))
    # (9 + 1) * 0.15 = 1.5: halfway from the first to the second.
    found = percentiles(np.arange(9.0), 0.7)
    assert (found.low, found.high) == pytest.approx((0.5, 7.5))


@pytest.mark.parametrize(("hits", "images"), [(0, 11), (1, 1), (3, 7), (70, 100), (100, 100)])
def test_wilsons_interval_is_that_of_statsmodels(hits, images):
    found = wilson_interval(hits, images, 0.9)
    expected = proportion_confint(hits, images, alpha=0.1, method="wilson")
    assert (found.low, found.high) == pytest.approx(expected)
    for wrong in (-1, images + 1):
        with pytest.raises(ValueError, match="hits must be"):
            wilson_interval(wrong, images)


def test_newcombe_gives_the_published_example():
    # Newcombe 1998, table II, example (a): 56/70 and 48/80, method 10: 0.0524 to 0.3339.
    found = newcombe_interval((56, 48), (70, 80))
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)
    wider = newcombe_interval((56, 48), (70, 80), 0.995)
    assert wider.low < found.low < found.high < wider.high
