"""Scales, ticks, widths of texts, and the Pareto front."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.report.plots.canvas import Scale, amount, log_places, spread
from fer_bench.report.plots.labels import ELLIPSIS, ems, file_stem, short
from fer_bench.report.plots.tradeoffs import pareto
from fer_bench.runtime.escapes import clean

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(st.lists(NUMBERS, min_size=1))
def test_values_lie_inside_the_room_around_them(values: list[float]) -> None:
    shares = Scale.around(values).share(values)
    assert shares.min() > 0
    assert shares.max() < 1


@given(st.lists(st.floats(1e-6, 1e9), min_size=1))
def test_values_lie_inside_a_logarithmic_room(values: list[float]) -> None:
    shares = Scale.log_around(values).share(values)
    assert shares.min() > 0
    assert shares.max() < 1


@given(st.lists(NUMBERS, min_size=1))
def test_ticks_are_on_the_axis_and_read_as_they_lie(values: list[float]) -> None:
    scale = Scale.around(values)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 8
    assert len({words for _, words in ticks}) == len(ticks)
    for value, words in ticks:
        assert scale.low <= value <= scale.high
        assert float(words) == pytest.approx(value, abs=1e-6 * (scale.high - scale.low))


def test_ticks_of_epochs_are_whole() -> None:
    assert [words for _, words in Scale(-0.02, 1.02).ticks(whole=True)] == ["0", "1"]
    assert [words for _, words in Scale(-0.4, 20.4).ticks(whole=True)] == [
        "0",
        "5",
        "10",
        "15",
        "20",
    ]


def test_logarithmic_ticks() -> None:
    assert log_places(3.1e6, 2e8, 4) == [1e7, 3e7, 1e8]
    assert [amount(one) for one in log_places(15, 2400, 8)] == [
        "20",
        "50",
        "100",
        "200",
        "500",
        "1,000",
        "2,000",
    ]


@given(st.lists(st.floats(1e-6, 1e9), min_size=1))
def test_logarithmic_axes_have_ticks(values: list[float]) -> None:
    scale = Scale.log_around(values)
    places = log_places(scale.low, scale.high, 4)
    assert 2 <= len(places) <= 4
    assert all(scale.low <= place <= scale.high for place in places)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3_228_864, "3.23 M"),
        (2.5e9, "2.5 G"),
        (2230.4, "2,230"),
        (150.0, "150"),
        (16.94, "16.9"),
        (0.002, "0.002"),
        (0.0, "0"),
    ],
)
def test_amounts(value: float, words: str) -> None:
    assert amount(value) == words


@given(st.text(max_size=40), st.floats(1, 20))
def test_shortened_texts_fit(text: str, most: float) -> None:
    made = short(text, most)
    assert ems(made) <= most
    if made != clean(text):
        assert made.endswith(ELLIPSIS)
        assert clean(text).startswith(made[:-1])
        assert ems(clean(text)) > most


@given(st.text(max_size=60), st.text(max_size=60))
def test_stems_are_safe_and_apart(one: str, other: str) -> None:
    stem = file_stem(one)
    assert 1 <= len(stem) <= 50
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert (stem == file_stem(other)) == (one == other)


def test_places_are_spread() -> None:
    assert spread([5.0, 1.0, 5.0], 2.0, 0.0, 9.0) == [4.0, 1.0, 6.0]
    assert spread([5.0, 5.0, 5.0], 2.0, 0.0, 6.0) == [2.0, 4.0, 6.0]
    assert spread([-1.0, 8.0], 2.0, 0.0, 6.0) == [0.0, 6.0]
    assert spread([], 2.0, 0.0, 9.0) == []


@given(st.lists(st.floats(-1e3, 1e3), min_size=1), st.floats(0.1, 20))
def test_spread_places_keep_their_distance_order_and_room(
    places: list[float], least: float
) -> None:
    low, high = -200.0, -200.0 + least * len(places)
    moved = spread(places, least, low, high)
    assert low - 1e-6 <= min(moved)
    assert max(moved) <= high + 1e-6
    order = np.argsort(places, kind="stable")
    assert (np.diff(np.array(moved)[order]) >= least - 1e-6).all()


def test_known_front() -> None:
    # Dearer and no better: 1 and 4. Equal to the best: 5.
    points = [(1.0, 0.3), (2.0, 0.3), (3.0, 0.6), (2.5, 0.5), (9.0, 0.1), (3.0, 0.6)]
    assert pareto(points) == [0, 3, 2, 5]
    assert pareto([(1.0, 0.2), (1.0, 0.4)]) == [1]
    assert pareto([]) == []


@given(st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float))))
def test_the_front_is_what_no_other_beats(points: list[tuple[float, float]]) -> None:
    def beaten(one: tuple[float, float]) -> bool:
        return any(
            cost <= one[0] and gain >= one[1] and (cost, gain) != one for cost, gain in points
        )

    expected = [index for index, point in enumerate(points) if not beaten(point)]
    front = pareto(points)
    assert sorted(front) == expected
    assert list(np.diff([points[index][0] for index in front]) < 0) == [False] * max(
        len(front) - 1, 0
    )
