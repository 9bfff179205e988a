"""A run planned and ready to start."""

import dataclasses
import json
import sys

import pytest
from made_launches import PROGRAM, Launched, planned
from made_runs import document, made_run

from fer_bench.cluster.plan import Plan, plan_jobs
from fer_bench.cluster.run_directory import RunDirectory


@pytest.fixture
def launched(tmp_path):
    """Return a function that plans a run of these cells, each of them trained and timed."""

    def launch(*cells, cells_per_job=1, timing_job=False, retries=1, shares_machine=True):
        place = tmp_path / "place"
        place.mkdir()
        (place / "program.py").write_text(PROGRAM)
        timed = made_run(*cells)
        untimed = dataclasses.replace(
            timed,
            cells=tuple(cell.without_speed() for cell in cells),
            environment=(("speed", "not measured (--no-timing)"),),
        )
        for name, run in (("timed", timed), ("untimed", untimed)):
            (place / f"{name}.json").write_text(json.dumps(document(run)))
        listed = planned(timed)
        plan = Plan(
            command=(sys.executable, "-S", str(place / "program.py"), str(place)),
            options=("--backbone=mini",),
            directory=str(tmp_path),
            listed=listed,
            jobs=plan_jobs(listed.cells, cells_per_job, timing_job=timing_job),
            shares_machine=shares_machine,
            retries=retries,
        )
        run = RunDirectory(tmp_path / "run")
        run.write_plan(plan)
        return Launched(run, place, plan, untimed)

    return launch
