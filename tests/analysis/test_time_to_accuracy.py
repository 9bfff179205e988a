from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.analysis.training_time import epoch_ends, target_accuracy, time_to_accuracy


def test_epochs_end_evenly_after_the_frozen_features() -> None:
    assert epoch_ends(10.0, 30.0, 3) == (10.0, 20.0, 30.0, 40.0)
    assert epoch_ends(0.0, 8.0, 2) == (0.0, 4.0, 8.0)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(1, 200))
def test_the_last_epoch_ends_with_the_training(before: float, training: float, epochs: int) -> None:
    ends = epoch_ends(before, training, epochs)
    assert len(ends) == epochs + 1
    assert ends[0] == before
    assert ends[-1] == pytest.approx(before + training)
    assert list(ends) == sorted(ends)


def test_a_fitted_head_has_one_time() -> None:
    assert epoch_ends(10.0, 30.0, 0) == (40.0,)


@pytest.mark.parametrize(
    ("chance", "best", "target"), [(0.25, 0.75, 0.5), (0.25, 0.25, 0.25), (0.3, 0.1, 0.3)]
)
def test_the_target_is_half_of_the_way(chance: float, best: float, target: float) -> None:
    assert target_accuracy(chance, best) == pytest.approx(target)


def test_the_first_time_counts_even_if_it_is_lost_again() -> None:
    seconds, accuracies = (1.0, 2.0, 3.0, 4.0), (0.1, 0.4, 0.2, 0.5)
    assert time_to_accuracy(seconds, accuracies, 0.3) == 2.0
    assert time_to_accuracy(seconds, accuracies, 0.4) == 2.0
    assert time_to_accuracy(seconds, accuracies, 0.45) == 4.0
    assert time_to_accuracy(seconds, accuracies, 0.05) == 1.0
    assert time_to_accuracy(seconds, accuracies, 0.51) is None


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_more_is_never_reached_sooner(accuracies: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    seconds = [float(index) for index in range(len(accuracies))]
    sooner, later = (time_to_accuracy(seconds, accuracies, goal) for goal in (low, high))
    assert later is None or (sooner is not None and sooner <= later)
