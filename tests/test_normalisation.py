from __future__ import annotations

import dataclasses

import pytest
from made_runs import made_cell, made_history, made_missing

from fer_bench.normalisation import Normalisation, explanation

# Epochs 0 to 3. By moving averages validation drops in epoch 2.
HISTORY = dataclasses.replace(
    made_history((0.1, 0.5, 0.7, 0.9), (0.1, 0.35, 0.15, 0.30)),
    train_accuracy=(0.1, 0.4, 0.2, 0.42),
    batch_validation_accuracy=(0.6, 0.38, 0.40, 0.41),
    batch_validation_loss=(1.0,) * 4,
)


def test_the_gap_is_split():
    found = Normalisation.of(HISTORY)
    assert (found.running, found.train) == (0.9, 0.42)
    assert (found.validation, found.batch_validation) == (0.30, 0.41)
    assert found.overfitting == pytest.approx(0.49)
    assert found.artefact == pytest.approx(0.11)
    assert found.overfitting + found.artefact == pytest.approx(found.running - found.validation)
    # Epoch 0 is further apart, but nothing was trained then.
    assert (found.widest, found.epoch) == (pytest.approx(0.25), 2)
    assert found.matters


def test_networks_without_trained_normalisation_have_none():
    plain = dataclasses.replace(HISTORY, batch_validation_accuracy=(), batch_validation_loss=())
    assert Normalisation.of(plain) is None
    assert explanation(made_cell("openface", "random", history=plain)) == ""
    assert explanation(made_missing("openface", "random")) == ""


def test_curves_that_agree_need_no_explanation():
    level = dataclasses.replace(HISTORY, batch_validation_accuracy=(0.9, 0.36, 0.16, 0.32))
    assert not Normalisation.of(level).matters
    assert explanation(made_cell("mobilenet", "random", history=level)) == ""


def test_the_explanation_has_the_cells_own_figures():
    text = explanation(made_cell("mobilenet", "pretrained", history=HISTORY))
    assert text.startswith("MobileNet_pretrained trains batch normalisation")
    for figures in (
        "running training accuracy, 0.900, is by batch statistics",
        "the training images give 0.420",
        "0.300 by moving averages and 0.410 by batch statistics",
        "up to 0.250 apart, after epoch 2",
        "Of the gap of 0.600",
        "0.110 is due to the moving averages and 0.490 is overfitting",
    ):
        assert figures in text
    assert "\n" not in text
