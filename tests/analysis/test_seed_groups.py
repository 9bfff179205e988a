"""Cells that differ in nothing but their seed."""

import dataclasses

import numpy as np
import pytest

from fer_bench.analysis.seed_groups import group_cells, with_unique_titles
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Run
from fer_bench.results.speeds import Reference, TrainingSpeed

LABELS = np.array([0, 1, 1], np.uint8)


def quality(accuracy, classes=(0, 1, 1), recall=(1.0, None)):
    history = History(*[(accuracy, accuracy / 2)] * 2, *[(0.0, accuracy, accuracy / 2)] * 6)
    predictions = Predictions(bytes(classes), bytes(6))
    return Quality(history, accuracy, 2 - accuracy, recall, ((2, 0), (1, 0)), predictions)


def cell(backbone, init, seed, made=None, status="ok", reason="", **others):
    return CellResult(
        backbone, backbone, init, "sketch", seed, status, reason, quality=made, **others
    )


def run_of(*cells, labels=LABELS):
    dataset = DatasetSummary(
        "sketch", "d", (("a", 2), ("b", 1)), "paper", 1, 1, 3, test_labels=labels.tobytes()
    )
    return Run((), dataset, (), cells)


def test_cells_are_grouped_by_backbone_and_init_in_the_order_of_the_run():
    run = run_of(cell("a", "random", 1), cell("a", "random", 2), cell("b", "random", 1))
    assert [[one.id for one in group.cells] for group in group_cells(run)] == [
        ["a-random-1", "a-random-2"],
        ["b-random-1"],
    ]


def test_one_seed_is_its_own_mean():
    run = run_of(cell("a", "random", 1, quality(0.5)), cell("b", "random", 1))
    assert tuple(group.mean for group in group_cells(run)) == run.cells


def test_figures_of_several_seeds_are_averaged_and_counts_added_up():
    speed = TrainingSpeed(3, (1.0,), 3.0, Reference((0.5,), (0.25,)))
    run = run_of(
        cell("a", "random", 1, quality(0.25), training=speed),
        cell("a", "random", 2, quality(0.75, recall=(0.5, None))),
    )
    (group,) = group_cells(run)
    mean = group.mean
    assert mean.quality == dataclasses.replace(
        quality(0.5), recall=(0.75, None), confusion=((4, 0), (2, 0)), predictions=None
    )
    assert mean.training == speed
    assert (mean.seed, mean.status) == (1, "ok")


def test_a_series_that_one_seed_lacks_has_no_mean():
    lacking = quality(0.25)
    history = dataclasses.replace(
        lacking.history, batch_validation_accuracy=(), batch_validation_loss=()
    )
    lacking = dataclasses.replace(lacking, history=history)
    run = run_of(cell("a", "random", 1, lacking), cell("a", "random", 2, quality(0.75)))
    (group,) = group_cells(run)
    mean = group.mean
    assert mean.quality.history.batch_validation_accuracy == ()
    assert mean.quality.history.validation_accuracy == (0.0, 0.5, 0.25)


def test_a_seed_that_failed_is_reported_and_the_others_count():
    run = run_of(
        cell("a", "random", 1, status="failed", reason="diverged"),
        cell("a", "random", 2, quality(0.75)),
    )
    (group,) = group_cells(run)
    mean = group.mean
    assert mean.quality.test_accuracy == 0.75
    assert (mean.status, mean.reason) == ("failed", "seed 1 of 2 seeds: diverged")


def test_where_all_ended_alike_the_reason_stands_alone():
    ended = [cell("a", "random", seed, status="skipped", reason="no weights") for seed in (1, 2)]
    (group,) = group_cells(run_of(*ended))
    mean = group.mean
    assert (mean.quality, mean.status, mean.reason) == (None, "skipped", "no weights")


@pytest.mark.parametrize(
    ("ended", "status", "reason"),
    [
        (
            [("failed", "nan"), ("failed", "no memory"), ("ok", "")],
            "failed",
            "seed 1 of 3 seeds: nan; seed 2: no memory",
        ),
        (
            [("skipped", "no weights"), ("failed", "nan"), ("skipped", "no weights")],
            "failed",
            "seed 1, 3 of 3 seeds: skipped: no weights; seed 2: nan",
        ),
        ([("failed", "nan"), ("failed", "nan"), ("failed", "nan")], "failed", "nan"),
    ],
)
def test_each_seed_has_its_own_reason(ended, status, reason):
    cells = [
        cell("a", "random", seed, None if kind != "ok" else quality(0.5), kind, why)
        for seed, (kind, why) in enumerate(ended, start=1)
    ]
    (group,) = group_cells(run_of(*cells))
    mean = group.mean
    assert (mean.status, mean.reason) == (status, reason)


def test_backbones_of_one_title_have_their_own_names():
    same = [
        dataclasses.replace(cell(name, init, 1), title="Net")
        for name in ("a", "b")
        for init in ("pretrained", "random")
    ]
    run = with_unique_titles(run_of(*same, cell("c", "random", 1), cell("c", "random", 2)))
    assert [one.title for one in run.cells] == ["Net (a)"] * 2 + ["Net (b)"] * 2 + ["c"] * 2
    assert with_unique_titles(run) == run


def test_which_images_are_recognised_by_seed():
    (group,) = group_cells(
        run_of(
            cell("a", "random", 1, quality(0.5, classes=(0, 0, 1))),
            cell("a", "random", 2, status="failed", reason="diverged"),
            cell("a", "random", 3, quality(0.5, classes=(1, 1, 1))),
        )
    )
    assert group.correct.tolist() == [[True, False, True], [False, True, True]]


@pytest.mark.parametrize("labels", [LABELS[:0], LABELS])
def test_images_of_unknown_predictions_are_not_guessed(labels):
    unknown = dataclasses.replace(quality(0.5), predictions=None)
    cells = [cell("a", "random", 1, quality(0.5)), cell("a", "random", 2, unknown)]
    (group,) = group_cells(run_of(*cells, labels=labels))
    assert group.correct is None
