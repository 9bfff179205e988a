from __future__ import annotations

import dataclasses

import pytest
from made_runs import audited, made_cell, made_missing, made_run

from fer_bench.analysis import group_comparisons, seed_groups
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import summarise
from fer_bench.report import tables

RUN = audited(
    made_run(
        made_cell("mini", "random", 0.5, speed=100.0),
        made_cell("openface", "random", 0.4, speed=200.0),
        made_missing("openface", "pretrained"),
    )
)


@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [(group_comparisons, "compare", 1), (seed_groups, "score_subsets", 2)],
)
def test_tables_and_summary_compute_nothing_again(monkeypatch, module, name, calls):
    made, original = [], getattr(module, name)

    def counting(*args, **options):
        made.append(args)
        return original(*args, **options)

    monkeypatch.setattr(module, name, counting)
    analysis = analyse(RUN)
    assert not made
    for _ in range(2):
        tables(analysis)
        summarise(analysis)
    assert len(made) == calls


def test_groups_and_means_are_in_the_order_of_the_run():
    analysis = analyse(RUN)
    labels = ["mini random", "OpenFace random", "OpenFace pretrained"]
    assert [group.label for group in analysis.groups] == labels
    assert analysis.means == RUN.cells
    assert [group.label for group in analysis.trained] == labels[:2]


@pytest.mark.parametrize(("timer", "timed"), [("perf_counter", True), ("process_time", False)])
def test_only_wall_clock_speeds_stay(timer, timed):
    analysis = analyse(dataclasses.replace(RUN, environment=(("timer", timer),)))
    assert (analysis.wall_clock_groups == analysis.groups) == timed
    assert (analysis.wall_clock_groups[0].cells[0].training is not None) == timed
    assert analysis.groups[0].cells[0].training is not None


def test_an_analysis_is_that_of_its_run():
    assert analyse(RUN) == analyse(RUN)
    assert analyse(analyse(RUN).run) == analyse(RUN)
