"""Cells to jobs."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.cluster.plan import TIMING, CellList, Job, Plan, PlannedCell, plan_jobs, prefix_of
from fer_bench.protocol.cell import Cell
from fer_bench.runtime.errors import FerBenchError


def cells_of(backbones, inits=("pretrained", "random"), heads=("linear",), seeds=(42,)):
    """Cells in the order of a run."""
    every = itertools.product(backbones, inits, heads, seeds)
    return [
        PlannedCell(Cell(backbone, init, "sketch", seed, head), backbone.title())
        for backbone, init, head, seed in every
    ]


def test_the_first_jobs_compute_the_features_of_the_later_ones():
    jobs = plan_jobs(cells_of(["mini", "resnet50"], seeds=(1, 2)))
    assert jobs == (
        Job("1-mini-pretrained-1", ("mini-pretrained-1",)),
        Job("2-mini-random-1", ("mini-random-1",)),
        Job("3-resnet50-pretrained-1", ("resnet50-pretrained-1",)),
        Job("4-resnet50-random-1", ("resnet50-random-1",)),
        Job("5-mini-pretrained-2", ("mini-pretrained-2",)),
        Job("6-mini-random-2", ("mini-random-2",)),
        Job("7-resnet50-pretrained-2", ("resnet50-pretrained-2",)),
        Job("8-resnet50-random-2", ("resnet50-random-2",)),
    )


def test_cells_that_share_a_prefix_follow_each_other():
    """Heads of one random network share its frozen layers, seeds of one do not."""
    cells = cells_of(["mini"], ["random"], ["linear", "mlp:9", "knn"], (1, 2))
    (job,) = plan_jobs(cells, 6)
    assert job.cells == (
        *("mini-random-1", "mini-random-mlp9-1"),
        *("mini-random-2", "mini-random-mlp9-2"),
        *("mini-random-knn-1", "mini-random-knn-2"),
    )


def test_the_timing_job_has_each_network_once():
    *others, timing = plan_jobs(cells_of(["mini"], seeds=(3, 4, 5)), 3, timing_job=True)
    assert [job.is_timing for job in others] == [False, False]
    assert timing == Job(TIMING, ("mini-pretrained-3", "mini-random-3"), is_timing=True)


@given(
    st.sets(st.sampled_from(["mini", "keras:A/b", "x" * 99]), min_size=1),
    st.sets(st.sampled_from(["linear", "mlp:8", "knn"]), min_size=1),
    st.integers(1, 5),
    st.integers(1, 7),
)
def test_each_cell_is_in_one_job_and_each_job_has_one_network(backbones, heads, seeds, most):
    cells = cells_of(sorted(backbones), heads=sorted(heads), seeds=range(seeds))
    by_id = {one.cell.id: one.cell for one in cells}
    jobs = plan_jobs(cells, most)
    found = [cell for job in jobs for cell in job.cells]
    assert sorted(found) == sorted(by_id)
    assert len({job.id for job in jobs}) == len(jobs)
    for job in jobs:
        assert 1 <= len(job.cells) <= most
        assert len({(by_id[cell].backbone, by_id[cell].init) for cell in job.cells}) == 1
        assert "/" not in job.id
        assert len(job.id) < 80
        prefixes = [prefix_of(by_id[cell]) for cell in job.cells]
        assert len(list(itertools.groupby(prefixes))) == len(set(prefixes))


@pytest.fixture
def plan():
    listed = CellList(tuple(cells_of(["mini"], seeds=(1, 2))), {"epochs": "2"}, "store", True)
    return Plan(("pytest",), ("--seeds=2",), "/here", listed, plan_jobs(listed.cells), True, 1)


def test_a_repeated_command_keeps_the_jobs_and_may_add_the_timing_job(plan):
    again = dataclasses.replace(
        plan, jobs=plan_jobs(plan.listed.cells, 2, timing_job=True), shares_machine=False, retries=5
    )
    found = plan.continued(again)
    assert found.jobs == (*plan.jobs, again.jobs[-1])
    assert (found.shares_machine, found.retries) == (True, 5)
    assert found.continued(again) == found


@pytest.mark.parametrize("change", [{"options": ()}, {"directory": "/there"}])
def test_another_run_is_refused(plan, change):
    with pytest.raises(FerBenchError, match="another ") as refused:
        plan.continued(dataclasses.replace(plan, **change))
    assert refused.value.hint == "choose another --run-dir"


def test_a_job_is_an_ordinary_run_of_its_cells(plan):
    job, timing = Job("1", ("a", "b")), Job("t", ("a",), is_timing=True)
    assert plan.arguments(job) == ["--fer-cells=a,b", "--fer-no-timing"]
    assert plan.arguments(timing) == ["--fer-cells=a"]


def test_jobs_measure_speeds_if_each_has_its_machine_and_no_other_does(plan):
    alone = dataclasses.replace(plan, shares_machine=False)
    assert alone.arguments(alone.jobs[0]) == ["--fer-cells=mini-pretrained-1"]
    timing = Job(TIMING, ("a",), is_timing=True)
    with_timing = dataclasses.replace(alone, jobs=(*alone.jobs, timing))
    assert with_timing.arguments(alone.jobs[0])[1:] == ["--fer-no-timing"]
    untimed = dataclasses.replace(plan.listed, is_timed=False)
    untimed = dataclasses.replace(alone, listed=untimed)
    assert untimed.arguments(alone.jobs[0])[1:] == ["--fer-no-timing"]
