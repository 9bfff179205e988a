from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from made_runs import LABELS, NAMES, audited, made_cell, made_missing, made_predictions, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import headline
from fer_bench.metrics import compare


def headline_of(*cells):
    run = made_run(*cells)
    return headline(analyse(run))


def steady(sentence):
    """Return the sentence without interval limits, whose last digits vary with the library."""
    return re.sub(r"CI [+-]?0\.\d+ to [+-]?0\.\d+", "CI LOW to HIGH", sentence)


def test_nothing_trained(snapshot):
    assert headline_of() == snapshot(name="nothing")
    nothing, missing = headline_of(
        made_missing("openface", "pretrained"), made_missing("mini", "random")
    )
    assert (nothing,) == headline_of()
    assert missing == snapshot(name="missing")


def test_one_network(snapshot):
    best, sure = headline_of(made_cell("mobilenet", "random", 0.5))
    assert best == snapshot(name="best")
    assert "CI 0.48" in sure
    assert steady(sure) == snapshot(name="sure")


def test_a_clear_lead(snapshot):
    best, _, lead = headline_of(
        made_cell("openface", "random", 0.4),
        made_cell("mobilenet", "random", 0.5),
        made_cell("vggface", "random", 0.3),
    )
    assert best == snapshot(name="best")
    assert "(+0.100, 95 % CI +0.0" in lead
    assert "corrected p < 0.0001)" in lead
    assert steady(lead) == snapshot(name="lead")


def test_networks_within_noise_cannot_be_distinguished():
    best, _, lead = headline_of(
        made_cell("openface", "random", 0.5, spread=1),
        made_cell("mobilenet", "random", 0.501, spread=2),
        made_cell("vggface", "random", 0.3, spread=3),
    )
    assert "highest" in best
    assert best.endswith(" 0.501, without a significant lead.")
    apart, ahead, _ = lead.split("; ")
    assert "does not differ significantly" in apart
    assert " OpenFace random (+0.00" in apart
    assert "significantly better" in ahead
    assert " VGG-Face random (+0.2" in ahead


def test_many_within_noise_are_counted():
    _, _, lead = headline_of(
        *(made_cell(f"net{index}", "random", spread=index) for index in range(7))
    )
    assert lead.count("corrected p = 1.000") == 3
    assert " and 3 others" in lead


def test_predictions_that_are_not_known_are_said(snapshot):
    old = made_cell("openface", "random", 0.3)
    old = dataclasses.replace(old, quality=dataclasses.replace(old.quality, predictions=None))
    best, _, lead = headline_of(old, made_cell("mini", "random", 0.4))
    assert best == snapshot(name="best")
    assert lead == snapshot(name="lead")
    _, sure = headline_of(old)
    assert sure.startswith("Test accuracy: one seed; ")
    assert "baseline" in sure


def test_seeds():
    _, sure, lead = headline_of(
        *(made_cell("mini", "random", 0.5 + seed / 100, seed=seed) for seed in (1, 2, 3)),
        *(made_cell("openface", "random", 0.3, seed=seed) for seed in (1, 2, 3)),
    )
    assert "mean of 3 seeds" in sure
    assert "(0.510 to 0.530); " in sure
    assert "one seed" not in lead


def test_a_rival_with_one_seed_borrows_the_others_spread(snapshot):
    *_, lead = headline_of(
        *(made_cell("mini", "random", 0.5, seed=seed) for seed in (1, 2, 3)),
        *(made_cell("vggface", "random", 0.4, seed=seed) for seed in (1, 2, 3)),
        made_cell("openface", "random", 0.3, seed=1),
    )
    assert lead.rpartition("; ")[2] == snapshot


def test_a_p_value_next_to_the_level_agrees_with_what_is_said(monkeypatch):
    run = made_run(made_cell("mini", "random", 0.5), made_cell("openface", "random", 0.4))
    analysis = analyse(run)
    (pair,) = analysis.pairs
    for corrected, said in (
        (0.0499, "is significantly better"),
        (0.0500001, "does not differ significantly"),
    ):
        monkeypatch.setitem(
            vars(analysis), "pairs", (dataclasses.replace(pair, corrected=corrected),)
        )
        _, _, lead = headline(analysis)
        assert said in lead
        assert f"corrected p = {corrected})" in lead


def test_speed_and_who_is_faster(snapshot):
    fast = made_cell("openface", "random", 0.3, speed=500.0)
    *_, speed = headline_of(made_cell("mini", "random", 0.5, speed=100.0), fast)
    assert speed == snapshot(name="slower")
    *_, speed = headline_of(made_cell("mini", "random", 0.5, speed=900.0), fast)
    assert speed == snapshot(name="fastest")


@pytest.mark.parametrize(("timer", "sentences"), [("perf_counter", 1), ("process_time", 0)])
def test_cpu_seconds_are_no_speed_to_show_first(timer, sentences):
    run = made_run(made_cell("mini", "random", 0.5, speed=100.0))
    timed = dataclasses.replace(run, environment=(("timer", timer),))
    found = headline(analyse(timed))
    assert sum("images/s" in sentence for sentence in found) == sentences


def test_what_is_missing_with_its_seed(snapshot):
    *_, missing = headline_of(
        made_cell("mini", "random", seed=1), made_missing("mini", "random", "failed", seed=2)
    )
    assert missing == snapshot


def with_twins(run, twins):
    packed = np.full(len(LABELS), twins, np.uint8).tobytes()
    return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, test_twins=packed))


def test_the_accuracy_is_next_to_that_without_duplicates_and_by_votes():
    run = audited(made_run(made_cell("mobilenet", "random", 0.5)))
    right = made_predictions(0.5) == LABELS
    clean = right[run.dataset.twins == 0].mean()
    named = run.dataset.votes != 255
    votes = (made_predictions(0.5) == run.dataset.votes)[named].mean()
    best, sure = headline(analyse(run))
    happy = (NAMES.index("Happy") == LABELS)[run.dataset.twins == 0].mean()
    assert f" 0.250 (deduplicated {happy:.3f}); " in sure
    assert best.startswith("MobileNet random ")
    assert f" 0.500 on fer2013; deduplicated {clean:.3f} " in best
    assert best.endswith(f" (2,607 of 3,585 images), against FER+ {votes:.3f}.")
    agreement = (run.dataset.votes == LABELS)[named].mean()
    named_most = np.bincount(run.dataset.votes[named]).argmax()
    most = (run.dataset.votes == named_most)[named].mean()
    assert f"; against FER+, always predicting {NAMES[named_most]} scores {most:.3f} " in sure
    assert sure.endswith(f" labels {agreement:.3f}.")


@pytest.mark.parametrize(("accuracy", "is_reported"), [(0.26, True), (0.28, False)])
def test_what_is_no_better_than_the_largest_class_is_reported(accuracy, is_reported):
    """That has 0.250 of the 3,585 test images; the interval reaches 0.014 to both sides."""
    sure = headline(analyse(made_run(made_cell("mobilenet", "random", accuracy))))[1]
    assert ("not significantly better" in sure) == is_reported


@pytest.mark.parametrize(("twins", "which"), [(0, "none"), (1, "each"), (3, "each")])
def test_a_test_set_of_one_kind_is_reported(twins, which):
    run = with_twins(made_run(made_cell("mobilenet", "random", 0.5)), twins)
    best, sure = headline(analyse(run))
    assert sure.endswith(" 0.250.")
    assert best.startswith("MobileNet random ")
    assert " 0.500 on fer2013; " in best
    assert f" {which} of the 3,585 " in best
    assert " duplicate " in best


def test_another_network_that_is_the_best_without_duplicates_is_named():
    # The first recognises images with a duplicate and few others, the second all equally.
    twinned = np.arange(len(LABELS)) % 2 == 0
    by_heart = np.where(twinned, made_predictions(0.9), made_predictions(0.2)).astype(np.uint8)
    run = made_run(
        made_cell("openface", "random", predicted=by_heart),
        made_cell("mobilenet", "random", 0.5),
    )
    run = with_twins(run, np.where(twinned, 3, 0))
    clean = (made_predictions(0.5) == LABELS)[~twinned].mean()
    best, _, lead, other = headline(analyse(run))
    assert best.startswith("OpenFace random ")
    assert "highest" in best
    assert "significantly better" in lead
    assert " MobileNet random (+0.05" in lead
    found = compare((made_predictions(0.5) == LABELS)[~twinned], (by_heart == LABELS)[~twinned])
    assert other.startswith("MobileNet ")
    assert f" highest deduplicated accuracy, {clean:.3f} (" in other
    assert other.endswith(
        f" OpenFace random {found.difference:+.3f}, 95 % CI {found.interval.low:+.3f} to "
        f"{found.interval.high:+.3f}, corrected p < 0.0001)."
    )
    same = with_twins(run, 0)
    assert not any("deduplicated accuracy" in one for one in headline(analyse(same)))


def moved(wrong, right, places):
    """Return the predictions with so many images lost and won among the places."""
    found = wrong.copy()
    is_right = found[places] == LABELS[places]
    lost, won = places[is_right][: right[0]], places[~is_right][: right[1]]
    found[lost] = (LABELS[lost] + 1) % 7
    found[won] = LABELS[won]
    return found


def test_a_lead_without_duplicates_that_may_be_chance_is_not_clear():
    # One recognises 40 more images with a duplicate, the other 2 more without.
    twinned = np.arange(len(LABELS)) % 2 == 0
    first = made_predictions(0.5)
    second = moved(first, (40, 0), np.flatnonzero(twinned))
    second = moved(second, (10, 12), np.flatnonzero(~twinned))
    run = made_run(
        made_cell("openface", "random", predicted=first),
        made_cell("mobilenet", "random", predicted=second),
    )
    run = with_twins(run, np.where(twinned, 3, 0))
    best, _, lead, other = headline(analyse(run))
    assert best.startswith("OpenFace random ")
    assert "highest" in best
    assert "significantly better" in lead
    assert " MobileNet random (+0.01" in lead
    clean = (second == LABELS)[~twinned].mean()
    assert other.startswith("MobileNet ")
    assert f" highest deduplicated accuracy, {clean:.3f}, without a significant lead (" in other
    assert " OpenFace random +0.001, 95 % CI -0.00" in other
    # McNemar's exact p of 10 against 12.
    assert other.endswith(", corrected p = 0.832).")


def test_a_lead_without_duplicates_is_clear_against_all_others_only():
    twinned = np.arange(len(LABELS)) % 2 == 0
    by_heart = np.where(twinned, made_predictions(0.9), made_predictions(0.2)).astype(np.uint8)
    run = made_run(
        made_cell("openface", "random", predicted=by_heart),
        made_cell("mobilenet", "random", 0.5),
        made_cell("mini", "random", 0.499),
    )
    run = with_twins(run, np.where(twinned, 3, 0))
    (other,) = (one for one in headline(analyse(run)) if "deduplicated accuracy" in one)
    assert other.startswith("MobileNet ")
    assert " highest deduplicated accuracy, 0." in other
    assert ", without a significant lead (" in other
    assert " OpenFace random +0." in other


def test_no_network_is_the_best_without_duplicates_while_another_is_not_known():
    twinned = np.arange(len(LABELS)) % 2 == 0
    by_heart = np.where(twinned, made_predictions(0.9), made_predictions(0.2)).astype(np.uint8)
    old = made_cell("vggface", "random", 0.3)
    old = dataclasses.replace(old, quality=dataclasses.replace(old.quality, predictions=None))
    run = made_run(
        made_cell("openface", "random", predicted=by_heart),
        made_cell("mobilenet", "random", 0.5),
        old,
    )
    run = with_twins(run, np.where(twinned, 3, 0))
    assert not any("deduplicated accuracy" in one for one in headline(analyse(run)))
