"""Choice of the cell to export: by its name, or the best one that is no artefact."""

import dataclasses

import pytest
from made_runs import distorted, made_cell, made_history, made_missing, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.export.cell_choice import best_cell, named_cell
from fer_bench.runtime.errors import FerBenchError


def best(*cells):
    cell, notes = best_cell(analyse(made_run(*cells)))
    return cell.id, notes


def test_the_highest_test_accuracy_is_the_best():
    found = best(made_cell("resnet50", "random", 0.35), made_cell("mobilenet", "pretrained", 0.45))
    assert found == ("mobilenet-pretrained-42", [])


def test_an_accuracy_that_batch_normalisation_distorts_is_left_out():
    cells = made_cell("resnet50", "random", 0.4), distorted(made_cell("mobilenet", "random", 0.5))
    name, notes = best(*cells)
    assert name == "resnet50-random-42"
    assert "MobileNet random" in notes[0]
    with pytest.raises(FerBenchError, match="batch normalisation"):
        best(cells[1])


def test_ties_are_stated():
    _, notes = best(made_cell("resnet50", "random", 0.4), made_cell("vggface", "random", 0.401))
    assert any("ResNet-50 random" in note for note in notes)


def test_the_validation_images_choose_the_seed():
    seeds = [
        made_cell("vggface", "random", test, seed=seed, history=made_history(validation=curve))
        for seed, test, curve in ((42, 0.45, [0.1, *[0.3] * 20]), (43, 0.4, [0.1, *[0.4] * 20]))
    ]
    name, notes = best(*seeds)
    assert name == "vggface-random-43"
    assert "2 seeds" in notes[0]


def test_the_baseline_is_no_success():
    _, notes = best(made_cell("vggface", "random", 0.2))
    assert "always predicting" in notes[-1]


def test_no_trained_cell_is_an_error():
    with pytest.raises(FerBenchError, match="no cell was trained"):
        best(made_missing("vggface", "pretrained"))


RUN = made_run(
    made_cell("mobilenet", "random"),
    made_cell("vggface", "random"),
    made_cell("vggface", "random", seed=43),
    made_missing("vggface", "pretrained"),
)


@pytest.mark.parametrize("name", ["mobilenet-random", "mobilenet-random-42"])
def test_a_cell_is_found_by_its_id_or_the_only_seed(name):
    assert named_cell(analyse(RUN), name).id == "mobilenet-random-42"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("mobilenet", "unknown"),
        ("vggface-random", "2 seeds"),
        ("vggface-pretrained", "skipped: no weights"),
    ],
)
def test_another_name_is_one_error(name, problem):
    with pytest.raises(FerBenchError) as caught:
        named_cell(analyse(RUN), name)
    assert problem in caught.value.problem


def test_an_untrained_cell_is_never_the_best():
    cells = made_missing("vggface", "pretrained"), made_cell("mobilenet", "random")
    failed = dataclasses.replace(cells[0], status="failed")
    assert best(failed, cells[1])[0] == "mobilenet-random-42"
