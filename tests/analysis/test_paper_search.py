"""Ranking of settings by the distance of their rates from the published ones."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_bench.analysis.paper_search import (
    AXES,
    Trial,
    grid,
    limit,
    published_rates,
    rank,
    window_rates,
)
from fer_bench.metrics.convergence import window_convergence_rates, window_overfitting_rates
from fer_bench.protocol.settings import Protocol
from fer_bench.results.quality import History

SETTINGS = grid(Protocol(seeds=3), {"batch_size": (8, 16, 32, 64), "optimizer": ("adam", "sgd")})


def history(pace, random, epochs=20, noise=0.002):
    """Return curves that rise by ``pace`` each epoch; the loss falls twice as fast.

    ``noise`` is the standard deviation, one number or one for each epoch.
    """
    rising = np.arange(1, epochs + 1) * pace
    accuracy, loss, validation = (
        tuple((start + slope * rising + random.normal(0, noise, epochs)).tolist())
        for start, slope in ((0.2, 1.0), (1.9, -2.0), (0.2, 0.5))
    )
    before = (0.2, *validation)
    return History(accuracy, loss, before, before, before, before)


def trial(protocol, pace, random, seeds=3, **changes):
    return Trial(protocol, tuple(history(pace, random, **changes) for _ in range(seeds)))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(0, len(SETTINGS) - 1), st.integers(2, 4))
def test_the_setting_that_made_the_rates_ranks_first(seed, place, seeds):
    random = np.random.default_rng(seed)
    paces = np.arange(len(SETTINGS)) * 0.02
    target = window_rates(history(paces[place], random))
    trials = [
        trial(protocol, pace, random, seeds) for protocol, pace in zip(SETTINGS, paces, strict=True)
    ]
    found = rank("mobilenet", "random", target, trials)
    assert found.trials[0].trial is trials[place]
    if seeds > 3:
        assert [one.verdict for one in found.trials[1:]] == ["excluded"] * (len(SETTINGS) - 1)
    distances = [one.distance for one in found.trials]
    assert distances == sorted(distances)


def test_the_setting_that_made_the_rates_is_rarely_excluded():
    excluded = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        found = rank(
            "mobilenet",
            "random",
            window_rates(history(0.02, random)),
            [trial(SETTINGS[0], 0.02, random), trial(SETTINGS[1], 0.04, random)],
        )
        excluded += found.trials[0].verdict == "excluded"
    # At most 1 % are expected.
    assert excluded <= 3


@pytest.mark.parametrize("seeds", [2, 3])
def test_rates_of_unequal_spread_exclude_the_setting_that_made_them_as_rarely(seeds):
    # The first epoch is in the first window only.
    noise = np.array([0.02] + [0.002] * 19)
    verdicts = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        target = window_rates(history(0.02, random, noise=noise))
        made = trial(SETTINGS[0], 0.02, random, seeds, noise=noise)
        verdicts += [one.verdict for one in rank("mobilenet", "random", target, [made]).trials]
    # At most 1 is expected.
    assert verdicts.count("excluded") <= 4


def test_the_limit_is_that_of_the_seeds():
    random = np.random.default_rng(0)
    target = window_rates(history(0.02, random))
    trials = [trial(SETTINGS[0], 0.02, random, seeds=seeds) for seeds in (2, 3, 5)]
    found = rank("mobilenet", "random", target, trials).trials
    limits = {len(one.trial.histories): one.limit for one in found}
    assert limits == pytest.approx({2: 763.9, 3: 34.6, 5: 9.0}, rel=0.01)


def test_trials_without_rates_are_the_last_of_the_nearest():
    random = np.random.default_rng(0)
    target = window_rates(history(0.02, random))
    short, far, near = (
        trial(SETTINGS[0], 0.02, random, epochs=5),
        trial(SETTINGS[1], 0.1, random),
        trial(SETTINGS[2], 0.03, random),
    )
    nearest = rank("mobilenet", "random", target, [short, far, near]).nearest
    assert [one.trial for one in nearest] == [near, far, short]


def test_one_seed_has_a_distance_but_is_undecided():
    random = np.random.default_rng(0)
    target = window_rates(history(0.02, random))
    trials = [
        trial(SETTINGS[0], 0.02, random, seeds=1),
        trial(SETTINGS[1], 0.2, random, seeds=1, epochs=6),
        trial(SETTINGS[2], 0.0, random, noise=0.0),
    ]
    found = rank("mobilenet", "random", target, trials).trials
    assert [one.trial for one in found] == [trials[0], trials[2], trials[1]]
    first = [(table, 0) for table in (2, 3, 4)]
    alone = rank("mobilenet", "random", {key: target[key] for key in first}, trials).trials
    assert found[2].shared == found[2].distance > found[1].shared > found[0].shared
    assert [one.trial for one in alone] == [trials[0], trials[2], trials[1]]
    assert [one.verdict for one in found] == ["undecided", "excluded", "undecided"]
    assert [len(one.rates) for one in found] == [12, 12, 3]
    assert [one.largest is None for one in found] == [True, False, True]
    # A network that does not learn is as far away as the published rates are from 0.
    assert found[1].distance == pytest.approx(1, abs=0.05)
    other = rank("mobilenet", "random", target, trials, like_for_like=False)
    assert {one.verdict for one in other.trials} == {"undecided"}


def test_a_wide_spread_excludes_nothing():
    random = np.random.default_rng(0)
    target = window_rates(history(0.02, random))
    noisy, *others = (
        trial(one, 0.03, random, noise=n)
        for one, n in zip(SETTINGS[:2], (0.1, 0.0005), strict=True)
    )
    found = rank("mobilenet", "random", target, [noisy, *others]).trials
    assert {one.trial.protocol: one.verdict for one in found} == {
        SETTINGS[0]: "remains",
        SETTINGS[1]: "excluded",
    }


def test_failed_trials_come_last_and_equal_seeds_have_a_spread_of_the_rounding():
    random = np.random.default_rng(0)
    one = history(0.02, random)
    trials = [Trial(SETTINGS[0], failure="no memory"), Trial(SETTINGS[1], (one, one))]
    target = window_rates(one)
    exact, failed = rank("mobilenet", "random", target, trials).trials
    assert (exact.distance, exact.largest, exact.verdict) == (0.0, 0.0, "remains")
    assert (failed.trial, failed.distance, failed.verdict) == (trials[0], None, "failed")


@pytest.mark.parametrize(
    ("epochs", "windows"), [(5, 0), (6, 1), (15, 2), (18, 3), (19, 4), (20, 4)]
)
def test_rates_are_those_of_complete_windows(epochs, windows):
    made = history(0.02, np.random.default_rng(1), epochs)
    found = window_rates(made)
    assert set(found) == {(table, window) for table in (2, 3, 4) for window in range(windows)}
    expected = {
        2: window_convergence_rates(made.running_accuracy, 5),
        3: window_convergence_rates(made.running_loss, 5),
        4: window_overfitting_rates(made.running_accuracy, made.validation_accuracy[1:], 5),
    }
    for (table, window), rate in found.items():
        if window < 3:
            assert rate == pytest.approx(expected[table][window])
    if windows == 4:
        # Three differences, from epoch 16 to 19.
        last = (made.running_accuracy[18] - made.running_accuracy[15]) / 3
        assert found[2, 3] == pytest.approx(last)


def test_the_grid_begins_with_the_fewest_changes():
    base = Protocol(epochs=7)
    found = grid(base, AXES)
    assert (found[0], len(found), len(set(found))) == (base, 3**3 * 2**4, 3**3 * 2**4)
    assert grid(base, AXES, 1) == found[: 1 + 3 * 2 + 4]
    assert grid(base, {"batch_size": (64, 64)}) == [dataclasses.replace(base, batch_size=64)]
    assert [Trial(one).settings for one in grid(base, {"input_size": ("own", 96)})] == [
        "defaults",
        "input size 96",
    ]


def test_rates_that_are_published():
    assert len(published_rates("mobilenet", "random")) == 12
    assert len(published_rates("openface", "random")) == 8
    assert published_rates("mini", "random") == {}
    assert limit(12, 2) > limit(12, 20) > limit(3, 20) > 2.5
