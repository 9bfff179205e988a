"""``fer-bench run``: pytest on the packaged benchmarks, from any directory."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import fer_bench
from fer_bench.cli import main, run
from fer_bench.plugin.options import OPTIONS

CLONE = Path(__file__).parents[2] / "benchmarks"
PACKAGED = Path(fer_bench.__file__).parent / "benchmarks"
CONFTEST = """
from fer_bench import Backbone, register_backbone

register_backbone(Backbone("own", "Own", 48, 1.0, (0.0, 0.0, 0.0), lambda: None, "own 1"))


def pytest_addoption(parser):
    parser.addoption("--seed")
"""
IDS = [
    "test_inference_speed[own-random-42-1]",
    "test_inference_speed[own-random-42-32]",
    "test_network_training_speed[own-random-42]",
    "test_quality[own-random-42]",
    "test_training_speed[own-random-42]",
]


@pytest.fixture
def started(monkeypatch):
    """Return a function that returns the arguments with which a command starts pytest."""
    commands = []
    monkeypatch.setattr(os, "execv", lambda _, words: commands.append(words))

    def start(*arguments):
        commands.clear()
        result = CliRunner().invoke(main, ["run", *arguments])
        assert (result.exit_code, result.output) == (0, "")
        ((_, _, _, *words),) = commands
        return words

    return start


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-q", "-vv", "-k", "not speed", "--", "-x"],
        ["--init", "random", "--version", "-rA", "-khuge"],
        ["-k", "-h"],
        ["-q", "--help"],
    ],
)
def test_all_arguments_go_to_pytest(started, monkeypatch, arguments):
    monkeypatch.setattr(run, "find_spec", lambda name: name)
    assert started(*arguments) == ["--pyargs", "fer_bench.benchmarks", *arguments]


def test_an_editable_installation_runs_the_benchmarks_of_its_clone(started, monkeypatch):
    monkeypatch.setattr(run, "find_spec", lambda _: None)
    assert started("-q") == ["--pyargs", "benchmarks", "-q"]


def test_values_that_are_paths_are_joined_with_their_options(started, tmp_path):
    """On its own, a path would decide where pytest looks for its settings and conftest.py."""
    words = ["--dataset", str(tmp_path), "--fer-limit", "9", "--no-timing", str(tmp_path)]
    *_, data, limit, flag, path = started(*words)
    assert data == f"--dataset={tmp_path}"
    assert limit == "--fer-limit=9"
    assert (flag, path) == ("--no-timing", str(tmp_path))


def test_on_windows_it_ends_with_the_status_of_pytest(monkeypatch):
    """There execv starts another process and ends its own at once, with status 0."""
    commands, ignored = [], []
    monkeypatch.setattr(run, "_ON_WINDOWS", True)
    monkeypatch.setattr(signal, "signal", lambda *words: ignored.append(words))
    monkeypatch.setattr(subprocess, "call", lambda words: commands.append(words) or 5)
    assert CliRunner().invoke(main, ["run", "-q"]).exit_code == 5
    assert [words[-1] for words in commands] == ["-q"]
    # Ctrl-C reaches both processes and must end only pytest.
    assert ignored == [(signal.SIGINT, signal.SIG_IGN)]


@pytest.mark.parametrize("words", [["--help"], ["-h", "-q"]])
def test_help_describes_each_option_of_the_benchmarks(words):
    result = CliRunner().invoke(main, ["run", *words])
    assert result.exit_code == 0
    for option in OPTIONS:
        assert f"\n  {option.short or option.flag} " in result.output


def test_it_runs_in_any_directory_under_the_node_ids_of_a_clone(tmp_path):
    here, faces = tmp_path / "here", tmp_path / "faces"
    here.mkdir()
    faces.mkdir()
    (here / "conftest.py").write_text(CONFTEST)
    words = ["--backbone=own", "--init=random", "--seed", "3", "--dataset", str(faces)]
    done = subprocess.run(
        [sys.executable, "-m", "fer_bench", "run", *words, "--collect-only", "-q"],
        cwd=here,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    collected = [line for line in done.stdout.splitlines() if "::" in line]
    assert sorted(collected) == [f"benchmarks/{name.partition('[')[0]}.py::{name}" for name in IDS]
    assert not list(faces.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "here"}


@pytest.mark.skipif(not PACKAGED.exists(), reason="the installation is editable")
def test_a_wheel_has_the_benchmarks_of_the_clone():
    clone, packaged = (
        {path.name: path.read_bytes() for path in directory.glob("*.py")}
        for directory in (CLONE, PACKAGED)
    )
    assert len(clone) > 4
    assert packaged == clone
