from __future__ import annotations

import dataclasses

from made_runs import made_cell, made_run

from fer_bench.results.fact_names import REPEATED
from fer_bench.results.run_differences import UNKNOWN, run_differences

CELL = made_cell("mini", "random")


def differing(*runs):
    return [(one.kind, one.name, one.values) for one in run_differences(runs)]


def test_equal_runs_and_other_cells_and_seeds_do_not_differ():
    other = made_run(made_cell("mobilenet", "random", seed=7), seed=7, seeds=2)
    assert differing(made_run(CELL), other) == []
    assert differing(made_run(CELL)) == []


def test_settings_differ_by_their_values():
    runs = [made_run(CELL, epochs=epochs) for epochs in (20, 5, 20)]
    assert differing(*runs) == [("protocol", "epochs", ("20", "5", "20"))]
    less = dataclasses.replace(runs[0], protocol=runs[0].protocol[1:])
    (one,) = differing(runs[0], less) or [None]
    assert one is None or UNKNOWN in one[2]


def test_the_split_is_one_property_and_not_a_setting_too():
    run = made_run(CELL)
    data = dataclasses.replace(run.dataset, split="grouped", split_digest="ef" * 32, test=9)
    other = dataclasses.replace(made_run(CELL, split="grouped"), dataset=data)
    assert differing(run, other) == [
        ("split", "split", ("paper", "grouped")),
        ("split", "test images", (f"{run.dataset.test:,}", "9")),
    ]
    same_name = dataclasses.replace(
        run, dataset=dataclasses.replace(run.dataset, split_digest="ef" * 32)
    )
    assert differing(run, same_name) == [
        ("split", "split", ("paper (cdcdcdcd)", "paper (efefefef)"))
    ]
    data = dataclasses.replace(run.dataset, name="faces", digest="ab" * 32)
    other_data = dataclasses.replace(run, dataset=data)
    assert differing(run, same_name, other_data) == [
        ("data", "data set", ("fer2013", "fer2013", "faces")),
        ("split", "split", ("paper (cdcdcdcd)", "paper (efefefef)", "paper")),
    ]


def test_data_sets_differ_by_content_and_not_by_name():
    run = made_run(CELL)

    def other(**changes):
        return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, **changes))

    assert differing(run, other(name="copy")) == []
    assert differing(run, other(name="faces", digest="ab" * 32)) == [
        ("data", "data set", (run.dataset.name, "faces"))
    ]
    ((_, _, names),) = differing(run, other(digest="ab" * 32))
    assert names == (f"fer2013 ({run.dataset.digest[:8]})", "fer2013 (abababab)")


def test_environments_differ_by_facts_that_both_record_and_not_by_notes():
    runs = [
        dataclasses.replace(made_run(CELL), environment=facts)
        for facts in (
            (("processor", "X"), ("keras", "3"), (REPEATED, "a")),
            (("processor", "Y"), ("keras", "3"), (REPEATED, "b"), ("threads", "2")),
        )
    ]
    assert differing(*runs) == [("environment", "processor", ("X", "Y"))]
