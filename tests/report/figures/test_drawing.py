"""Scales, ticks, lengths of texts, and the Pareto front."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure as Drawing

from fer_bench.analysis.pareto_front import pareto
from fer_bench.report.plots.axes import amount, log_places, set_scale
from fer_bench.report.plots.labels import ELLIPSIS, file_stem, short
from fer_bench.runtime.escapes import clean


def columns(text: str) -> int:
    """Return the width of a text, in which some characters are two columns wide."""
    wide = sum(char in "mwMW@%" or unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


@pytest.fixture(scope="module")
def axes():
    return Drawing().add_subplot()


@pytest.mark.parametrize("log", [False, True])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(1e-6, 1e9), min_size=1))
def test_values_lie_inside_the_limits_and_there_are_ticks(axes, log, values) -> None:
    set_scale(axes, "x", values, log=log, most=4)
    low, high = axes.get_xlim()
    assert low < min(values) <= max(values) < high
    ticks = [one for one in axes.get_xticks() if low <= one <= high]
    assert 2 <= len(ticks) <= 5


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


@given(st.text(max_size=40), st.integers(1, 30))
def test_shortened_texts_fit(text: str, most: int) -> None:
    made = short(text, most)
    assert columns(made) <= most
    if made != clean(text):
        assert made.endswith(ELLIPSIS)
        assert clean(text).startswith(made[:-1])
        assert columns(clean(text)) > most


@given(st.text(max_size=60), st.text(max_size=60))
def test_stems_are_safe_and_apart(one: str, other: str) -> None:
    stem = file_stem(one)
    assert 1 <= len(stem) <= 50
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert (stem == file_stem(other)) == (one == other)


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
