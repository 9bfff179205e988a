from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

import pytest
from made_runs import made_cell, made_run, made_shards

from fer_bench.analysis.experiments import (
    NamedRun,
    by_test_images,
    group_experiments,
    pool,
    set_names,
)
from fer_bench.analysis.run_analysis import analyse

CELLS = [
    made_cell("mini", "pretrained", 0.5, speed=100.0),
    made_cell("mini", "random", 0.3, speed=90.0),
]
RUN = made_run(*CELLS)
TIME = datetime(2026, 1, 31, tzinfo=timezone.utc)


def grouped(*runs):
    return group_experiments([NamedRun(f"{n}.json", run, TIME) for n, run in enumerate(runs)])


def of_other_data(run, **changes):
    data = {"name": "faces", "digest": "ab" * 32, "split_digest": "ef" * 32, **changes}
    return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, **data))


def test_runs_of_one_protocol_are_merged_and_have_no_name():
    (found,) = grouped(*made_shards(RUN, 2))
    assert (found.name, found.qualifier, found.qualified) == ("", "", found.run)
    assert found.files == ("0.json", "1.json")
    assert found.times == (TIME, TIME)
    assert found.run.cells == RUN.cells


def test_only_what_distinguishes_an_experiment_is_its_name():
    runs = [RUN, made_run(*CELLS, epochs=5), of_other_data(RUN)]
    found = grouped(*runs)
    assert [one.name for one in found] == ["fer2013, epochs 20", "fer2013, epochs 5", "faces"]
    assert [one.qualifier for one in found] == ["epochs 20", "epochs 5", ""]
    assert found[1].qualified.cells[0].title == "mini (epochs 5)"
    assert found[2].qualified == found[2].run


def test_of_several_settings_the_changed_ones_are_named():
    changes = ({}, {"epochs": 5}, {"optimizer": "sgd"}, {"epochs": 5, "optimizer": "sgd"})
    found = grouped(*(made_run(*CELLS, **one) for one in changes))
    names = ["defaults", "epochs 5", "optimizer sgd", "epochs 5, optimizer sgd"]
    assert [one.name for one in found] == names


@pytest.mark.parametrize("changes", [{"split": "x" * 300}, {"environment": ()}])
def test_runs_without_a_short_difference_are_numbered(changes):
    other = [made_cell("mini", "pretrained", 0.45), CELLS[1]]
    run = made_run(*other)
    if "split" in changes:
        run = of_other_data(made_run(*other), name="x" * 300, split="y" * 300)
    found = grouped(RUN, run)
    assert [one.name for one in found] == ["run 1", "run 2"]


def test_other_results_of_a_cell_are_an_experiment_that_its_environment_names():
    environments = [(("processor", name),) for name in "XY"]
    cells = [CELLS, [made_cell("mini", "pretrained", 0.45), CELLS[1]]]
    found = grouped(
        *(
            dataclasses.replace(made_run(*some), environment=facts)
            for some, facts in zip(cells, environments, strict=True)
        )
    )
    assert [one.name for one in found] == ["processor X", "processor Y"]


def test_experiments_are_grouped_by_their_test_images():
    found = grouped(RUN, of_other_data(RUN), made_run(*CELLS, epochs=5))
    sets = by_test_images(found)
    assert [[one.name for one in members] for members in sets] == [
        ["fer2013, epochs 20", "fer2013, epochs 5"],
        ["faces"],
    ]
    assert set_names(sets) == ["fer2013", "faces"]
    assert set_names(sets[:1]) == [""]
    # Without a digest of the parts it is unknown whether the test images are the same.
    older = [
        dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, split_digest=""))
        for run in (RUN, made_run(*CELLS, epochs=5))
    ]
    assert [len(members) for members in by_test_images(grouped(*older))] == [1, 1]


def test_splits_distinguish_sets_of_one_data_set():
    other = of_other_data(RUN, name="fer2013", digest=RUN.dataset.digest, split="grouped")
    assert set_names(by_test_images(grouped(RUN, other))) == [
        "fer2013, split paper",
        "fer2013, split grouped",
    ]


def test_pooled_networks_are_compared_within_their_test_images_only():
    found = grouped(RUN, made_run(*CELLS, epochs=5), of_other_data(RUN))
    first, second = (analyse(pool(members)[0]) for members in by_test_images(found))
    assert len(first.pairs) == 6
    assert len(second.pairs) == 1
    assert [one.group.cells[0].title for one in first.standings if one.ties_best] == [
        "mini (epochs 20)",
        "mini (epochs 5)",
    ]
    assert {pair.first.dataset.digest for pair in first.pairs} == {RUN.dataset.digest}


def test_speeds_of_another_machine_are_left_out_of_the_pool():
    runs = [
        dataclasses.replace(run, environment=(("processor", name),))
        for run, name in ((RUN, "X"), (made_run(*CELLS, epochs=5), "Y"))
    ]
    pooled, note = pool(grouped(*runs))
    assert [cell.is_timed for cell in pooled.cells] == [True, True, False, False]
    assert "epochs 5" in note
    assert "processor Y instead of X" in note
    assert pool(grouped(RUN))[1] == ""
