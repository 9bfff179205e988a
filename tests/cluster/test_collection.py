"""Results of a run's jobs in one file."""

import dataclasses

import pytest
from made_launches import CELLS, IDS
from made_runs import made_missing

from fer_bench.cluster.collection import collect
from fer_bench.cluster.local import work
from fer_bench.results import read_run
from fer_bench.results.fact_names import NOT_TIMED, SPEED
from fer_bench.runtime.errors import FerBenchError


def test_the_collected_run_is_that_of_one_process(launched):
    found = launched(*CELLS)
    work(found.run)
    merged = collect(found.run)
    note = "training times are of jobs that shared their machine"
    noted = dataclasses.replace(found.complete, environment=((SPEED, f"{note}; {NOT_TIMED}"),))
    assert merged.run == noted
    assert read_run(merged.document) == noted


def test_jobs_that_had_their_machine_alone_are_timed(launched):
    found = launched(*CELLS, shares_machine=False)
    work(found.run)
    assert [cell.without_speed() for cell in collect(found.run).run.cells] == [
        *found.complete.cells
    ]
    assert collect(found.run).run.environment == ()
    assert all(cell.is_timed for cell in collect(found.run).run.cells)


def test_cells_without_results_are_rows_in_the_order_of_the_plan(launched):
    failed = made_missing("mini", "random", "failed", 43, "ValueError: odd")
    found = launched(*CELLS[:3], failed)
    found.let(IDS[1], "exit4")
    work(found.run)
    rows = collect(found.run).run.cells
    assert [(row.id, row.status) for row in rows] == [
        ("mini-pretrained-42", "ok"),
        ("mini-pretrained-43", "ok"),
        ("mini-random-42", "failed"),
        ("mini-random-43", "failed"),
    ]
    assert rows[2].reason == (
        "job 2-mini-random-42 failed: exit status 4; end of its log: log of mini-random-42 | "
        "cause of the failure"
    )
    assert rows[3].reason == "ValueError: odd"


def test_a_run_may_be_collected_before_its_end(launched):
    found = launched(*CELLS)
    with pytest.raises(FerBenchError, match="no job has results yet"):
        collect(found.run)
    found.let(IDS[0], "exit1")
    work(found.run)
    found.run.restart(found.job(IDS[0]))
    row, *others = collect(found.run).run.cells
    assert (row.status, row.reason) == ("skipped", "not run: job 1-mini-pretrained-42 is waiting")
    assert {other.status for other in others} == {"ok"}


def test_the_timing_job_adds_the_speeds_of_each_network(launched):
    found = launched(*CELLS, timing_job=True)
    work(found.run)
    run = collect(found.run).run
    assert [cell.is_timed for cell in run.cells] == [True, False, True, False]
    # Other seeds are never timed, so nothing is missing.
    assert NOT_TIMED not in dict(run.environment)[SPEED]
    assert tuple(cell.without_speed() for cell in run.cells) == found.complete.cells
