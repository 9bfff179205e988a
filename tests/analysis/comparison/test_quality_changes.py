from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from comparison_runs import in_environment, losing, one_of, side
from hypothesis import given
from hypothesis import strategies as st
from made_runs import (
    LABELS,
    NAMES,
    audited,
    line,
    made_cell,
    made_history,
    made_predictions,
    made_run,
)
from scipy.stats import binom, binomtest

from fer_bench.analysis.comparison import compare, default_thresholds, parse
from fer_bench.analysis.comparison.quality import _mcnemar_interval


def outcome(base, head, thresholds="", **facts):
    return compare(
        side(in_environment(base)),
        side(in_environment(head, facts)),
        default_thresholds() + parse([thresholds], "--fail-on"),
    )


def printed(cell, value="aa"):
    return dataclasses.replace(cell, fingerprint=value)


SOUND = made_predictions(0.4)


def test_a_point_of_accuracy_lost_is_caught_image_by_image():
    lost = round(0.01 * len(LABELS))
    base = made_run(printed(made_cell("mini", "pretrained", predicted=SOUND)))
    head = made_run(printed(made_cell("mini", "pretrained", predicted=losing(SOUND, lost)), "bb"))
    found = outcome(base, head)
    row = one_of(found, "accuracy")
    assert row.verdict == "worse"
    assert row.regression
    assert row.change == pytest.approx(-lost / len(LABELS))
    assert f"{lost} lost and 0 won" in row.why
    assert "McNemar" in row.why
    assert found.exit_status == 1
    assert one_of(outcome(head, base), "accuracy").verdict == "better"


def test_as_many_won_as_lost_is_noise():
    wrong = np.flatnonzero(SOUND != LABELS)[:60]
    head = losing(SOUND, 70)
    head[wrong] = LABELS[wrong]
    assert binomtest(60, 130).pvalue > 0.3
    found = outcome(
        made_run(printed(made_cell("mini", "pretrained", predicted=SOUND))),
        made_run(printed(made_cell("mini", "pretrained", predicted=head), "bb")),
    )
    assert one_of(found, "accuracy").verdict == "same"
    assert one_of(found, "accuracy").why.startswith("within noise")
    assert found.exit_status == 0


def test_a_loss_within_the_rule_is_no_regression():
    head = made_run(made_cell("mini", "pretrained", predicted=losing(SOUND, 14)))
    base = made_run(made_cell("mini", "pretrained", predicted=SOUND))
    found = outcome(base, head)
    assert one_of(found, "accuracy").verdict == "same"
    assert "within the threshold" in one_of(found, "accuracy").why
    assert outcome(base, head, "accuracy: 0.1pp").exit_status == 1


def test_a_class_that_is_lost_is_told_though_the_accuracy_is_not():
    head = made_predictions(0.4)
    disgust, happy = NAMES.index("Disgust"), NAMES.index("Happy")
    right = np.flatnonzero((disgust == LABELS) & (head == disgust))
    head[right] = happy
    wrong = np.flatnonzero((happy == LABELS) & (head != happy))[: len(right)]
    head[wrong] = happy
    base = made_run(made_cell("mini", "pretrained", predicted=SOUND))
    found = outcome(base, made_run(made_cell("mini", "pretrained", predicted=head)))
    assert one_of(found, "accuracy").verdict == "same"
    assert one_of(found, "recall.Disgust").verdict == "worse"
    assert not one_of(found, "recall.Disgust").regression
    ruled = outcome(
        base, made_run(made_cell("mini", "pretrained", predicted=head)), "recall.Disgust: 5pp"
    )
    assert ruled.exit_status == 1


def test_the_same_result_is_the_same_to_the_last_figure():
    run = made_run(printed(made_cell("mini", "pretrained")))
    found = outcome(run, run)
    assert {change.verdict for change in found.changes} == {"same"}
    assert {change.why for change in found.changes} == {"the same result"}
    assert found.exit_status == 0


def test_one_fingerprint_with_two_results_of_one_commit_is_not_deterministic():
    base = made_run(printed(made_cell("mini", "pretrained", predicted=SOUND)))
    head = made_run(printed(made_cell("mini", "pretrained", predicted=losing(SOUND, 1))))
    found = outcome(base, head)
    row = one_of(found, "complete cell")
    assert row.verdict == "not deterministic"
    assert row.regression
    assert one_of(found, "accuracy").verdict == "same"
    assert found.exit_status == 1
    assert outcome(base, head, "determinism: off").exit_status == 0


@pytest.mark.parametrize(
    ("facts", "said", "words"),
    [
        ({"commit": "def"}, "not deterministic", "code that results depend"),
        ({"commit": "abc; def"}, "not deterministic", "of another commit"),
        ({"commit": "none: not run in a repository"}, "not deterministic", "unknown commits"),
        ({"processor": "EPYC"}, "not comparable", "may round differently"),
        ({"devices": "gpu:0"}, "not comparable", "may round differently"),
        ({"threads": "OMP_NUM_THREADS=1"}, "not comparable", "may round differently"),
    ],
    ids=["commit", "joined commits", "unknown commit", "machine", "device", "threads"],
)
def test_another_result_that_has_another_cause_is_told_and_fails_nothing(facts, said, words):
    base = made_run(printed(made_cell("mini", "pretrained", predicted=SOUND)))
    head = made_run(printed(made_cell("mini", "pretrained", predicted=losing(SOUND, 1))))
    found = outcome(base, head, **facts)
    row = one_of(found, "complete cell")
    assert (row.verdict, row.regression) == (said, False)
    assert words in row.why
    assert found.exit_status == 0


@pytest.mark.parametrize("facts", [{}, {"processor": "EPYC"}, {"threads": "OMP_NUM_THREADS=1"}])
@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("4", "4", "not deterministic"),
        ("4", "8", "not comparable"),
        ("4", "", None),
        ("", "4", None),
    ],
)
def test_results_that_tell_what_computed_them_are_judged_by_that(facts, ours, theirs, said):
    """Whatever found them in a store; if one does not tell it, the runs decide."""

    def run(predicted, cores):
        cell = printed(made_cell("mini", "pretrained", predicted=predicted))
        told = (("cpu cores available", cores),) if cores else ()
        return made_run(dataclasses.replace(cell, computed_on=told))

    found = outcome(run(SOUND, ours), run(losing(SOUND, 1), theirs), **facts)
    row = one_of(found, "complete cell")
    assert row.verdict == (said or ("not comparable" if facts else "not deterministic"))
    assert row.regression == (row.verdict == "not deterministic")


@pytest.mark.parametrize(("lost", "said"), [(7, "same"), (8, "worse")])
def test_mcnemars_test_decides(lost, said):
    # Of 7 images lost and none won p is 2 / 2^7 = 0.016, of 8 it is 0.008.
    base = made_run(made_cell("mini", "pretrained", predicted=SOUND))
    head = made_run(made_cell("mini", "pretrained", predicted=losing(SOUND, lost)))
    row = one_of(outcome(base, head, "accuracy: 0.05pp"), "accuracy")
    assert row.verdict == said
    assert f"{lost} lost and 0 won" in row.why


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_interval_leaves_out_0_where_mcnemars_test_rejects(won, lost):
    found = _mcnemar_interval(won, lost, 100)
    both = won + lost
    rejected = both > 0 and min(1, 2 * binom.cdf(min(won, lost), both, 0.5)) < 0.01
    assert (not found.low <= 0 <= found.high) == rejected
    assert -both / 100 - 1e-12 <= found.low <= (won - lost) / 100 <= found.high + 1e-12


def test_without_predictions_shares_are_compared():
    def without(run):
        return dataclasses.replace(
            run,
            dataset=dataclasses.replace(run.dataset, split_digest="", test_labels=b""),
            cells=tuple(
                dataclasses.replace(
                    cell, quality=dataclasses.replace(cell.quality, predictions=None)
                )
                for cell in run.cells
            ),
        )

    base = without(made_run(made_cell("mini", "pretrained", 0.40)))
    near = without(made_run(made_cell("mini", "pretrained", 0.41)))
    far = without(made_run(made_cell("mini", "pretrained", 0.33)))
    assert one_of(outcome(base, near), "accuracy").verdict == "same"
    assert one_of(outcome(base, far), "accuracy").verdict == "worse"
    assert "unpaired" in one_of(outcome(base, far), "accuracy").why
    assert one_of(outcome(base, far), "recall.Happy").verdict == "not comparable"


def test_what_one_seed_cannot_tell_is_not_decided():
    base = made_run(made_cell("mini", "pretrained"))
    head = made_run(
        made_cell("mini", "pretrained", history=made_history(running=line(0.15, 0.9, 20)))
    )
    found = outcome(base, head, "mcr: 1%")
    row = one_of(found, "mcr")
    assert row.verdict == "not comparable"
    assert row.change == pytest.approx((0.9 - 0.6) / 20)
    assert "--seeds=3" in row.why
    assert found.exit_status == 2
    assert outcome(base, head).exit_status == 0


def test_seeds_tell_the_noise_of_every_figure():
    def seeds(shift):
        return made_run(
            *(
                made_cell(
                    "mini",
                    "pretrained",
                    seed=seed,
                    history=made_history(running=line(0.15, 0.6 + shift + 0.001 * seed, 20)),
                )
                for seed in (1, 2, 3, 4)
            )
        )

    found = one_of(outcome(seeds(0.0), seeds(0.2)), "mcr")
    assert found.verdict == "moved"
    assert found.change == pytest.approx(0.01)
    assert "4 paired seeds" in found.why


def test_seeds_that_spread_more_than_they_moved_are_noise():
    accuracies = {1: 0.35, 2: 0.42, 3: 0.38}
    base = made_run(*(made_cell("mini", "random", each, seed=s) for s, each in accuracies.items()))
    head = made_run(
        *(
            made_cell("mini", "random", each, seed=s, spread=7)
            for s, each in zip(accuracies, (0.41, 0.36, 0.35), strict=True)
        )
    )
    row = one_of(outcome(base, head), "accuracy", "mini-random")
    assert row.verdict == "same"
    assert row.base == pytest.approx(np.mean(list(accuracies.values())), abs=0.001)


def test_only_the_seeds_in_common_are_compared_and_others_are_told():
    base = made_run(*(made_cell("mini", "pretrained", 0.4, seed=seed) for seed in (1, 2)))
    head = made_run(*(made_cell("mini", "pretrained", 0.4, seed=seed) for seed in (2, 3)))
    found = outcome(base, head)
    told = {change.cell: change.verdict for change in found.changes if change.metric is None}
    assert told == {"mini-pretrained-1": "gone", "mini-pretrained-3": "new"}
    assert one_of(found, "accuracy").why == "the same result"


@pytest.mark.parametrize("what", ["split_digest", "digest"])
def test_other_images_cannot_be_compared(what):
    base = made_run(made_cell("mini", "pretrained"))
    head = dataclasses.replace(base, dataset=dataclasses.replace(base.dataset, **{what: "ff" * 32}))
    found = outcome(base, head)
    assert found.exit_status == 2
    assert not found.compared
    assert found.differences[-1].what == {"split_digest": "split", "digest": "data"}[what]


def test_another_protocol_is_told_and_compared():
    base = made_run(made_cell("mini", "pretrained"), epochs=20)
    head = made_run(made_cell("mini", "pretrained", predicted=losing(SOUND, 500)), epochs=3)
    found = outcome(base, head)
    assert ("protocol: epochs", "20", "3") in [
        (each.what, each.base, each.head) for each in found.differences
    ]
    assert one_of(found, "accuracy").verdict == "worse"


def test_seeds_that_are_not_the_same_do_not_tell_the_noise_of_a_loss():
    base = made_run(*(made_cell("mini", "pretrained", 0.4, seed=seed) for seed in (1, 2, 3)))
    head = made_run(
        *(
            dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, test_loss=1.5))
            for cell in (made_cell("mini", "pretrained", 0.4, seed=seed) for seed in (4, 5, 6))
        )
    )
    row = one_of(outcome(base, head), "loss")
    assert row.verdict == "not comparable"
    assert "3 seeds in common" in row.why


# -- accuracy on the clean test images


def only_twins_lost(run, images):
    """Predictions that recognise so many fewer of the images with a twin, and all others alike."""
    right = SOUND == LABELS
    changed = SOUND.copy()
    lost = np.flatnonzero(right & (run.dataset.twins > 0))[:images]
    changed[lost] = (LABELS[lost] + 1) % 7
    return changed


def one_cell(predicted, **other):
    return audited(made_run(made_cell("mini", "pretrained", predicted=predicted, **other)))


def knowing(run, twins):
    return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, test_twins=twins))


def test_what_is_lost_on_twins_alone_is_no_loss_of_clean_accuracy():
    base = one_cell(SOUND)
    found = outcome(base, one_cell(only_twins_lost(base, 100)), "accuracy.clean: 0.1pp")
    assert one_of(found, "accuracy").verdict == "worse"
    row = one_of(found, "accuracy.clean")
    assert (row.verdict, row.regression, row.change) == ("same", False, 0.0)
    assert "2,607 images, 0 lost and 0 won" in row.why
    clean = base.dataset.twins == 0
    assert row.base == row.head == pytest.approx((SOUND == LABELS)[clean].mean())


def test_clean_accuracy_fails_only_by_a_rule_of_its_own():
    base = one_cell(SOUND)
    right = np.flatnonzero((SOUND == LABELS) & (base.dataset.twins == 0))[:40]
    changed = SOUND.copy()
    changed[right] = (LABELS[right] + 1) % 7
    head = one_cell(changed)
    row = one_of(outcome(base, head), "accuracy.clean")
    assert (row.verdict, row.regression, row.threshold) == ("worse", False, None)
    assert row.change == pytest.approx(-40 / 2607)
    assert "McNemar" in row.why
    assert "40 lost and 0 won" in row.why
    assert outcome(base, head, "accuracy: off").exit_status == 0
    ruled = outcome(base, head, "accuracy: off, accuracy.clean: 1pp")
    assert one_of(ruled, "accuracy.clean").regression
    assert ruled.exit_status == 1


def without_clean(run, missing):
    """Return the run without the basis of its deduplicated accuracy, or with another split."""
    if missing == "predictions":
        cells = (
            dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, predictions=None))
            for cell in run.cells
        )
        return dataclasses.replace(run, cells=tuple(cells))
    if missing == "clean images":
        return knowing(run, bytes([1]) * len(LABELS))
    if missing == "split":
        other = dataclasses.replace(run.dataset, split_digest="ff" * 32)
        run = dataclasses.replace(run, dataset=other)
    return knowing(run, b"")


CLEAN_IS_LOST = pytest.mark.parametrize(
    "missing", ["twins", "predictions", "clean images", "split"]
)


@CLEAN_IS_LOST
@pytest.mark.parametrize("predicted", [SOUND, losing(SOUND, 10)])
def test_clean_accuracy_that_the_head_lacks_is_gone_and_fails_its_rule(missing, predicted):
    base, head = one_cell(SOUND), without_clean(one_cell(predicted), missing)
    row = one_of(outcome(base, head), "accuracy.clean")
    assert (row.verdict, row.regression, row.head) == ("gone", False, None)
    assert row.base == pytest.approx((SOUND == LABELS)[base.dataset.twins == 0].mean())
    assert row.why.startswith("the head ")
    assert "deduplicated test images" in row.why
    assert "predictions" in row.why
    ruled = outcome(base, head, "accuracy: off, accuracy.clean: 0.1pp")
    assert one_of(ruled, "accuracy.clean").regression
    assert ruled.regressions == (one_of(ruled, "accuracy.clean"),)
    assert ruled.exit_status == 1
    allowed = outcome(base, head, "accuracy: off, accuracy.clean: 0.1pp, gone: off")
    assert allowed.regressions == ()
    assert one_of(allowed, "accuracy.clean").verdict == "gone"


@CLEAN_IS_LOST
def test_clean_accuracy_that_the_base_lacks_is_new_and_fails_nothing(missing):
    base, head = without_clean(one_cell(SOUND), missing), one_cell(losing(SOUND, 10))
    found = outcome(base, head, "accuracy.clean: 0.1pp")
    row = one_of(found, "accuracy.clean")
    assert (row.verdict, row.regression, row.base) == ("new", False, None)
    assert row.head == pytest.approx((losing(SOUND, 10) == LABELS)[head.dataset.twins == 0].mean())
    assert row.why.startswith("the base ")
    assert "deduplicated test images" in row.why
    assert "predictions" in row.why
    assert found.regressions == ()


def test_clean_accuracy_of_some_of_the_seeds_alone_is_none():
    seeds = [made_cell("mini", "random", 0.4, seed=seed) for seed in (1, 2, 3)]
    base = audited(made_run(*seeds))
    quality = dataclasses.replace(seeds[2].quality, predictions=None)
    head = audited(made_run(*seeds[:2], dataclasses.replace(seeds[2], quality=quality)))
    ruled = "accuracy.clean: 0.1pp"
    assert one_of(outcome(base, head, ruled), "accuracy.clean", "mini-random").regression
    assert one_of(outcome(head, base, ruled), "accuracy.clean", "mini-random").verdict == "new"
    assert "accuracy.clean" not in {change.name for change in outcome(head, head).changes}


def test_a_head_of_speeds_alone_loses_each_figure_that_has_a_rule():
    base = one_cell(SOUND, speed=100.0)
    head = dataclasses.replace(
        base, cells=tuple(dataclasses.replace(cell, quality=None) for cell in base.cells)
    )
    gone = {row.name: row for row in outcome(base, head).changes if row.verdict == "gone"}
    assert set(gone) == {"accuracy"}
    found = outcome(base, head, "accuracy: off, accuracy.clean: 0.1pp, recall.Happy: 1pp")
    gone = {row.name: row.regression for row in found.changes if row.verdict == "gone"}
    assert gone == {"accuracy": False, "accuracy.clean": True, "recall.Happy": True}
    assert found.exit_status == 1


def test_other_twins_cannot_be_compared_and_fail_what_has_a_rule():
    base = one_cell(SOUND)
    head = knowing(base, bytes(len(LABELS)))
    found = outcome(base, head)
    row = one_of(found, "accuracy.clean")
    assert row.verdict == "not comparable"
    assert "other test images" in row.why
    assert "duplicates" in row.why
    assert found.exit_status == 0
    assert outcome(base, head, "accuracy.clean: 1pp").exit_status == 2


def test_other_test_images_are_told_of_both_accuracies_in_the_same_words():
    base = one_cell(SOUND)
    other = dataclasses.replace(base.dataset, split_digest="ff" * 32)
    head = dataclasses.replace(base, dataset=other)
    found = outcome(base, head)
    (words,) = {one_of(found, name).why for name in ("accuracy", "accuracy.clean")}
    assert "tested" in words
    assert "other images" in words


def test_where_each_test_image_has_a_twin_there_is_no_clean_accuracy():
    run = knowing(one_cell(SOUND), bytes([1]) * len(LABELS))
    assert "accuracy.clean" not in {change.name for change in outcome(run, run).changes}


def test_clean_accuracy_of_several_seeds():
    base = audited(made_run(*(made_cell("mini", "random", 0.4, seed=seed) for seed in (1, 2, 3))))
    head = audited(made_run(*(made_cell("mini", "random", 0.2, seed=seed) for seed in (1, 2, 3))))
    row = one_of(outcome(base, head), "accuracy.clean", "mini-random")
    assert row.verdict == "worse"
    assert "2,607 images" in row.why
    assert row.base == pytest.approx((SOUND == LABELS)[base.dataset.twins == 0].mean())


@pytest.mark.parametrize(
    "commit", ["none: not run in a repository", "not known: git cannot be asked"]
)
def test_two_unknown_commits_are_not_one(commit):
    base = made_run(printed(made_cell("mini", "pretrained", predicted=SOUND)))
    head = made_run(printed(made_cell("mini", "pretrained", predicted=losing(SOUND, 1))))
    base, head = (
        dataclasses.replace(run, environment=(("commit", commit),)) for run in (base, head)
    )
    row = one_of(compare(side(base), side(head), default_thresholds()), "complete cell")
    assert (row.verdict, row.regression) == ("not deterministic", False)
    assert "commits" in row.why
    assert "unknown" in row.why


# -- metrics of all classes


def test_macro_f1_is_compared_by_a_paired_bootstrap():
    base = one_cell(SOUND)
    disgust = np.flatnonzero((SOUND == LABELS) & (LABELS == 1))
    changed = SOUND.copy()
    changed[disgust] = 0
    found = outcome(base, one_cell(changed), "macro_f1: 2pp")
    row = one_of(found, "macro_f1")
    assert (row.verdict, row.regression) == ("worse", True)
    assert row.interval.low < row.change < row.interval.high < 0
    assert "paired bootstrap over 3,585 images" in row.why
    assert one_of(found, "balanced_accuracy").verdict == "worse"
    assert not one_of(found, "balanced_accuracy").regression
    for name in ("weighted_f1", "kappa", "mcc"):
        assert one_of(found, name).change < 0
    assert one_of(outcome(base, base), "mcc").verdict == "same"


def test_macro_f1_of_several_seeds_covers_their_variation():
    base, head = (
        audited(
            made_run(
                *(
                    made_cell("mini", "pretrained", share, seed=seed, spread=seed)
                    for seed, share in enumerate(shares)
                )
            )
        )
        for shares in ((0.4, 0.5, 0.6), (0.5, 0.4, 0.6))
    )
    row = one_of(outcome(base, head), "macro_f1")
    assert row.verdict == "same"
    assert row.interval.high - row.interval.low > 0.2
    assert row.why.endswith("t over seeds")


def test_metrics_without_predictions_are_compared_over_seeds_alone():
    base, head = (
        made_run(
            *(
                dataclasses.replace(
                    cell, quality=dataclasses.replace(cell.quality, predictions=None)
                )
                for seed in seeds
                for cell in [made_cell("mini", "pretrained", share + seed / 1000, seed=seed)]
            )
        )
        for share, seeds in ((0.4, (1, 2, 3)), (0.5, (1, 2, 3)))
    )
    assert "Student's t" in one_of(outcome(base, head), "macro_f1").why
    names = [change.name for change in outcome(base, head).changes]
    assert not {"top_2", "ece"} & set(names)


def with_second(run, second):
    """Return the run of one cell with that second class for each image."""
    (cell,) = run.cells
    known = dataclasses.replace(cell.quality.predictions, second_classes=second.tobytes())
    quality = dataclasses.replace(cell.quality, predictions=known)
    return dataclasses.replace(run, cells=(dataclasses.replace(cell, quality=quality),))


def test_top_2_accuracy_is_compared_image_by_image():
    missed = SOUND != LABELS
    base = with_second(one_cell(SOUND), np.where(missed, LABELS, (SOUND + 1) % 7).astype(np.uint8))
    changed = SOUND.copy()
    places = np.flatnonzero(~missed)[:200]
    changed[places] = (LABELS[places] + 1) % 7
    head = with_second(one_cell(changed), ((changed + 2) % 7).astype(np.uint8))
    row = one_of(outcome(base, head), "top_2")
    assert (row.base, row.verdict) == (1.0, "worse")
    assert "McNemar" in row.why
    # Of equal predictions, these alone may differ.
    other = with_second(one_cell(SOUND), ((SOUND + 2) % 7).astype(np.uint8))
    assert one_of(outcome(base, other), "top_2").verdict == "worse"
    assert one_of(outcome(base, other), "accuracy").why == "the same result"
    # Older files have no second classes.
    gone = one_of(outcome(base, one_cell(changed), "top_2: 1pp"), "top_2")
    assert (gone.verdict, gone.regression) == ("gone", True)
    assert gone.why == "the head has not all predictions"
