"""Change points of speeds in archives whose runs vary among themselves as those of a machine do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_archives import UNEVEN, change_points_of, mini, of_speeds, run_of, trend_of

from fer_bench.results.speeds import Reference, TrainingSpeed

NOISE = 0.02
"""Standard deviation of a run's speed, as a share; its rounds vary by a tenth of that."""
ARCHIVES = pytest.mark.parametrize("archives", [12, pytest.param(100, marks=pytest.mark.soak)])
"""Numbers of archives: each is a network of the same runs, with noise of its own."""
BARE = dataclasses.replace(mini(), quality=None)


def lasting(
    archives: int, *, good: int, slow: int = 0, slower: float = 0.0, after: int = 0, seed: int = 1
) -> list[list[tuple[int, bool]]]:
    """Run and whether it is undone, of each move of each archive.

    Some good runs, then some that take longer by a share, then some good ones again.
    """
    noise = np.random.default_rng(seed).normal(0, NOISE, (good + slow + after, archives))
    runs = []
    for number, row in enumerate(noise):
        factor = 1 + slower * (good <= number < good + slow)
        cells = [
            dataclasses.replace(
                BARE,
                backbone=f"network{index}",
                training=TrainingSpeed.of(1000, [factor * np.exp(one) * by for by in UNEVEN]),
            )
            for index, one in enumerate(row)
        ]
        runs.append(run_of(*cells))
    return [
        [(move.run, move.outlier) for move in series.change_points]
        for series in trend_of(*runs).series
    ]


def share(found: list[list[tuple[int, bool]]], *change_points: tuple[int, bool]) -> float:
    """In how many of the archives each of these moves is told, as a share."""
    return sum(set(change_points) <= set(one) for one in found) / len(found)


@ARCHIVES
@pytest.mark.parametrize(
    ("good", "slow", "slower"), [(3, 9, 0.2), (6, 9, 0.1), (10, 6, 0.1), (10, 10, 0.1)]
)
def test_a_lasting_slowdown_is_found_sooner_or_later(archives, good, slow, slower) -> None:
    found = lasting(archives, good=good, slow=slow, slower=slower)
    near = [any(abs(run - good) <= 1 and not outlier for run, outlier in one) for one in found]
    assert sum(near) >= 0.97 * archives
    assert share(found, (good, False)) >= 0.9
    # The run that brought it is not taken for an odd one.
    assert share(found, (good, True)) <= 0.01


@ARCHIVES
@pytest.mark.parametrize("count", [8, 12, 20])
def test_runs_without_a_step_hardly_ever_move(archives, count) -> None:
    found = lasting(archives, good=count)
    settled = [one for one in found if any(run < count - 1 and not odd for run, odd in one)]
    assert len(settled) <= 0.02 * archives
    newest = [one for one in found if (count - 1, False) in one]
    assert len(newest) <= 0.03 * archives
    marked = [one for one in found if any(odd for _, odd in one)]
    assert len(marked) <= 0.05 * archives


@ARCHIVES
def test_an_odd_run_is_told_from_a_move(archives) -> None:
    found = lasting(archives, good=6, slow=1, slower=0.4, after=6)
    assert share(found, (6, True)) >= 0.95
    assert sum(any(not outlier for _, outlier in one) for one in found) <= 0.03 * archives


def test_what_is_as_near_to_the_odd_run_as_to_those_before_is_not_back() -> None:
    # 790 cannot be told from what was before, which varied by 7 %, and differs from 600.
    found = of_speeds(1000.0, 1080.0, 920.0, 1010.0, 1090.0, 930.0, 1000.0, 600.0, 790.0)
    assert [(run, outlier) for run, _, outlier in change_points_of(found, "training.speed")] == [
        (7, False)
    ]


def test_a_step_that_its_own_run_does_not_show_is_dated_to_it() -> None:
    before = [1000.0, 1040.0, 965.0, 1030.0, 970.0, 1010.0]
    after = [925.0, 880.0, 905.0, 870.0, 915.0, 890.0, 885.0, 910.0]
    assert change_points_of(of_speeds(*before, *after[:1]), "training.speed") == []
    assert change_points_of(of_speeds(*before, *after), "training.speed") == [(6, "worse", False)]


def test_a_move_that_later_runs_do_not_bear_out_is_taken_back() -> None:
    speeds = [1000.0, 780.0, 850.0, 960.0]
    assert change_points_of(of_speeds(*speeds[:2]), "training.speed") == [(1, "worse", False)]
    assert change_points_of(of_speeds(*speeds), "training.speed") == []


def test_runs_that_vary_by_more_than_the_rule_do_not_move_one_after_the_other() -> None:
    speeds = [1000.0, 1080.0, 920.0, 1010.0, 1090.0, 930.0, 1060.0, 950.0]
    assert change_points_of(of_speeds(*speeds), "training.speed") == []


@pytest.mark.parametrize("software", ["1", "2"])
def test_a_slower_machine_is_divided_out_unless_its_software_changed(software) -> None:
    def run(number: int, slower: float, version: str):
        # Of each run a little other.
        seconds = [slower * (1 + 0.001 * (number % 3)) * by for by in UNEVEN]
        pace = Reference((slower,), (slower,))
        cell = dataclasses.replace(BARE, training=TrainingSpeed.of(1000, seconds, pace))
        return run_of(cell, facts={"numpy": version})

    runs = [run(number, 1.0, "1") for number in range(6)]
    runs += [run(number, 1.4, software) for number in range(6, 12)]
    expected = [] if software == "1" else [(6, "worse", False)]
    assert change_points_of(trend_of(*runs), "training.speed") == expected
