"""Few-shot accuracies: means and intervals over draws and test images."""

import dataclasses

import numpy as np
import pytest
from made_runs import LABELS, made_cell, made_predictions, made_run

from fer_bench.analysis.few_shot import few_shot_scores
from fer_bench.analysis.run_analysis import analyse
from fer_bench.metrics import sampling_interval
from fer_bench.results.few_shot import FewShot
from fer_bench.results.quality import History

FITTED = History((), (), (0.5,), (1.0,), (0.4,), (1.2,))


def few_shot(*shares, shots=16, **other):
    predicted = tuple(
        made_predictions(share, spread).tobytes() for spread, share in enumerate(shares)
    )
    return FewShot(shots, False, 25_121, predicted, (2,) * len(shares), **other)


def cell(*found, seed=42, init="pretrained"):
    return made_cell("mobilenet", init, head="knn", history=FITTED, few_shot=found, seed=seed)


def scores(*cells, twins=None):
    run = made_run(*cells)
    codes = np.arange(len(LABELS)) % 5 == 0 if twins is None else twins
    data = dataclasses.replace(run.dataset, test_twins=codes.astype(np.uint8).tobytes())
    (group,) = analyse(dataclasses.replace(run, dataset=data)).groups
    return few_shot_scores(group)


def test_means_over_the_draws():
    from sklearn.metrics import f1_score

    found = few_shot(0.3, 0.5, 0.4)
    (score,) = scores(cell(found))
    correct = found.predicted == LABELS
    kept = np.arange(len(LABELS)) % 5 != 0
    assert (score.shots, score.draws, score.images, score.seen) == (16, 3, len(LABELS), 2)
    assert score.accuracy.value == pytest.approx(correct.mean())
    assert score.deduplicated.value == pytest.approx(correct[:, kept].mean())
    assert score.leaked == (~kept).sum()
    expected = np.mean([f1_score(LABELS, one, average="macro") for one in found.predicted])
    assert score.macro_f1.value == pytest.approx(expected)


def test_intervals_cover_images_and_draws():
    # Student's t for two degrees of freedom.
    half = 4.302653 * np.std([0.3, 0.5, 0.4], ddof=1) / np.sqrt(3)
    found = few_shot(0.3, 0.5, 0.4)
    (score,) = scores(cell(found))
    images = sampling_interval(found.predicted == LABELS)
    low, high = score.accuracy.low, score.accuracy.high
    assert low == pytest.approx(0.4 - np.hypot(0.4 - images.low, half), abs=2e-3)
    assert high == pytest.approx(0.4 + np.hypot(images.high - 0.4, half), abs=2e-3)
    for estimate in (score.deduplicated, score.macro_f1):
        assert estimate.low < estimate.value - 0.2
    (alone,) = scores(cell(few_shot(0.4)))
    only = sampling_interval(few_shot(0.4).predicted == LABELS)
    assert (alone.accuracy.low, alone.accuracy.high) == (only.low, only.high)


def test_draws_of_all_seeds_are_one_sample_unless_seeds_draw_weights():
    """The draws of a random network share its weights, so they are not independent."""
    draws = few_shot(0.30, 0.31, 0.32), few_shot(0.50, 0.51, 0.52)
    widths = {}
    for init in ("pretrained", "random"):
        (score,) = scores(*(cell(one, seed=seed, init=init) for seed, one in enumerate(draws)))
        assert score.draws == 6
        assert score.accuracy.value == pytest.approx(0.41, abs=2e-3)
        widths[init] = score.accuracy.high - score.accuracy.value
    assert widths["pretrained"] == pytest.approx(2.571 * 0.11 / np.sqrt(6), abs=0.02)
    assert widths["random"] > 0.5


def test_mieb_has_images_of_its_own():
    labels, codes = bytes([0, 1, 2, 3]), bytes([0, 0, 3, 1])
    mieb = FewShot(16, True, 9, (bytes([0, 1, 2, 4]), bytes([0, 0, 2, 3])), (1, 2), labels, codes)
    few, score = scores(cell(few_shot(0.4), mieb))
    assert (few.mieb, score.mieb) == (False, True)
    assert (score.images, score.drawn_from, score.leaked, score.seen) == (4, 9, 2, 1.5)
    assert score.accuracy.value == pytest.approx(0.75)
    assert score.deduplicated.value == pytest.approx(0.75)


def test_unknown_duplicates_and_images_that_all_have_some():
    (score,) = scores(cell(few_shot(0.4)), twins=np.ones(len(LABELS)))
    assert (score.deduplicated, score.leaked) == (None, len(LABELS))
    (score,) = scores(cell(few_shot(0.4)), twins=np.empty(0))
    assert (score.deduplicated, score.leaked) == (None, None)


def test_cells_without_it_have_none():
    assert scores(cell()) == ()
