from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.metrics.convergence import (
    CONVENTIONS,
    mean_convergence_rate,
    mean_overfitting_rate,
    window_convergence_rates,
    window_overfitting_rates,
    windows,
)

figures = st.floats(-1e3, 1e3)
series = st.lists(figures, min_size=2, max_size=30)
lengths = st.integers(1, 12)
baselines = st.none() | figures


@st.composite
def two_series(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    train = draw(series)
    return train, draw(st.lists(figures, min_size=len(train), max_size=len(train)))


def close(got: float | None, expected: float | None) -> bool:
    if got is None or expected is None:
        return got is expected
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)


def test_the_conventions_have_the_names_that_reports_use() -> None:
    assert CONVENTIONS == ("consecutive", "untrained")


# -- windows


def test_windows_of_the_paper() -> None:
    assert windows(20, 5) == [(1, 5), (6, 10), (11, 15), (16, 20)]


def test_last_window_is_ragged() -> None:
    assert windows(7, 5) == [(1, 5), (6, 7)]
    assert windows(6, 5) == [(1, 5), (6, 6)]


def test_window_longer_than_the_training_holds_all_of_it() -> None:
    assert windows(3, 5) == [(1, 3)]


@given(st.integers(1, 100), st.integers(1, 30))
def test_windows_hold_every_epoch_once_and_in_order(epochs: int, window: int) -> None:
    found = [epoch for first, last in windows(epochs, window) for epoch in range(first, last + 1)]
    assert found == list(range(1, epochs + 1))


@given(st.integers(1, 100), st.integers(1, 30))
def test_only_the_last_window_is_shorter(epochs: int, window: int) -> None:
    sizes = [last - first + 1 for first, last in windows(epochs, window)]
    assert sizes[:-1] == [window] * (len(sizes) - 1)
    assert 1 <= sizes[-1] <= window


@pytest.mark.parametrize(
    ("epochs", "window", "cause"),
    [
        (0, 5, "epochs is 0"),
        (-1, 5, "epochs is -1"),
        (5, 0, "window is 0"),
        (5, -2, "window is -2"),
    ],
)
def test_windows_refuse_what_is_below_one(epochs: int, window: int, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        windows(epochs, window)


# -- known answers

# 0.10 before training. Differences: 0.10 | 0.10 0.20 0.05 0.05 | 0.04 0.02
ACCURACY = [0.20, 0.30, 0.50, 0.55, 0.60, 0.64, 0.66]
# 0.10 before training. Differences: 0.05 | 0.10 0.05 -0.05 0.10 | 0.00 -0.02
VALIDATION = [0.15, 0.25, 0.30, 0.25, 0.35, 0.35, 0.33]


def test_convergence_by_hand() -> None:
    assert mean_convergence_rate(ACCURACY) == pytest.approx(0.46 / 6)
    assert mean_convergence_rate(ACCURACY, untrained=0.10) == pytest.approx(0.56 / 7)


def test_convergence_in_windows_by_hand() -> None:
    assert window_convergence_rates(ACCURACY, 5) == pytest.approx([0.44 / 5, 0.02])
    assert window_convergence_rates(ACCURACY, 5, untrained=0.10) == pytest.approx(
        [0.50 / 5, 0.06 / 2]
    )


def test_a_later_window_starts_where_the_one_before_ends() -> None:
    assert window_convergence_rates(ACCURACY, 3) == pytest.approx([0.35 / 3, 0.11 / 3])
    assert window_convergence_rates(ACCURACY, 3, untrained=0.10) == pytest.approx(
        [0.40 / 3, 0.14 / 3, 0.02]
    )


def test_twenty_epochs_have_windows_of_5_5_5_and_4_differences() -> None:
    accuracies = np.cumsum(np.arange(1.0, 21.0))  # the difference to epoch e is e
    assert window_convergence_rates(accuracies, 5) == pytest.approx([4.0, 9.0, 14.0, 18.5])


def test_overfitting_by_hand() -> None:
    assert mean_overfitting_rate(ACCURACY, VALIDATION) == pytest.approx((0.46 - 0.18) / 6)
    assert mean_overfitting_rate(ACCURACY, VALIDATION, untrained=(0.10, 0.10)) == pytest.approx(
        (0.56 - 0.23) / 7
    )


def test_overfitting_in_windows_by_hand() -> None:
    assert window_overfitting_rates(ACCURACY, VALIDATION, 5) == pytest.approx(
        [(0.44 - 0.20) / 5, 0.02 + 0.02]
    )
    assert window_overfitting_rates(
        ACCURACY, VALIDATION, 5, untrained=(0.10, 0.10)
    ) == pytest.approx([(0.50 - 0.25) / 5, (0.06 + 0.02) / 2])


def test_overfitting_is_positive_where_training_runs_ahead() -> None:
    assert mean_overfitting_rate([0.2, 0.8], [0.2, 0.3]) == pytest.approx(0.5)


def test_a_last_window_of_one_epoch_has_no_difference_under_consecutive() -> None:
    assert window_convergence_rates([1.0, 4.0, 5.0], 1) == [3.0, 1.0]
    assert window_overfitting_rates([1.0, 4.0], [1.0, 2.0], 1) == [2.0]
    assert window_convergence_rates([1.0, 2.0, 4.0], 2) == [1.5]


def test_the_first_window_of_one_epoch_has_one_difference_under_untrained() -> None:
    assert window_convergence_rates([0.2, 0.5], 1, untrained=0.1) == pytest.approx([0.1, 0.3])


def test_one_epoch_is_enough_with_an_untrained_figure() -> None:
    assert mean_convergence_rate([0.3], untrained=0.1) == pytest.approx(0.2)
    assert window_convergence_rates([0.3], 5, untrained=0.1) == pytest.approx([0.2])


def test_a_ragged_last_window_of_one_epoch_has_a_rate() -> None:
    assert window_convergence_rates([1.0, 2.0, 4.0], 2, untrained=0.0) == [1.0, 2.0]


def test_whole_numbers_and_narrow_types_are_computed_in_float64() -> None:
    assert mean_convergence_rate(np.array([200, 100], dtype=np.uint8)) == -100.0
    assert mean_convergence_rate(np.array([0.5, 0.75], dtype=np.float16)) == 0.25


# -- laws


@given(series, baselines)
def test_the_sum_telescopes(values: list[float], untrained: float | None) -> None:
    points = values if untrained is None else [untrained, *values]
    expected = (points[-1] - points[0]) / (len(points) - 1)
    assert close(mean_convergence_rate(values, untrained=untrained), expected)


@given(series, baselines, lengths)
def test_windows_telescope(values: list[float], untrained: float | None, window: int) -> None:
    points = values if untrained is None else [untrained, *values]
    rates = window_convergence_rates(values, window, untrained=untrained)
    ends = [*range(0, len(points) - 1, window), len(points) - 1]
    for start, end, rate in zip(ends[:-1], ends[1:], rates, strict=True):
        assert close(rate, (points[end] - points[start]) / (end - start))


@given(series, baselines, lengths)
def test_windows_add_up_to_the_whole(
    values: list[float], untrained: float | None, window: int
) -> None:
    rates = window_convergence_rates(values, window, untrained=untrained)
    differences = len(values) - (untrained is None)
    sizes = [last - first + 1 for first, last in windows(differences, window)]
    total = math.fsum(size * rate for size, rate in zip(sizes, rates, strict=True))
    assert close(mean_convergence_rate(values, untrained=untrained), total / differences)


@given(series, lengths)
def test_consecutive_is_untrained_with_epoch_1_as_the_baseline(
    values: list[float], window: int
) -> None:
    first, *others = values
    assert window_convergence_rates(values, window) == window_convergence_rates(
        others, window, untrained=first
    )


@given(series, baselines, lengths, figures)
def test_a_shift_changes_nothing(
    values: list[float], untrained: float | None, window: int, shift: float
) -> None:
    shifted = [value + shift for value in values]
    baseline = None if untrained is None else untrained + shift
    for got, expected in zip(
        window_convergence_rates(shifted, window, untrained=baseline),
        window_convergence_rates(values, window, untrained=untrained),
        strict=True,
    ):
        assert close(got, expected)


@given(series, baselines, lengths, st.floats(-100, 100))
def test_a_scale_scales_the_rate(
    values: list[float], untrained: float | None, window: int, scale: float
) -> None:
    scaled = [value * scale for value in values]
    baseline = None if untrained is None else untrained * scale
    for got, rate in zip(
        window_convergence_rates(scaled, window, untrained=baseline),
        window_convergence_rates(values, window, untrained=untrained),
        strict=True,
    ):
        assert got == pytest.approx(rate * scale, rel=1e-6, abs=1e-6)


@given(st.lists(figures, min_size=3, max_size=30, unique=True), lengths)
def test_the_sign_is_that_of_a_monotone_series(values: list[float], window: int) -> None:
    baseline, *rising = sorted(values)
    assert mean_convergence_rate(rising, untrained=baseline) > 0
    assert mean_convergence_rate(rising[::-1]) < 0
    for rate in window_convergence_rates(rising, window, untrained=baseline):
        assert rate > 0


@given(figures, st.integers(2, 20), lengths)
def test_a_constant_series_gives_exactly_zero(value: float, epochs: int, window: int) -> None:
    values = [value] * epochs
    assert mean_convergence_rate(values) == 0
    assert mean_overfitting_rate(values, values, untrained=(value, value)) == 0
    assert set(window_convergence_rates(values, window, untrained=value)) == {0.0}


@given(two_series(), st.none() | st.tuples(figures, figures), lengths)
def test_overfitting_is_convergence_on_training_less_that_on_validation(
    pair: tuple[list[float], list[float]], untrained: tuple[float, float] | None, window: int
) -> None:
    train, validation = pair
    first, second = (None, None) if untrained is None else untrained
    assert close(
        mean_overfitting_rate(train, validation, untrained=untrained),
        mean_convergence_rate(train, untrained=first)
        - mean_convergence_rate(validation, untrained=second),
    )
    for got, on_train, on_validation in zip(
        window_overfitting_rates(train, validation, window, untrained=untrained),
        window_convergence_rates(train, window, untrained=first),
        window_convergence_rates(validation, window, untrained=second),
        strict=True,
    ):
        assert close(got, on_train - on_validation)


@given(series, lengths)
def test_no_gap_no_overfitting(values: list[float], window: int) -> None:
    rates = window_overfitting_rates(values, values, window)
    assert set(rates) == {0.0}


# -- bad input


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ([], "series is empty"),
        ([0.1], "one epoch without "),
        ([0.1, math.nan, 0.3], r"series\[1\] is nan"),
        ([0.1, 0.2, math.inf], r"series\[2\] is inf"),
        ([-math.inf, 0.2], r"series\[0\] is -inf"),
        ([[0.1, 0.2], [0.3, 0.4]], r"shape \(2, 2\)"),
        (0.5, r"shape \(\)"),
        (["0.1", "0.2"], "accepted: numbers"),
        ([None, 0.2], "accepted: numbers"),
        ([True, False], "accepted: numbers"),
        ([0.1j, 0.2], "accepted: numbers"),
    ],
)
def test_bad_series_is_refused(values: object, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        mean_convergence_rate(values)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=cause):
        window_convergence_rates(values, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("train", "validation", "cause"),
    [
        ([], [], "train is empty"),
        ([0.1, 0.2], [], "validation is empty"),
        ([0.1], [0.1], "one epoch without "),
        ([0.1, 0.2], [0.1, math.nan], r"validation\[1\] is nan"),
        ([0.1, math.inf], [0.1, 0.2], r"train\[1\] is inf"),
        ([0.1, 0.2, 0.3], [0.1, 0.2], "same number of epochs, got 3 and 2"),
        ([0.1, 0.2], [0.1], "same number of epochs, got 2 and 1"),
    ],
)
def test_bad_pair_is_refused(train: list[float], validation: list[float], cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        mean_overfitting_rate(train, validation)
    with pytest.raises(ValueError, match=cause):
        window_overfitting_rates(train, validation, 5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_bad_untrained_figure_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="untrained value of series"):
        mean_convergence_rate([0.1, 0.2], untrained=bad)
    with pytest.raises(ValueError, match="untrained value of validation"):
        mean_overfitting_rate([0.1, 0.2], [0.1, 0.2], untrained=(0.1, bad))


def test_bad_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window is 0"):
        window_convergence_rates([0.1, 0.2], 0)
    with pytest.raises(ValueError, match="window is -1"):
        window_overfitting_rates([0.1, 0.2], [0.1, 0.2], -1)
