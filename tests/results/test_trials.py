"""Trials of a sweep in results files, and the choice among them."""

import dataclasses
import json

import pytest
from made_runs import document, made_cell, made_run

from fer_bench.results import read_run
from fer_bench.results.trials import Trial, TrialSetting, best
from fer_bench.runtime.errors import FerBenchError

RATES = ("0.001", "0.01", "1e+30")


def trial(rate, accuracy=0.4, loss=1.0, **other):
    return Trial((TrialSetting("learning-rate", rate),), accuracy, loss, 0.3, 20, **other)


DIVERGED = Trial((TrialSetting("learning-rate", "1e+30"),), None, None, None, 0, reason="diverged")
TRIALS = (trial("0.001"), trial("0.01", 0.5, chosen=True), DIVERGED)
RUN = made_run(
    made_cell("mobilenet", "random", trials=TRIALS), made_cell("mobilenet", "pretrained")
)


def test_a_file_of_them_is_read_as_it_was_written():
    made = json.loads(json.dumps(document(RUN)))
    assert read_run(made) == RUN
    assert [("trials" in cell) for cell in made["fer_bench"]["cells"]] == [True, False]
    assert [cell.chosen for cell in RUN.cells] == [TRIALS[1], None]


def test_older_files_have_no_sweep():
    made = document(RUN)
    del made["fer_bench"]["cells"][0]["trials"]
    made["fer_bench"]["protocol"] = [
        row for row in made["fer_bench"]["protocol"] if row["name"] != "sweep"
    ]
    found = read_run(made)
    assert found.cells[0].trials == ()
    assert {row.name: row.value for row in found.protocol}["sweep"] == "none"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"validation_accuracy": 1.5}, "1.5"),
        ({"validation_loss": -1.0}, "-1.0"),
        ({"validation_loss": None}, "has only some of its metrics"),
        ({"test_accuracy": None}, "has only some of its metrics"),
        ({"epochs": -1}, "trials[1].epochs is -1"),
        ({"chosen": False}, "0 are chosen"),
        ({"settings": [{"name": "learning-rate", "value": "x"}]}, "learning-rate 'x'"),
        ({"settings": [{"name": "a", "value": ""}] * 2}, "have the name 'a'"),
        ({"settings": [{"name": "a"}]}, "value is missing"),
    ],
)
def test_trials_that_contradict_themselves_are_refused(change, problem):
    made = document(RUN)
    made["fer_bench"]["cells"][0]["trials"][1] |= change
    with pytest.raises(FerBenchError) as raised:
        read_run(made)
    assert problem in raised.value.problem
    assert raised.value.accepted or raised.value.hint


def test_a_trial_that_diverged_or_a_second_one_cannot_be_chosen():
    made = document(RUN)
    for trials in (
        [dataclasses.replace(DIVERGED, chosen=True)],
        [trial("0.1", chosen=True), trial("0.2", chosen=True)],
    ):
        records = [dataclasses.asdict(one) for one in trials]
        made["fer_bench"]["cells"][0]["trials"] = records
        with pytest.raises(FerBenchError, match="are chosen"):
            read_run(made)


def test_accuracy_chooses_then_loss_then_order():
    assert best([trial("1", 0.4), trial("2", 0.5), trial("3", 0.45)]) == 1
    assert best([trial("1", 0.5, 1.2), trial("2", 0.5, 1.1), trial("3", 0.5, 1.1)]) == 1
    assert best([DIVERGED, trial("1", 0.0)]) == 1
    assert best([DIVERGED]) is None


def test_the_test_images_play_no_part_in_the_choice():
    flattering = dataclasses.replace(trial("1", 0.4), test_accuracy=1.0)
    assert best([flattering, dataclasses.replace(trial("2", 0.41), test_accuracy=0.0)]) == 1
