"""``fer-bench cells``, ``launch``, ``status`` and ``collect``: cells as jobs."""

import dataclasses
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_runs import document, made_cell, made_missing, made_run

from fer_bench.cli import main
from fer_bench.cluster import local
from fer_bench.cluster.plan import CellList, Plan, PlannedCell, plan_jobs
from fer_bench.cluster.run_directory import CellOutcome, JobState, RunDirectory
from fer_bench.protocol.cell import Cell
from fer_bench.results import load_run
from fer_bench.results.fact_names import NOT_TIMED, SPEED

needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run a command in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    return lambda *arguments: CliRunner().invoke(main, [*map(str, arguments)])


def is_one_line(done, *words):
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_cells_are_a_matrix_for_github(invoke):
    done = invoke("cells", "--json", "--cells-per-job=2", "--seeds=3", "--init", "random")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "include": [
            {"job": "1-mini-random-42", "cells": "mini-random-42,mini-random-43"},
            {"job": "2-mini-random-44", "cells": "mini-random-44"},
        ]
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seeds=2", "--shard=1/2"], ["--shard=1/2", "omit --shard"]),
        (["--cells=mini-randon-42"], ["'mini-randon-42'", "did you mean 'mini-random-42'?"]),
        (["-k", "none-of-them"], ["no tests collected"]),
    ],
)
def test_options_without_cells_are_one_line(invoke, options, words):
    is_one_line(invoke("cells", *options), *words)


def test_a_dry_run_shows_jobs_and_what_is_unknown(invoke, tmp_path):
    done = invoke("launch", "--dry-run", "--timing-job", "--", "--seeds=2", "--store=s")
    assert (done.exit_code, done.stderr) == (0, "")
    *jobs, time, disk, store = done.stdout.splitlines()
    assert jobs == [
        "1-mini-pretrained-42: mini-pretrained-42",
        "2-mini-random-42: mini-random-42",
        "3-mini-pretrained-43: mini-pretrained-43",
        "4-mini-random-43: mini-random-43",
        "timing (all speeds, alone): mini-pretrained-42, mini-random-42",
    ]
    assert time.startswith("time: unknown for 4 cells (mini-pretrained-42, ")
    assert disk.startswith("disk: 0 B of frozen features and an unknown size for mini pretrained")
    assert repr(str(tmp_path / "s")) in store
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("options", "processes"), [([], 2), (["--data-parallel"], 1)])
def test_a_process_has_one_gpu_unless_batches_are_divided(invoke, monkeypatch, options, processes):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    started = []
    monkeypatch.setattr(local, "start_slots", lambda _, count: started.append(count) or [])
    monkeypatch.setattr(local, "wait", lambda *_: None)
    done = invoke("launch", "--", "--init=random", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    assert started == [processes]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("backend: ray", ["'ray'", "cluster.yml"]),
        ("processes: 0", ["processes is 0"]),
        ("cells_per_job: many", ["int", "cells_per_job"]),
        ("slurm_partition: gpu", ["slurm_partition", "backend local"]),
        ("backend: submitit\nprocesses: 2", ["slurm_array_parallelism"]),
        ("- backend", ["not a mapping"]),
        ("backend: [", ["cluster.yml"]),
        ("a: &a [*a]", ["cluster.yml"]),
        ("!!python/object/apply:os.system [ls]", ["cluster.yml"]),
    ],
)
def test_a_setting_that_is_not_accepted_is_one_line(invoke, tmp_path, text, words):
    (tmp_path / "cluster.yml").write_text(text)
    is_one_line(invoke("launch", "--parallel-config=cluster.yml"), *words)
    assert not (tmp_path / "run").exists()


def test_a_timing_job_measures(invoke):
    is_one_line(invoke("launch", "--timing-job", "--", "--no-timing"), "--timing-job")


@pytest.fixture
def ended(tmp_path):
    """Return a run in which a job is done, one failed, one was killed and one waits."""
    cells = [made_cell("mini", "pretrained", seed=seed, fingerprint=str(seed)) for seed in (1, 2)]
    failed = made_missing("mini", "random", "failed", 1, "ValueError: odd \x1b[31m")
    others = [made_missing("mini", "random", "failed", seed) for seed in (2, 3)]
    made = dataclasses.replace(made_run(*cells, failed, *others), environment=((SPEED, NOT_TIMED),))
    listed = CellList(
        tuple(
            PlannedCell(Cell(one.backbone, one.init, one.dataset, one.seed), one.title)
            for one in made.cells
        ),
        {},
        "",
        is_timed=True,
    )
    jobs = plan_jobs(listed.cells, 1)
    run = RunDirectory(tmp_path / "run")
    run.write_plan(Plan((sys.executable,), (), str(tmp_path), listed, jobs, True, 2))
    states = {
        "mini-pretrained-1": JobState("done", 1, "host", 1, 10.0, 20.0),
        "mini-random-1": JobState("done", 1, "host", 2, 10.0, 25.0),
        "mini-random-2": JobState("failed", 3, "host", 3, 10.0, 30.0, "killed by signal 9"),
        "mini-random-3": JobState("running", 1, "host", 4, 10.0),
    }
    for job in jobs:
        (name,) = job.cells
        if name not in states:
            continue
        (cell,) = (one for one in made.cells if one.id == name)
        state = states[name]
        if state.status == "done":
            of_job = dataclasses.replace(made, cells=(cell,))
            run.directory(job).mkdir(parents=True)
            run.results(job).write_text(json.dumps(document(of_job)))
            outcome = CellOutcome(cell.id, cell.status, cell.reason)
            state = dataclasses.replace(state, cells=(outcome,))
        run.write_state(job, state)
        run.log(job).write_text(f"first\nlast of {name} \x1b[0m\n")
    return run


@pytest.mark.usefixtures("ended")
def test_status_shows_what_needs_attention(invoke):
    done = invoke("status")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "5 jobs: 1 complete, 1 incomplete, 1 waiting, 1 failed, 1 killed; 1 of 5 cells" in (
        done.stdout
    )
    assert "2-mini-random-1\n  mini-random-1 failed: ValueError: odd" in done.stdout
    assert "4-mini-random-2: killed by signal 9\n  | first\n  | last of mini-rand" in done.stdout
    assert "1-mini-pretrained-1" not in done.stdout
    assert "\x1b" not in done.stdout
    assert "1-mini-pretrained-1" in invoke("status", "run", "-v").stdout


@pytest.mark.usefixtures("ended")
def test_collect_writes_results_and_report_with_a_row_for_each_cell(invoke):
    done = invoke("collect", "--report-dir=here")
    assert done.exit_code == 1
    rows = {cell.id: (cell.status, cell.reason) for cell in load_run("here/results.json").cells}
    assert rows["mini-pretrained-1"] == ("ok", "")
    assert rows["mini-pretrained-2"] == (
        "skipped",
        "not run: job 3-mini-pretrained-2 is waiting",
    )
    assert rows["mini-random-1"][0] == "failed"
    assert rows["mini-random-2"] == (
        "failed",
        "job 4-mini-random-2 failed: killed by signal 9; end of its log: first | last of "
        "mini-random-2 \x1b[0m",
    )
    assert Path("here/index.html").is_file()
    assert "--timing-job" in done.stdout


@pytest.mark.parametrize("name", ["status", "collect"])
def test_a_directory_without_a_run_is_one_line(invoke, name):
    is_one_line(invoke(name, "nowhere"), "nowhere", "no run was launched here")
