"""A run of a thousand jobs is read and merged in less than a minute."""

import dataclasses
import json
import time

import pytest
from click.testing import CliRunner
from made_launches import planned
from made_runs import document, made_cell, made_run

from fer_bench.cli import main
from fer_bench.cluster.plan import Plan, plan_jobs
from fer_bench.cluster.run_directory import CellOutcome, JobState, RunDirectory
from fer_bench.results import KEY, load_run

JOBS = 1000


@pytest.mark.soak
def test_a_thousand_jobs(tmp_path, monkeypatch):
    made = made_run(
        *(
            made_cell(f"net{number}", init, 0.2 + number / 1000, seed=seed, fingerprint=f"{seed}")
            for number in range(100)
            for init in ("pretrained", "random")
            for seed in range(5)
        )
    )
    listed = planned(made)
    jobs = plan_jobs(listed.cells, 1)
    assert len(jobs) == JOBS
    run = RunDirectory(tmp_path / "run")
    run.write_plan(Plan(("true",), (), str(tmp_path), listed, jobs, True, 2))
    by_id = {cell.id: cell for cell in made.cells}
    for job in jobs:
        (name,) = job.cells
        of_job = document(dataclasses.replace(made, cells=(by_id[name],)))
        outcomes = (CellOutcome(name, "ok"),)
        run.write_state(job, JobState("done", 1, "host", 1, 1.0, 2.0, cells=outcomes))
        run.results(job).write_text(json.dumps(of_job))
    monkeypatch.chdir(tmp_path)
    seconds = {}
    for words in (["status", "-v"], ["collect"]):
        started = time.perf_counter()
        done = CliRunner().invoke(main, words)
        seconds[words[0]] = time.perf_counter() - started
        assert (done.exit_code, done.stderr) == (0, "")
    assert [cell.id for cell in load_run("report/results.json").cells] == [*by_id]
    assert json.loads((tmp_path / "report/results.json").read_text())[KEY]["schema"]
    print(seconds)
    assert sum(seconds.values()) < 60
