"""``fer-bench compare``: from two sides of results files to a verdict and an exit status."""

import dataclasses
import json
import math
import subprocess
import sys

import pytest
from click.testing import CliRunner
from made_runs import document, made_cell, made_run

from fer_bench import cli
from fer_bench.results import KEY
from fer_bench.results.records import SCHEMA

GOOD = made_run(made_cell("mini", "random", 0.5, fingerprint="a"))
BAD = made_run(made_cell("mini", "random", 0.4, fingerprint="b"))
OTHER_IMAGES = dataclasses.replace(
    GOOD, dataset=dataclasses.replace(GOOD.dataset, split_digest="ef" * 32)
)


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Run the command in a directory with results files of all kinds."""
    (tmp_path / "pyproject.toml").touch()
    for name, run in (("good", GOOD), ("bad", BAD), ("other", OTHER_IMAGES)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document(run)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*arguments, **how):
        return CliRunner().invoke(cli.main, ["compare", *map(str, arguments)], **how)

    return run


def is_one_line(done, *words):
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


# -- verdicts


@pytest.mark.parametrize(
    ("base", "head", "status", "word"),
    [
        ("good", "good", 0, "NO REGRESSION: no metric got worse"),
        ("bad", "good", 0, "NO REGRESSION: no metric got worse"),
        ("good", "bad", 1, "REGRESSION: mini random accuracy -10.01 points (threshold 0.5pp)"),
        ("good", "other", 2, "NOT DECIDED: "),
    ],
)
def test_the_exit_status_shows_the_verdict(compare, base, head, status, word):
    done = compare(f"{base}.json", f"{head}.json")
    assert (done.exit_code, done.stderr) == (status, "")
    assert done.stdout.startswith(word)


def test_the_last_argument_is_the_head(compare, tmp_path):
    again = {**document(GOOD), "datetime": "later"}
    (tmp_path / "again.json").write_text(json.dumps(again))
    assert compare("good.json", "again.json", "bad.json").exit_code == 1


def test_directories_are_sides(compare, tmp_path):
    for directory, name in (("base", "good"), ("head", "bad")):
        (tmp_path / directory / "1").mkdir(parents=True)
        (tmp_path / f"{name}.json").rename(tmp_path / directory / "1" / "results.json")
        (tmp_path / directory / "plain.json").write_text("{}")
    assert compare("base", "head").exit_code == 1
    assert compare("head", "base").exit_code == 0


# -- rules


@pytest.mark.parametrize(
    ("project", "arguments", "status"),
    [
        ([], [], 1),
        ([], ["--fail-on=accuracy: 20pp"], 0),
        ([], ["--fail-on=accuracy: 20pp", "--fail-on=mini*: accuracy: 1pp"], 1),
        ([], ["--fail-on=accuracy: 1pp", "--fail-on=accuracy: off"], 0),
        (["accuracy: off"], [], 0),
        (["accuracy: off"], ["--fail-on=accuracy: 1pp"], 1),
        (["accuracy: 1pp"], ["--fail-on=mini-random: accuracy: off"], 0),
    ],
)
def test_the_command_line_before_the_project_before_the_defaults(
    compare, tmp_path, project, arguments, status
):
    rules = json.dumps(project)
    (tmp_path / "pyproject.toml").write_text(f"[tool.fer_bench.compare]\nfail_on = {rules}\n")
    assert compare("good.json", "bad.json", *arguments).exit_code == status


def test_the_nearest_pyproject_above_counts(compare, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.fer_bench.compare]\nfail_on = ['accuracy: off']\n"
    )
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert compare("../../good.json", "../../bad.json").exit_code == 0


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[tool.fer_bench.compare]\nfail-on = []", "fail-on"),
        ("[tool.fer_bench.compare", "not valid TOML"),
        ("[tool.fer_bench.compare]\nfail_on = ['accuracy']", "'accuracy' is not a threshold"),
    ],
)
def test_a_mistake_in_the_project_is_one_line(compare, tmp_path, text, cause):
    (tmp_path / "pyproject.toml").write_text(text)
    is_one_line(compare("good.json", "good.json"), str(tmp_path / "pyproject.toml"), cause)


def test_a_mistake_in_a_rule_is_one_line(compare):
    done = compare("good.json", "good.json", "--fail-on=acuracy: 1pp")
    is_one_line(done, "--fail-on: 'acuracy: 1pp'", "did you mean 'accuracy'?")


# -- formats


def test_markdown(compare):
    done = compare("good.json", "bad.json", "--format=markdown")
    assert done.exit_code == 1
    assert done.stdout.startswith("<!-- fer_bench comparison -->\n# Benchmark comparison\n")
    assert "\n**REGRESSION:** mini random accuracy " in done.stdout


def test_json(compare):
    done = compare("good.json", "bad.json", "--format=json")
    assert done.exit_code == 1
    made = json.loads(done.stdout)
    assert (made["format"], made["schema"], made["exit_status"]) == ("fer_bench comparison", 1, 1)
    assert made["changes"][0]["figure"] == "accuracy"
    assert made["changes"][0]["regression"] is True


@pytest.mark.parametrize("form", ["terminal", "markdown", "json", "github"])
def test_a_file_takes_what_would_be_printed(compare, tmp_path, form):
    printed = compare("good.json", "bad.json", f"--format={form}").stdout
    done = compare("good.json", "bad.json", f"--format={form}", "--output=new/text")
    assert (done.exit_code, done.stderr) == (1, "")
    written = (tmp_path / "new" / "text").read_text()
    if form == "github":
        # Commands work on standard output only.
        assert printed == written + done.stdout
        start, command, _ = done.stdout.split("::", 2)
        kind, _, title = command.partition(" title=")
        assert (start, kind, title) == ("", "error", "mini random%3A accuracy WORSE")
    else:
        assert (done.stdout, written) == ("", printed)


@pytest.mark.parametrize("name", ["good.json", "bad.json"])
def test_no_input_is_written_over(compare, tmp_path, name):
    before = (tmp_path / name).read_bytes()
    done = compare("good.json", "bad.json", f"--output={name}")
    assert done.exit_code == 2
    is_one_line(done, name, "accepted: another file")
    assert (tmp_path / name).read_bytes() == before


def test_colours_stand_in_terminals_only_and_not_where_none_are_wanted(compare):
    arguments = ("good.json", "bad.json")
    assert "\x1b[31m" in compare(*arguments, color=True).stdout
    assert "\x1b[" not in compare(*arguments).stdout
    assert "\x1b[" not in compare(*arguments, color=True, env={"NO_COLOR": "1"}).stdout
    assert "\x1b[" not in compare(*arguments, "--format=markdown", color=True).stdout


def test_the_width_is_that_of_the_terminal(compare):
    for width in (80, 100):
        lines = compare("good.json", "bad.json", env={"COLUMNS": str(width)}).stdout.splitlines()
        assert max(map(len, lines)) <= width


def test_the_summary_of_a_step_is_added_to(compare, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    environment = {"GITHUB_STEP_SUMMARY": str(summary)}
    done = compare("good.json", "bad.json", "--format=github", env=environment)
    assert done.exit_code == 1
    assert summary.read_text().startswith("# before\n<!-- fer_bench comparison -->\n")
    before = summary.read_text()
    compare("good.json", "bad.json", env=environment)
    assert summary.read_text() == before


# -- mistakes


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["good.json"],
        ["good.json", "bad.json", "--format=html"],
        ["good.json", "bad.json", "--nonsense"],
        ["good.json", "bad.json", "--output=."],
    ],
)
def test_bad_usage_ends_with_2(compare, arguments):
    done = compare(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Usage: " in done.stderr


def newer(made):
    made[KEY]["schema"] = SCHEMA + 1


def no_number(made):
    made["benchmarks"][0]["extra_info"][KEY]["test_loss"] = math.nan


def cell_twice(made):
    made[KEY]["cells"] *= 2


def not_ours(made):
    del made[KEY]


@pytest.mark.parametrize("which", ["base", "head"])
@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (newer, "update fer_bench"),
        (no_number, "test_loss is nan"),
        (cell_twice, "'mini-random-42' is listed twice"),
        (not_ours, "no 'fer_bench'"),
        ("", "not valid JSON"),
        ('{"fer_bench": {', "not valid JSON"),
        (None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_compared_is_one_line(compare, tmp_path, which, damage, cause):
    path = tmp_path / "broken.json"
    if isinstance(damage, str):
        path.write_text(damage)
    elif damage is not None:
        made = document(GOOD)
        damage(made)
        path.write_text(json.dumps(made))
    sides = ("broken.json", "good.json") if which == "base" else ("good.json", "broken.json")
    is_one_line(compare(*sides), "Error: 'broken.json': ", cause, f"({which}); ")


def test_a_file_twice_on_one_side_is_one_line(compare):
    done = compare("good.json", "good.json", "bad.json")
    is_one_line(done, "good.json is the same file as good.json (base); ")


def test_an_empty_directory_is_one_line(compare, tmp_path):
    (tmp_path / "empty").mkdir()
    is_one_line(compare("good.json", "empty"), "'empty': no results file ", "(head); ")


def test_sides_without_a_cell_in_common_are_one_line(compare, tmp_path):
    run = made_run(made_cell("resnet50", "random", 0.5))
    (tmp_path / "resnet50.json").write_text(json.dumps(document(run)))
    is_one_line(compare("good.json", "resnet50.json"), "mini random", "ResNet-50 random")


def test_a_file_that_cannot_be_written_is_one_line(compare, tmp_path):
    done = compare("good.json", "good.json", "--output=good.json/text")
    is_one_line(done, "cannot write 'good.json/text'")


def test_a_summary_that_cannot_be_added_to_is_one_line(compare, tmp_path):
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path)}
    done = compare("good.json", "good.json", "--format=github", env=environment)
    assert done.exit_code == 2
    assert "GITHUB_STEP_SUMMARY cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_installed_command_ends_with_the_status(tmp_path):
    for name, run in (("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document(run)))
    # The last one ends the process itself.
    code = (
        "from fer_bench.cli import main\n"
        "for name in ('good.json', 'x'):\n"
        "    try:\n"
        "        main(['compare', 'bad.json', name])\n"
        "    except SystemExit as end:\n"
        "        print('ended with', end.code)\n"
        "main(['compare', 'good.json', 'bad.json'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    statuses = [line for line in done.stdout.splitlines() if line.startswith("ended with")]
    assert statuses == ["ended with 0", "ended with 2"]
    assert done.returncode == 1
