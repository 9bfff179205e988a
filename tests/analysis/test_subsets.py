from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_runs import LABELS, NAMES, audited, made_cell, made_missing, made_predictions, made_run
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from fer_bench.analysis.seed_groups import group_cells
from fer_bench.analysis.subsets import (
    Score,
    _excess,
    label_agreement,
    majority_class_baseline,
    majority_vote_baseline,
)
from fer_bench.metrics import Interval, sampling_interval
from fer_bench.results.quality import Predictions
from fer_bench.results.records import NO_VOTE

SMALL = 12


def leakage_and_votes(run):
    (group,) = group_cells(run)
    return group.leakage, group.vote_scores


def small(said, twins=b"", votes=b"", labels=(0,) * SMALL):
    """Return a run with a network per row of predictions, on twelve images of a few classes."""
    base = made_run()
    data = dataclasses.replace(
        base.dataset,
        test=SMALL,
        test_labels=bytes(labels),
        test_twins=bytes(twins),
        test_votes=bytes(votes),
    )
    cell = made_cell("mini", "random")
    cells = [
        dataclasses.replace(
            cell,
            seed=seed,
            quality=dataclasses.replace(
                cell.quality, predictions=Predictions(bytes(row), bytes(2 * SMALL))
            ),
        )
        for seed, row in enumerate(said, start=1)
    ]
    return dataclasses.replace(base, dataset=data, cells=tuple(cells))


def test_each_part_by_hand():
    #         clean          near  mirror identical
    twins = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    said = [0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0]
    found, _ = leakage_and_votes(small([said], twins))
    assert (found.all_images.images, found.all_images.accuracy) == (12, pytest.approx(7 / 12))
    assert (found.without_identical.images, found.without_identical.accuracy) == (
        10,
        pytest.approx(5 / 10),
    )
    assert (found.deduplicated.images, found.deduplicated.accuracy) == (6, pytest.approx(3 / 6))
    assert (found.duplicated.images, found.duplicated.accuracy) == (6, pytest.approx(4 / 6))
    assert found.excess.difference == pytest.approx(7 / 12 - 3 / 6)
    assert found.deduplicated.interval == sampling_interval(np.array([1, 1, 1, 0, 0, 0], bool))


def test_the_largest_class_on_each_part():
    twins = [0] * 8 + [3] * 4
    labels = [2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 2]
    found = majority_class_baseline(small([[0] * SMALL], twins, labels=labels).dataset)
    assert found.name == NAMES[2]
    assert found.leakage.all_images.accuracy == pytest.approx(7 / 12)
    assert found.leakage.deduplicated.accuracy == pytest.approx(6 / 8)
    assert found.leakage.duplicated.accuracy == pytest.approx(1 / 4)
    assert majority_class_baseline(small([[0] * SMALL]).dataset) is None


def test_seeds_are_averaged():
    twins = [0] * 6 + [3] * 6
    said = [[0] * 6 + [0] * 6, [0, 0, 0, 1, 1, 1] + [0] * 6, [1] * 6 + [0] * 3 + [1] * 3]
    found, _ = leakage_and_votes(small(said, twins))
    assert found.deduplicated.accuracy == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.duplicated.accuracy == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.all_images.accuracy == pytest.approx((1 + 0.75 + 0.25) / 3)
    assert found.excess.difference == pytest.approx(
        found.all_images.accuracy - found.deduplicated.accuracy
    )


def test_votes_by_hand():
    # Of the last four the taggers name no class; of the others two are not labelled so.
    votes = [0, 0, 0, 0, 0, 0, 1, 1, NO_VOTE, NO_VOTE, NO_VOTE, NO_VOTE]
    said = [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    run = small([said], votes=votes)
    leaked, found = leakage_and_votes(run)
    assert leaked is None
    assert (found.by_votes.images, found.by_votes.accuracy) == (8, pytest.approx(4 / 8))
    assert (found.by_labels.images, found.by_labels.accuracy) == (8, pytest.approx(4 / 8))
    agreement = label_agreement(run.dataset)
    assert (agreement.images, agreement.accuracy) == (8, pytest.approx(6 / 8))
    assert agreement.interval == sampling_interval(np.array([1] * 6 + [0] * 2, bool))


def test_the_class_that_taggers_name_most():
    """Another class than the largest one, and on the images that they name a class of alone."""
    votes = [1, 1, 1, 1, 0, 0, 2] + [NO_VOTE] * 5
    labels = [1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]
    data = small([[0] * SMALL], [0] * SMALL, votes, labels).dataset
    found = majority_vote_baseline(data)
    assert majority_class_baseline(data).name == NAMES[0]
    assert found.name == NAMES[1]
    assert (found.scores.by_votes.images, found.scores.by_votes.accuracy) == (
        7,
        pytest.approx(4 / 7),
    )
    assert (found.scores.by_labels.images, found.scores.by_labels.accuracy) == (
        7,
        pytest.approx(2 / 7),
    )
    assert found.scores.by_votes.interval == sampling_interval(np.array([1] * 4 + [0] * 3, bool))


def test_parts_that_are_empty_have_no_figure():
    said = [[0, 1] * 6]
    all_clean, _ = leakage_and_votes(small(said, [0] * SMALL))
    assert all_clean.deduplicated == all_clean.without_identical == all_clean.all_images
    assert all_clean.duplicated is None
    assert all_clean.excess is None
    none_clean, _ = leakage_and_votes(small(said, [3] * SMALL))
    assert none_clean.deduplicated is None
    assert none_clean.without_identical is None
    assert none_clean.excess is None
    assert none_clean.duplicated == none_clean.all_images
    near_alone, _ = leakage_and_votes(small(said, [1] * SMALL))
    assert near_alone.without_identical == near_alone.all_images
    tied = small(said, votes=[NO_VOTE] * SMALL)
    assert leakage_and_votes(tied) == (None, None)
    assert label_agreement(tied.dataset) is None
    assert majority_vote_baseline(tied.dataset) is None


@pytest.mark.parametrize("missing", ["test_twins", "test_votes", "test_labels", "predictions"])
def test_what_is_not_known_has_no_figure(missing):
    run = audited(made_run(made_cell("mini", "random")))
    if missing == "predictions":
        (cell,) = run.cells
        quality = dataclasses.replace(cell.quality, predictions=None)
        run = dataclasses.replace(run, cells=(dataclasses.replace(cell, quality=quality),))
    else:
        run = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, **{missing: b""}))
    leaked, found = leakage_and_votes(run)
    assert (leaked is None) == (missing != "test_votes")
    assert (found is None) == (missing != "test_twins")
    known = missing in ("test_twins", "predictions")
    assert (label_agreement(run.dataset) is not None) == known
    assert (majority_vote_baseline(run.dataset) is not None) == known


def test_a_network_that_was_not_trained_has_no_figure():
    assert leakage_and_votes(audited(made_run(made_missing("openface", "random")))) == (None, None)


@given(
    st.integers(1, 3).flatmap(
        lambda seeds: arrays(np.uint8, (seeds, SMALL), elements=st.integers(0, 1))
    ),
    arrays(np.uint8, SMALL, elements=st.integers(0, 3)),
)
def test_the_parts_make_up_the_whole(said, twins):
    found, _ = leakage_and_votes(small(said, twins))
    parts = [part for part in (found.deduplicated, found.duplicated) if part is not None]
    assert sum(part.images for part in parts) == SMALL
    together = sum(part.images * part.accuracy for part in parts) / SMALL
    assert found.all_images.accuracy == pytest.approx(together)
    for part in [found.all_images, *parts]:
        assert 0 <= part.interval.low <= part.accuracy + 1e-9
        assert part.accuracy - 1e-9 <= part.interval.high <= 1
    if found.excess is None:
        assert len(parts) == 1
    else:
        assert found.excess.difference == pytest.approx(
            found.all_images.accuracy - found.deduplicated.accuracy
        )
        assert found.excess.interval.low <= found.excess.difference <= found.excess.interval.high


@pytest.mark.parametrize(
    ("clean", "clean_images", "twinned", "twinned_images"),
    [(30, 60, 20, 40), (0, 60, 40, 40), (60, 60, 0, 40), (5, 7, 1, 1)],
)
def test_the_interval_of_the_excess_is_newcombes(clean, clean_images, twinned, twinned_images):
    def score(right, images):
        ends = proportion_confint(right, images, method="wilson")
        interval = Interval(*map(float, ends))
        return Score(images, right / images, interval, interval)

    found = _excess(score(clean, clean_images), score(twinned, twinned_images))
    low, high = confint_proportions_2indep(
        twinned, twinned_images, clean, clean_images, method="newcomb", compare="diff"
    )
    share = twinned_images / (twinned_images + clean_images)
    assert found.interval.low == pytest.approx(share * low)
    assert found.interval.high == pytest.approx(share * high)


def test_the_interval_of_the_excess_is_that_of_a_bootstrap_within_both_parts():
    run = audited(made_run(made_cell("mini", "random", predicted=made_predictions(0.4))))
    found, _ = leakage_and_votes(run)
    right = made_predictions(0.4) == LABELS
    clean = right[run.dataset.twins == 0]
    twinned = right[run.dataset.twins > 0]
    chance = np.random.default_rng(1)
    n = len(right)
    clean_right = chance.binomial(len(clean), clean.mean(), 20_000)
    twinned_right = chance.binomial(len(twinned), twinned.mean(), 20_000)
    replicates = (clean_right + twinned_right) / n - clean_right / len(clean)
    low, high = np.quantile(replicates, [0.025, 0.975])
    assert found.excess.interval.low == pytest.approx(low, abs=0.0006)
    assert found.excess.interval.high == pytest.approx(high, abs=0.0006)


def test_a_single_image_with_a_duplicate_shows_next_to_nothing_whatever_the_seeds():
    twins = [0] * 11 + [3]
    said = [[0, 1] * 5 + [0, 0], [0, 1] * 5 + [0, 0], [0, 1] * 5 + [0, 1]]
    found, _ = leakage_and_votes(small(said, twins))
    # None of a kind that makes up 0.975 of all may be missing by chance in one image.
    assert found.duplicated.accuracy == pytest.approx(2 / 3)
    assert found.duplicated.interval.low == pytest.approx(2 / 3 * 0.025)
    assert found.duplicated.interval.high == pytest.approx(2 / 3 + 0.975 / 3)
    difference = (2 / 3 - 6 / 11) / 12
    assert found.excess.difference == pytest.approx(difference)
    assert found.excess.interval.low < difference - 2 / 3 * 0.975 / 12
    assert found.excess.interval.high > difference + 0.975 / 3 / 12
