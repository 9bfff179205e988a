"""The examples of docs/cluster.md are accepted as they are."""

import json
import re
import shlex
import textwrap
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from fer_bench.cli import main
from fer_bench.cluster.parallel_config import ParallelConfig, read_config
from fer_bench.cluster.plan import CellList, Plan
from fer_bench.cluster.run_directory import RunDirectory
from fer_bench.cluster.submission import submit

PAGE = (Path(__file__).parents[2] / "docs/cluster.md").read_text("utf-8")
BLOCKS = [
    textwrap.dedent(block).strip() for block in re.findall(r"(?:^(?: {4}.*)?\n)+", PAGE, re.M)
]


def block(start):
    """Return the code block that begins with a text."""
    (found,) = (one for one in BLOCKS if one.startswith(start))
    return found


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return lambda words: CliRunner().invoke(main, words)


def read(text, directory):
    path = directory / "cluster.yml"
    path.write_text(text)
    return read_config(path)


def test_several_gpus(tmp_path):
    assert read(block("backend: local"), tmp_path) == ParallelConfig(processes=4)


def test_slurm(tmp_path):
    pytest.importorskip("submitit", reason="needs the cluster extra")
    config = read(block("backend: submitit"), tmp_path)
    assert (config.backend, config.cells_per_job) == ("submitit", 4)
    run = RunDirectory(tmp_path / "run")
    run.write_plan(Plan((), (), "", CellList((), {}, "", is_timed=True), (), True, 0))
    # This executor checks the names of all schedulers' parameters.
    assert submit(run, {**config.parameters, "cluster": "debug"}) == []


def test_kubernetes(invoke):
    (container,) = yaml.safe_load(block("apiVersion"))["spec"]["template"]["spec"]["containers"]
    program, command, *words = container["command"]
    assert (program, command) == ("fer-bench", "launch")
    done = invoke([command, "--dry-run", *words])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 8 * 5 + 3


def test_github(invoke):
    jobs = yaml.safe_load(block("jobs:"))["jobs"]
    (line,) = (step["run"] for step in jobs["plan"]["steps"] if step.get("id") == "cells")
    words = shlex.split(re.search(r"\$\(fer-bench (.*?)\)", line)[1])
    matrix = json.loads(invoke(words).stdout)
    assert sum(len(row["cells"].split(",")) for row in matrix["include"]) == 10
    used = set(re.findall(r"matrix\.(\w+)", json.dumps(jobs["cells"]["steps"])))
    assert {key for row in matrix["include"] for key in row} == used


def test_every_key_of_the_table_is_a_setting():
    keys = set(re.findall(r"^\| `(\w+)`", PAGE, re.M)) - {"cluster"}
    assert keys | {"parameters"} == {*vars(ParallelConfig())}
