from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_runs import (
    LABELS,
    audited,
    distorted,
    made_cell,
    made_history,
    made_missing,
    made_predictions,
    made_run,
)

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import accuracy_text, majority_class, summarise
from fer_bench.metrics import compare


def summary(*cells):
    return summarise(analyse(made_run(*cells)))


def without_predictions(cell):
    return dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, predictions=None))


def test_without_a_trained_network_there_is_no_answer(snapshot):
    assert summary().sentences == snapshot(name="no cells")
    found = summary(made_missing("openface", "pretrained"), made_missing("mini", "random"))
    assert found.answer == summary().answer
    assert found.cautions == snapshot(name="missing")


def test_one_network(snapshot):
    found = summary(made_cell("mobilenet", "random", 0.5))
    assert found.answer == snapshot(name="answer")
    assert found.cautions == snapshot(name="cautions")


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_clear_winner_is_named_if_it_was_trained_several_times(seeds):
    found = summary(
        *(
            made_cell(backbone, "random", accuracy, seed=seed, spread=seed)
            for backbone, accuracy in (("openface", 0.4), ("mobilenet", 0.5), ("vggface", 0.3))
            for seed in range(seeds)
        )
    )
    best, lead = found.answer
    assert best.startswith("MobileNet random is the most accurate ") == (seeds == 3)
    assert best.startswith("MobileNet random has the highest test accuracy ") == (seeds == 1)
    assert lead.startswith("It beats OpenFace random by 10.0 points (95 % CI ")
    assert lead.endswith(" and 1 more; always predicting Happy scores 25.0 %.")


def test_no_winner_is_named_among_networks_within_noise():
    best, lead = summary(
        made_cell("openface", "random", 0.5, spread=1),
        made_cell("mobilenet", "random", 0.501, spread=2),
        made_cell("vggface", "random", 0.3, spread=3),
    ).answer
    assert best.startswith("No single network ")
    assert " OpenFace random does not differ significantly from MobileNet random, 50.1 %" in best
    assert lead.startswith("It beats VGG-Face random by 20.1 points ")


def test_many_within_noise_are_counted():
    cells = (made_cell(f"net{index}", "random", spread=index) for index in range(7))
    best, lead = summary(*cells).answer
    assert ": 6 others do not differ significantly from " in best
    assert lead == "Always predicting Happy scores 25.0 %."


@pytest.mark.parametrize(("accuracy", "beats"), [(0.26, False), (0.28, True)])
def test_no_winner_is_named_if_none_beats_the_majority_class(accuracy, beats):
    """It has 0.250 of the 3,585 test images; the interval reaches 0.014 to both sides."""
    cells = (made_cell("mobilenet", "random", accuracy), made_cell("openface", "random", 0.2))
    found = summary(*cells).answer
    none = "No network clearly beats always predicting Happy (25.0 %) on fer2013. Best: "
    assert found[0].startswith(none) != beats
    assert "MobileNet random" in found[0]
    assert f"{100 * accuracy:.1f} %" in found[0]
    assert any("always predicting" in one for one in found[1:]) == beats


def test_networks_without_predictions_are_not_ranked_by_tests(snapshot):
    old = without_predictions(made_cell("openface", "random", 0.3))
    assert summary(old, made_cell("mini", "random", 0.4)).answer == snapshot(name="two")
    assert summary(old).answer == snapshot(name="one")


def test_seeds():
    cells = [
        *(made_cell("mini", "random", 0.5 + seed / 100, seed=seed) for seed in (1, 2, 3)),
        *(made_cell("openface", "random", 0.3, seed=seed) for seed in (1, 2, 3)),
    ]
    analysis = analyse(made_run(*cells))
    # Mean and sample standard deviation of 51, 52 and 53 %.
    assert accuracy_text(analysis.standings[0]) == "52.0 % \N{PLUS-MINUS SIGN} 1.0"
    assert summarise(analysis).cautions == ()
    (caution,) = summary(*cells[:4]).cautions
    assert caution.startswith("One seed of OpenFace random: ")


@pytest.mark.parametrize("distorted", ["mini", "openface"])
def test_a_distorted_accuracy_is_called_measured_in_the_answer(distorted):
    history = dataclasses.replace(
        made_history(), batch_validation_accuracy=(0.9,) * 21, batch_validation_loss=(1.0,) * 21
    )
    cells = [
        made_cell(
            backbone,
            "random",
            accuracy + seed / 100,
            seed=seed,
            history=history if backbone == distorted else None,
        )
        for backbone, accuracy in (("mini", 0.5), ("openface", 0.3))
        for seed in (1, 2, 3)
    ]
    best, lead, *_ = summary(*cells).answer
    assert lead.startswith("It is ahead of OpenFace random by ")
    which = "it" if distorted == "mini" else "that of OpenFace random"
    assert best == (
        "mini random has the highest measured test accuracy on fer2013, 52.0 % \N{PLUS-MINUS SIGN} "
        f"1.0 (sd, 3 seeds), but batch normalisation's moving averages distort {which}."
    )
    (caution,) = summary(*cells).cautions
    shown = 100 * made_history().validation_accuracy[-1]
    assert f"validation accuracy {shown:.1f} %, with batch statistics 90.0 % " in caution
    assert "distort it." in summary(*[one for one in cells if one.backbone == distorted]).answer[0]


def test_networks_that_batch_normalisation_spares_are_named():
    exact = made_history().validation_accuracy
    history = dataclasses.replace(
        made_history(),
        batch_validation_accuracy=tuple(one + 0.01 for one in exact),
        batch_validation_loss=(1.0,) * 21,
    )
    lagging = dataclasses.replace(history, batch_validation_accuracy=(0.9,) * 21)
    (caution, _) = summary(
        made_cell("mini", "random", 0.5, history=lagging),
        made_cell("openface", "random", 0.4, history=history),
        made_cell("vggface", "random", 0.3),
    ).cautions[::-1]
    assert caution.endswith(
        "; not in OpenFace random, at most 1.0 points apart. With batch statistics, mini random "
        "stays first."
    )


def test_the_largest_artefact_of_batch_normalisation_comes_first():
    exact = made_history().validation_accuracy
    small, large = (
        dataclasses.replace(
            made_history(),
            batch_validation_accuracy=(*exact[:-2], 0.99, last),
            batch_validation_loss=(1.0,) * 21,
        )
        for last in (exact[-1] + 0.01, 0.9)
    )
    (caution,) = (
        one
        for one in summary(
            made_cell("mini", "random", 0.5, history=small),
            made_cell("openface", "random", 0.4, history=large),
        ).cautions
        if "Batch" in one
    )
    assert caution == (
        f"Batch normalisation lags in OpenFace random: validation accuracy {100 * exact[-1]:.1f} "
        "%, with batch statistics 90.0 %; also in mini random (--batchnorm=frozen avoids it). With "
        "batch statistics, OpenFace random would be first, not mini random."
    )


PRETRAINED, RANDOM = (("mobilenet", init) for init in ("pretrained", "random"))


def both_inits(first, second, seeds=3, **kwargs):
    return [
        made_cell(*network, accuracy, seed=seed, spread=seed, **kwargs)
        for network, accuracy in ((PRETRAINED, first), (RANDOM, second))
        for seed in range(seeds)
    ]


@pytest.mark.parametrize(
    ("cells", "begin", "end"),
    [
        (both_inits(0.5, 0.4), "helps MobileNet: +10.0 points (95 % CI ", ")"),
        (both_inits(0.4, 0.5), "harms MobileNet: -10.0 points (95 % CI ", ")"),
        (both_inits(0.5, 0.4, 1), "MobileNet: +10.0 points (95 % CI ", "; undecided: one seed"),
        (
            both_inits(0.5, 0.5),
            "MobileNet: 0.0 points (95 % CI ",
            "; undecided: the difference is not significant",
        ),
        (
            both_inits(0.25, 0.15),
            "MobileNet: +10.0 points (95 % CI ",
            "; undecided: neither clearly beats the majority-class baseline",
        ),
        (
            [*both_inits(0.5, 0.4)[:3], *map(distorted, both_inits(0.5, 0.4)[3:])],
            "MobileNet: +10.0 points (95 % CI ",
            "; undecided: batch normalisation distorts an accuracy (--batchnorm=frozen avoids it)",
        ),
        (
            [without_predictions(one) for one in both_inits(0.5, 0.4)],
            "MobileNet: +10.0 points; ",
            "undecided: predictions are missing",
        ),
    ],
)
def test_what_pretraining_changes_is_part_of_the_answer(cells, begin, end):
    _, *others = summary(*cells).answer
    (found,) = (one for one in others if "Pretraining " in one)
    assert found.startswith(f"Pretraining {begin}")
    assert f"{end}." in found


@pytest.mark.parametrize("among", [LABELS >= 0, np.bincount(LABELS).argmax() != LABELS])
def test_an_effect_of_pretraining_is_tested_without_duplicates(among):
    """Many images have a duplicate, and only on these the networks differ.

    Accuracies follow if the share of the majority class is not that of all images.
    """
    have_duplicate, cells = HAVE_DUPLICATE & among, []
    for seed in range(3):
        random = made_predictions(0.5, seed)
        for network, lost in ((PRETRAINED, 0), (RANDOM, 300)):
            predicted = moved(random, lost, 0, np.flatnonzero(have_duplicate))
            cells.append(made_cell(*network, seed=seed, predicted=predicted))
    run = with_duplicates(made_run(*cells), np.where(have_duplicate, 3, 0))
    sentence = summarise(analyse(run)).answer[1]
    kept = ~have_duplicate
    share = np.mean([(made_predictions(0.5, seed) == LABELS)[kept] for seed in range(3)])
    always = (np.bincount(LABELS).argmax() == LABELS)[kept].mean()
    accuracies = [f"{100 * one:.1f} %" for one in (share, always)]
    shift = f"; {accuracies[0]} against {accuracies[0]}, always Happy {accuracies[1]}"
    shown = "" if among.all() else shift
    assert (
        f", deduplicated 0.0 (not significant{shown}); undecided: significant only with "
        in sentence
    )
    pair = analyse(run).pairs[0].comparison
    assert f"{100 * pair.difference:+.1f} points (95 % CI {100 * pair.interval.low:.1f}" in sentence


def test_the_first_backbones_are_enough():
    names = ("mobilenet", "openface", "resnet50", "vggface", "mini", "other")
    cells = (
        without_predictions(made_cell(name, init, share))
        for name in names
        for init, share in (("pretrained", 0.5), ("random", 0.4))
    )
    effects = [one for one in summary(*cells).answer if one.startswith("Pretraining ")]
    assert len(effects) == 5
    assert effects[-1] == "Pretraining of 2 more: see the compared pairs."


def test_an_interval_before_correction_is_called_so():
    texts = []
    for others in ([], [made_cell("openface", "random", 0.45)]):
        answer = summary(*both_inits(0.5, 0.4), *others).answer
        texts += [one for one in answer if one.startswith("Pretraining helps MobileNet: +10.0 ")]
    assert [" before correction, corrected p" in text for text in texts] == [False, True]


def test_a_p_value_next_to_the_level_agrees_with_the_verdict(monkeypatch):
    run = made_run(made_cell("mini", "random", 0.5), made_cell("openface", "random", 0.4))
    for corrected, ties in ((0.0499, False), (0.0500001, True)):
        analysis = analyse(run)
        (pair,) = analysis.pairs
        monkeypatch.setitem(
            vars(analysis), "pairs", (dataclasses.replace(pair, corrected=corrected),)
        )
        best, lead = summarise(analysis).answer
        assert best.startswith("No single network ") == ties
        assert (f"corrected p = {corrected})" in lead) != ties


def test_a_difference_that_only_the_correction_makes_undecided_says_so(monkeypatch):
    analysis = analyse(made_run(*both_inits(0.5, 0.4)))
    (pair,) = analysis.pairs
    assert pair.comparison.p_value < 0.05
    undecided = (dataclasses.replace(pair, corrected=0.06),) * 2
    monkeypatch.setitem(vars(analysis), "pairs", undecided)
    assert "after correction for 2 comparisons" in " ".join(summarise(analysis).answer)


def test_speeds_name_the_layers_and_the_fastest_network(snapshot):
    fast = made_cell("openface", "random", 0.3, speed=500.0)
    found = summary(made_cell("mini", "random", 0.5, speed=100.0), fast)
    assert found.details[-1] == snapshot(name="slower")
    found = summary(made_cell("mini", "random", 0.5, speed=900.0), fast)
    assert found.details[-1] == snapshot(name="fastest")


@pytest.mark.parametrize(("timer", "sentences"), [("perf_counter", 1), ("process_time", 0)])
def test_speeds_in_cpu_seconds_are_left_to_the_tables(timer, sentences):
    run = made_run(made_cell("mini", "random", 0.5, speed=100.0))
    found = summarise(analyse(dataclasses.replace(run, environment=(("timer", timer),))))
    assert sum("images/s" in sentence for sentence in found.sentences) == sentences


def test_incomplete_cells_are_named_with_their_seed(snapshot):
    found = summary(
        made_cell("mini", "random", seed=1), made_missing("mini", "random", "failed", seed=2)
    )
    assert found.cautions[0] == snapshot


def test_skipped_networks_are_named_once_for_all_seeds():
    reason = "pretrained weights of it: 'a.h5' not found"
    missing = [
        made_missing(backbone, "pretrained", seed=seed, reason=reason)
        for backbone in ("resnet50", "openface")
        for seed in (1, 2)
    ]
    caution = summary(made_cell("mini", "random", seed=1), *missing).cautions[0]
    assert caution == ("Skipped: ResNet-50 pretrained and OpenFace pretrained (weights missing).")


def test_the_majority_class_is_that_of_the_test_images():
    name, share = majority_class(analyse(made_run(made_cell("mini", "random"))))
    assert (name, round(share, 3)) == ("Happy", 0.25)
    with pytest.raises(ValueError, match="no network"):
        majority_class(analyse(made_run()))


def with_duplicates(run, codes):
    packed = np.full(len(LABELS), codes, np.uint8).tobytes()
    return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, test_twins=packed))


def test_accuracies_without_duplicates_and_by_votes_are_details():
    run = audited(made_run(made_cell("mobilenet", "random", 0.5)))
    correct = made_predictions(0.5) == LABELS
    deduplicated = correct[run.dataset.twins == 0].mean()
    voted = run.dataset.votes != 255
    votes = (made_predictions(0.5) == run.dataset.votes)[voted].mean()
    analysis = analyse(run)
    found = summarise(analysis)
    always = 100 * analysis.baseline.leakage.deduplicated.accuracy
    assert (
        f"; deduplicated {100 * deduplicated:.1f} % (2,607 of 3,585 images; always predicting "
        f"Happy: {always:.1f} %)" in found.details[0]
    )
    name, scores = analysis.vote_baseline.name, analysis.vote_baseline.scores
    assert found.details[0].endswith(
        f"; against FER+ {100 * votes:.1f} % (always predicting {name}: "
        f"{100 * scores.by_votes.accuracy:.1f} %)."
    )
    agreement = (run.dataset.votes == LABELS)[voted].mean()
    assert found.details[1].endswith(f" labels score {100 * agreement:.1f} %.")


@pytest.mark.parametrize(("codes", "which"), [(0, "none"), (1, "each"), (3, "each")])
def test_a_test_set_of_one_kind_is_a_detail(codes, which):
    run = with_duplicates(made_run(made_cell("mobilenet", "random", 0.5)), codes)
    found = summarise(analyse(run))
    assert f"; {which} of the 3,585 " in found.details[0]
    assert not any("duplicate" in one for one in (*found.answer, *found.cautions))


HAVE_DUPLICATE = np.arange(len(LABELS)) % 2 == 0


def caution_on_duplicates(first, *cells):
    run = made_run(made_cell("openface", "random", predicted=first), *cells)
    found = summarise(analyse(with_duplicates(run, np.where(HAVE_DUPLICATE, 3, 0))))
    return next((one for one in found.cautions if "duplicate" in one), "")


# The first network recognises images with a duplicate in training and few others.
BY_HEART = np.where(HAVE_DUPLICATE, made_predictions(0.9), made_predictions(0.2)).astype(np.uint8)


def test_duplicates_are_a_caution_if_they_raise_the_best_accuracy():
    predicted = np.where(HAVE_DUPLICATE, made_predictions(0.9), made_predictions(0.4))
    caution = caution_on_duplicates(predicted.astype(np.uint8))
    share = (predicted == LABELS)[~HAVE_DUPLICATE].mean()
    images = np.count_nonzero(~HAVE_DUPLICATE)
    assert caution.startswith(f"OpenFace random scores {100 * share:.1f} % on the {images:,} ")
    assert caution_on_duplicates(made_predictions(0.5)) == ""


def test_an_advantage_that_duplicates_make_is_part_of_the_answer():
    found = summarise(
        analyse(
            with_duplicates(
                made_run(made_cell("openface", "random", predicted=BY_HEART)),
                np.where(HAVE_DUPLICATE, 3, 0),
            )
        )
    )
    assert found.answer[0].startswith(
        "No network clearly beats always predicting Happy on the deduplicated test images of "
    )
    share = (BY_HEART == LABELS)[~HAVE_DUPLICATE].mean()
    always = (np.bincount(LABELS).argmax() == LABELS)[~HAVE_DUPLICATE].mean()
    assert found.answer[-1] == (
        f"Deduplicated, OpenFace random scores {100 * share:.1f} % and always predicting Happy "
        f"{100 * always:.1f} %: no clear advantage."
    )
    assert not any("duplicate" in one for one in found.cautions)


def test_a_baseline_that_differs_without_duplicates_is_explained():
    happy = np.bincount(LABELS).argmax() == LABELS
    have_duplicate = HAVE_DUPLICATE & ~happy
    predicted = np.where(have_duplicate, LABELS, np.bincount(LABELS).argmax()).astype(np.uint8)
    run = made_run(made_cell("openface", "random", predicted=predicted))
    found = summarise(analyse(with_duplicates(run, np.where(have_duplicate, 3, 0))))
    share = f"{100 * happy[~have_duplicate].mean():.1f} %"
    assert found.answer[-1] == (
        f"Deduplicated, OpenFace random scores {share} and always predicting Happy {share} (of the "
        "images with a duplicate, 0.0 % are Happy): no clear advantage."
    )


def test_another_network_that_is_the_best_without_duplicates_is_named():
    caution = caution_on_duplicates(BY_HEART, made_cell("mobilenet", "random", 0.5))
    correct = (made_predictions(0.5) == LABELS)[~HAVE_DUPLICATE]
    found = compare(correct, (BY_HEART == LABELS)[~HAVE_DUPLICATE])
    assert caution.startswith("MobileNet random ")
    assert f" highest deduplicated accuracy, {100 * correct.mean():.1f} %; " in caution
    low, high = 100 * found.interval.low, 100 * found.interval.high
    assert caution.endswith(
        f" from OpenFace random by {100 * found.difference:.1f} points (95 % CI {low:.1f} to "
        f"{high:.1f}, corrected p < 0.0001)."
    )


def moved(predicted, lost, won, places):
    """Return the predictions with so many correct ones lost and won among the places."""
    found = predicted.copy()
    correct = found[places] == LABELS[places]
    losses, wins = places[correct][:lost], places[~correct][:won]
    found[losses] = (LABELS[losses] + 1) % 7
    found[wins] = LABELS[wins]
    return found


def test_a_lead_without_duplicates_that_may_be_chance_is_not_significant():
    # The first network recognises 40 more with a duplicate; of the others, the second one 2 more.
    first = made_predictions(0.5)
    second = moved(first, 40, 0, np.flatnonzero(HAVE_DUPLICATE))
    second = moved(second, 10, 12, np.flatnonzero(~HAVE_DUPLICATE))
    caution = caution_on_duplicates(first, made_cell("mobilenet", "random", predicted=second))
    share = (second == LABELS)[~HAVE_DUPLICATE].mean()
    assert caution.startswith("MobileNet random ")
    assert f" {100 * share:.1f} %, without a significant lead; " in caution
    # McNemar's exact p of 10 against 12.
    assert caution.endswith(", corrected p = 0.832).")


def test_a_lead_without_duplicates_is_significant_against_all_others_only():
    caution = caution_on_duplicates(
        BY_HEART, made_cell("mobilenet", "random", 0.5), made_cell("mini", "random", 0.499)
    )
    assert caution.startswith("MobileNet random ")
    assert ", without a significant lead; " in caution


def test_no_network_is_the_best_without_duplicates_while_another_is_unknown():
    old = without_predictions(made_cell("vggface", "random", 0.3))
    caution = caution_on_duplicates(BY_HEART, made_cell("mobilenet", "random", 0.5), old)
    assert "highest" not in caution
