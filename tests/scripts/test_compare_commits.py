"""Two commits of a real repository, run in turns and compared."""

import itertools
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import compare_commits
import environments
import pytest
from compare_commits import turns
from environments import fresh
from hypothesis import given
from hypothesis import strategies as st
from made_project import BENCHMARKS, workflow_commands, write_programs


@pytest.fixture
def compare(project, tmp_path, monkeypatch, capfd):
    """Call the script, with a ready environment where no other is named."""
    monkeypatch.chdir(tmp_path)

    def run(base, head, *options, results="results", more=(), ready=True):
        environment = project.environment()
        sides = [f"--python-of-{side}={environment}" for side in ("base", "head")]
        words = [
            base,
            head,
            f"--repository={project.directory}",
            f"--results={tmp_path / results}",
            *(sides if ready else ()),
            *options,
            *more,
        ]
        capfd.readouterr()
        try:
            status = compare_commits.main(words)
        except SystemExit as ended:
            status = ended.code
        printed = capfd.readouterr()
        return SimpleNamespace(returncode=status, stdout=printed.out, stderr=printed.err)

    return run


@given(st.integers(1, 40))
def test_turns_are_fair(rounds):
    order = list(turns(["base", "head"], rounds))
    for side in ("base", "head"):
        assert [number for number, who in order if who == side] == list(range(1, rounds + 1))
    places = {side: [at for at, (_, who) in enumerate(order) if who == side] for _, side in order}
    # What grows or falls steadily with time hits both alike after each second round.
    assert sum(places["head"]) - sum(places["base"]) == rounds % 2
    # No side ever runs three times without the other.
    assert all(len(list(run)) <= 2 for _, run in itertools.groupby(who for _, who in order))


def test_runs_take_turns_after_each_side_trained(project, compare, tmp_path):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "0.60"})
    done = compare(base, head, "--rounds=3", more=["--", "--backbone=mini", "-k", "a or b"])
    assert done.returncode == 0, done.stderr
    trace = project.trace()
    assert [(run["code"], run["timed"], run["trained"]) for run in trace] == [
        ("0.50", False, True),
        ("0.60", False, True),
        *((code, True, False) for code in ["0.50", "0.60", "0.60", "0.50", "0.50", "0.60"]),
    ]
    assert all(
        run["words"][:4] == ["benchmarks", "--backbone=mini", "-k", "a or b"] for run in trace
    )
    found = {
        str(path.relative_to(tmp_path / "results")): path.read_text()
        for path in (tmp_path / "results").rglob("results.json")
    }
    assert found == {
        f"{side}/{number}/results.json": accuracy
        for side, accuracy in (("base", "0.50"), ("head", "0.60"))
        for number in (1, 2, 3)
    }


def test_each_side_runs_its_own_commit_and_nothing_else(project, compare):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "0.60"})
    (project.directory / "accuracy").write_text("not committed")
    assert compare(base, head, "--rounds=2").returncode == 0
    for code in ("0.50", "0.60"):
        mine = [run for run in project.trace() if run["code"] == code]
        others = [run for run in project.trace() if run["code"] != code]
        directories = {run["folder"] for run in mine}
        caches = {run["variables"]["FER_BENCH_CACHE"] for run in mine}
        assert len(mine) == 3
        assert len(directories) == len(caches) == 1
        assert not caches & {run["variables"]["FER_BENCH_CACHE"] for run in others}
        for run in mine:
            assert run["variables"]["PYTHONPATH"].split(os.pathsep)[0] == run["folder"]
            assert f"--store={run['variables']['FER_BENCH_CACHE']}/store" in run["words"]


def test_a_loss_of_accuracy_is_seen_and_reported(project, compare, tmp_path):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "0.40"})
    done = compare(base, head, "--rounds=2")
    assert done.returncode == 1
    sides = [["0.50", "0.50"], ["0.40", "0.40"]]
    assert done.stdout.splitlines()[-1] == f"terminal: {sides}"
    assert (tmp_path / "results" / "comparison.md").read_text() == f"markdown: {sides}"


def test_kept_stores_serve_their_own_commit_only(project, compare, tmp_path):
    base, better = project.commit(BENCHMARKS), project.commit({"accuracy": "0.60"})
    worse = project.commit({"accuracy": "0.40"})
    kept = f"--stores={tmp_path / 'stores'}"
    assert compare(base, better, kept, "--rounds=1", results="first").returncode == 0
    assert compare(better, worse, kept, "--rounds=1", results="second").returncode == 1
    trained = [run["code"] for run in project.trace() if run["trained"]]
    assert trained == ["0.50", "0.60", "0.40"]


def test_a_kept_store_serves_the_same_versions_only(project, compare, tmp_path, monkeypatch):
    one = project.commit(BENCHMARKS)
    for number, version in enumerate(["1.0", "1.0", "2.0"]):
        library = tmp_path / "libraries" / version
        facts = library / "thing-1.dist-info"
        facts.mkdir(parents=True, exist_ok=True)
        text = f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n"
        (facts / "METADATA").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(library))
        kept = f"--stores={tmp_path / 'stores'}"
        assert compare(one, one, kept, "--rounds=1", results=f"r{number}").returncode == 0
    training = [run for run in project.trace() if not run["timed"]]
    # Both sides are one commit here, so of each pair the second finds what the first one stored.
    assert [run["trained"] for run in training] == [True, False, False, False, True, False]


def test_without_kept_stores_one_commit_is_trained_on_both_sides(project, compare):
    one = project.commit(BENCHMARKS)
    assert compare(one, one, "--rounds=1").returncode == 0
    assert [run["trained"] for run in project.trace()] == [True, True, False, False]


@pytest.mark.parametrize("accuracy", ["0.60", "ends with 3"])
def test_no_worktree_is_left(project, compare, accuracy):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": accuracy})
    compare(base, head, "--rounds=1")
    assert len(project.git("worktree", "list").splitlines()) == 1
    assert not any(Path(run["folder"]).exists() for run in project.trace())


def test_a_run_that_fails_ends_the_comparison(project, compare, tmp_path):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "ends with 1"})
    done = compare(base, head)
    assert done.returncode == 2
    *shown, error = done.stderr.splitlines()
    assert "the reason why" in shown
    log = tmp_path / "results" / "logs" / "head-training.txt"
    assert error.startswith("compare_commits: training the ")
    assert "the head ended" in error
    assert error.endswith(f" exit status 1; see {str(log)!r}")
    assert "the reason why" in log.read_text()


def test_a_run_without_results_ends_the_comparison(project, compare):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "no results"})
    done = compare(base, head)
    assert done.returncode == 2
    assert "head wrote no results" in done.stderr


def test_where_all_benchmarks_measure_speed_none_is_run_untimed(project, compare):
    base = project.commit({**BENCHMARKS, "accuracy": "0.50 no tests"})
    head = project.commit({"accuracy": "0.60 no tests"})
    done = compare(base, head, "--rounds=1")
    assert done.returncode == 0, done.stderr


def test_unknown_commits_are_named_before_anything_is_done(project, compare, tmp_path, snapshot):
    base = project.commit(BENCHMARKS)
    assert compare("nowhere", base).returncode == 2
    done = compare(base, "nowhere")
    assert str(project.directory) in done.stderr
    assert done.stderr.replace(str(project.directory), "PROJECT") == snapshot
    assert not (tmp_path / "results").exists()


def test_results_are_not_mixed_with_earlier_ones(project, compare, tmp_path):
    base = project.commit(BENCHMARKS)
    assert compare(base, base, "--rounds=1").returncode == 0
    before = sorted((tmp_path / "results").rglob("*"))
    done = compare(base, base, "--rounds=1")
    assert done.returncode == 2
    assert f"--results {str(tmp_path / 'results')!r} is not empty" in done.stderr
    assert sorted((tmp_path / "results").rglob("*")) == before


def test_a_base_without_fer_bench_cannot_be_compared(project, compare, tmp_path):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "0.60"})
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "python").symlink_to(sys.executable)
    done = compare(base, head, f"--python-of-base={bare / 'python'}")
    assert done.returncode == 2
    assert f"the base {base} cannot be run" in done.stderr
    assert str(bare / "fer-bench") in done.stderr
    assert not Path(os.environ["TRACE"]).exists()


def test_a_python_that_is_none_is_named(project, compare):
    base = project.commit(BENCHMARKS)
    name = "nothing-of-this-name"
    done = compare(base, base, f"--python-of-head={name}")
    assert done.returncode == 2
    assert f"{name!r} is no program" in done.stderr


def test_a_project_without_benchmarks_gets_those_of_fer_bench(project, compare):
    base = project.commit({"accuracy": "0.50"})
    head = project.commit({"accuracy": "0.60"})
    assert compare(base, head, "--rounds=1").returncode == 0
    for run in project.trace():
        assert run["words"][0] == "those of fer_bench"


def test_a_side_that_cannot_run_those_of_fer_bench_cannot_be_compared(project, compare, tmp_path):
    base = project.commit({"accuracy": "0.50"})
    old = tmp_path / "old"
    write_programs(old)
    (old / "python").symlink_to(sys.executable)
    (old / "fer-bench").write_text("#!/bin/sh\necho \"No such command 'run'.\" >&2\nexit 2\n")
    done = compare(base, base, f"--python-of-base={old / 'python'}")
    assert done.returncode == 2
    assert "the base has no 'benchmarks', and its fer_bench has no command 'run'" in done.stderr
    assert not Path(os.environ["TRACE"]).exists()


def test_benchmarks_that_only_the_head_has_cannot_be_compared(project, compare):
    base = project.commit({"accuracy": "0.50"})
    head = project.commit(BENCHMARKS)
    done = compare(base, head)
    assert done.returncode == 2
    assert "base has no 'benchmarks'" in done.stderr


def test_benchmarks_may_lie_elsewhere(project, compare, tmp_path):
    base = project.commit({"accuracy": "0.50", "speed/test_speed.py": ""})
    head = project.commit({"accuracy": "0.60"})
    (tmp_path / "mine").mkdir()
    for number, path in enumerate(["speed", str(tmp_path / "mine")]):
        done = compare(base, head, "--rounds=1", f"--benchmarks={path}", results=f"r{number}")
        assert done.returncode == 0, done.stderr
        assert project.trace()[-1]["words"][0] == path
    done = compare(base, head, "--benchmarks=slow", results="r3")
    assert done.returncode == 2
    assert "base has no 'slow'" in done.stderr


def test_rules_and_format_reach_the_comparison(project, compare):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "0.40"})
    done = compare(base, head, "--rounds=1", "--fail-on=accuracy: off", "--format=github")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "github: [['0.50'], ['0.40']]"


def test_on_github_errors_are_annotations(project, compare):
    base = project.commit(BENCHMARKS)
    done = compare(base, "nowhere", "--format=github")
    assert done.stderr.startswith("::error title=Not compared::")
    assert "::'nowhere' names no commit" in done.stderr
    done = compare(base, "5% more", "--format=github")
    assert done.stderr.startswith("::error title=Not compared::")
    assert "::'5%25 more' names no commit" in done.stderr


@pytest.mark.parametrize("form", ["terminal", "github"])
def test_a_mistake_in_the_script_is_no_regression(monkeypatch, capsys, form):
    def fails(*_):
        raise ZeroDivisionError("::error::planted")

    monkeypatch.setattr(compare_commits, "compare_commits", fails)
    assert compare_commits.main(["main", "HEAD", f"--format={form}"]) == 2
    done = capsys.readouterr()
    assert done.out == ""
    assert "Traceback" in done.err
    mistake = "a mistake in this script: ZeroDivisionError('::error::planted')\n"
    if form == "github":
        (command,) = workflow_commands(done.err)
        assert f"{command}\n" == f"::error title=Not compared::{mistake}"
    else:
        assert done.err.endswith(f"\ncompare_commits: {mistake}")


@pytest.mark.parametrize("status", [1, 3])
def test_a_comparison_that_breaks_off_is_no_regression(project, compare, status):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": f"breaks {status}"})
    done = compare(base, head, "--rounds=1")
    assert done.returncode == 2
    assert "compare broke off" in done.stderr


def test_an_inconclusive_comparison_says_so(project, compare):
    base, head = project.commit(BENCHMARKS), project.commit({"accuracy": "breaks 2"})
    assert compare(base, head, "--rounds=1").returncode == 2


@pytest.mark.parametrize("rounds", ["0", "-1", "1000", "five", "٣", ""])
def test_rounds_are_a_number(project, compare, rounds):
    base = project.commit(BENCHMARKS)
    done = compare(base, base, f"--rounds={rounds}")
    assert done.returncode == 2
    assert f"{rounds!r} is not accepted; " in done.stderr
    assert " accepted: 1 to 999" in done.stderr


@pytest.mark.usefixtures("without_pip")
def test_a_commit_that_cannot_be_installed_cannot_be_compared(project, compare, tmp_path):
    base = project.commit(BENCHMARKS)
    done = compare(base, base, "--install=echo what is wrong; false; true", ready=False)
    assert done.returncode == 2
    *shown, error = done.stderr.splitlines()
    assert "what is wrong" in shown
    log = tmp_path / "results" / "logs" / "base-install.txt"
    assert error.startswith("compare_commits: installing the ")
    assert "the base ended" in error
    assert error.endswith(f" exit status 1; see {str(log)!r}")


def test_a_fresh_environment_is_made_with_pip(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(environments, "run", lambda what, command, *_: commands.append(command))
    fresh("base", tmp_path / "environment", tmp_path, "pip install .", tmp_path / "log.txt")
    assert commands == [
        [sys.executable, "-m", "venv", str(tmp_path / "environment")],
        ["sh", "-ec", "pip install ."],
    ]


@pytest.mark.soak
def test_a_fresh_environment_has_a_pip_of_its_own(tmp_path):
    directory, log = tmp_path / "environment", tmp_path / "log.txt"
    install = "command -v pip; python -c 'import pip, sys; print(sys.prefix, pip.__file__)'"
    made = fresh("base", directory, tmp_path, install, log)
    assert made.python == directory / "bin" / "python"
    program, line = log.read_text().splitlines()[-3:-1]
    assert program == str(directory / "bin" / "pip")
    prefix, module = line.split()
    assert prefix == str(directory)
    assert Path(module).is_relative_to(directory)
