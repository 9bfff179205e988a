from __future__ import annotations

import dataclasses
import re

import pytest
from made_runs import made_cell, made_history, made_missing, made_run

from fer_bench.analysis.batch_norm_gap import MUCH, BatchNormGap, explain
from fer_bench.analysis.seed_groups import group_cells

# Epochs 0 to 3. By moving averages validation drops in epoch 2.
HISTORY = dataclasses.replace(
    made_history((0.1, 0.5, 0.7, 0.9), (0.1, 0.35, 0.15, 0.30)),
    train_accuracy=(0.1, 0.4, 0.2, 0.42),
    batch_validation_accuracy=(0.6, 0.38, 0.40, 0.41),
    batch_validation_loss=(1.0,) * 4,
)


def explanation(*cells):
    (group,) = group_cells(made_run(*cells))
    return explain(group.label, group.batch_norm_gaps)


def test_the_gap_is_split():
    found = BatchNormGap.of(HISTORY)
    assert (found.running, found.train) == (0.9, 0.42)
    assert (found.validation, found.batch_validation) == (0.30, 0.41)
    assert found.remaining == pytest.approx(0.49)
    assert found.artefact == pytest.approx(0.11)
    assert found.remaining + found.artefact == pytest.approx(found.running - found.validation)
    # Epoch 0 is further apart, but nothing was trained then.
    assert (found.widest, found.epoch) == (pytest.approx(0.25), 2)
    assert found.matters


def test_networks_without_trained_normalisation_have_none():
    plain = dataclasses.replace(HISTORY, batch_validation_accuracy=(), batch_validation_loss=())
    assert BatchNormGap.of(plain) is None
    assert explanation(made_cell("openface", "random", history=plain)) == ""
    assert explanation(made_missing("openface", "random")) == ""


def test_curves_that_agree_need_no_explanation():
    level = dataclasses.replace(HISTORY, batch_validation_accuracy=(0.9, 0.36, 0.16, 0.32))
    assert not BatchNormGap.of(level).matters
    assert explanation(made_cell("mobilenet", "random", history=level)) == ""


def test_the_explanation_has_the_cells_own_figures(snapshot):
    text = explanation(made_cell("mobilenet", "pretrained", history=HISTORY))
    # Running, train, batch validation and validation; least and widest distance; the two causes.
    figures = re.findall(r"\d+\.\d", text)
    assert figures == ["90.0", "42.0", "41.0", "30.0", "25.0", "11.0", "49.0"]
    assert text == snapshot
    assert "\n" not in text


def moved(by_batch, running=HISTORY.running_accuracy):
    return dataclasses.replace(
        HISTORY, batch_validation_accuracy=by_batch, running_accuracy=running
    )


def test_a_distance_of_just_so_much_matters():
    # Exactly representable, so that the distance is: 0.25 and 0.05 less.
    level = dataclasses.replace(
        HISTORY, validation_accuracy=(0.0,) * 4, batch_validation_accuracy=(0.0, 0.0, MUCH, 0.0)
    )
    found = BatchNormGap.of(level)
    assert (found.matters, found.apart, found.epoch) == (True, (2,), 2)


def test_averages_that_caught_up_are_no_negative_share(snapshot):
    text = explanation(made_cell("mobilenet", "random", history=moved((0.6, 0.35, 0.40, 0.28))))
    assert "after epoch 2; at most 25.0" in text
    assert text.rpartition(". ")[2] == snapshot
    assert " -" not in text


def test_training_that_is_not_ahead_is_no_negative_overfitting(snapshot):
    text = explanation(
        made_cell("mobilenet", "random", history=moved((0.6, 0.38, 0.40, 0.41), (0.2, 0.3, 0.35)))
    )
    assert text.rpartition("; ")[2] == snapshot
    assert " -" not in text


def test_seeds_are_split_one_by_one():
    # One loses 0.11 at the end, the other gains 0.02; both jumped, after different epochs.
    other = moved((0.6, 0.45, 0.15, 0.28))
    cells = [
        made_cell("mobilenet", "random", history=history, seed=seed)
        for seed, history in enumerate((HISTORY, other))
    ]
    text = explanation(*cells, made_missing("mobilenet", "random", seed=7))
    assert "means of 2 seeds): 90.0 %" in text
    assert "epoch 1-3; at most 25.0" in text
    assert "epoch 2)" in text
    assert "cost 4.5 points " in text
