"""``--fer-compare``: a run held against an earlier one, and what pytest-benchmark makes of it."""

import base64
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from made_runs import document, made_cell, made_run
from made_session import BENCHMARK, CONFTEST

from fer_bench.metrics import confusion, recall
from fer_bench.results import KEY

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


@pytest.fixture
def session(run_pytest, pytester):
    """Run a session that has measured one cell."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(BENCHMARK)
    for name, share in (("same", 0.5), ("better", 0.6)):
        run = made_run(made_cell("mini", "random", share, fingerprint=name))
        (pytester.path / f"{name}.json").write_text(json.dumps(document(run)))

    def run(*arguments):
        return run_pytest(*arguments)

    return run


def errors(result):
    return [line for line in result.outlines if line.startswith("ERROR: ")]


def comparison(pytester):
    return json.loads((pytester.path / "report" / "comparison.json").read_text())


def files(pytester):
    return sorted(path.name for path in (pytester.path / "report").glob("comparison*"))


@pytest.mark.usefixtures("undrawn")
def test_a_run_that_is_no_worse_passes_and_the_next_one_leaves_no_comparison(session, pytester):
    result = session("--fer-compare=same.json")
    assert result.ret == pytest.ExitCode.OK
    assert errors(result) == []
    lines = result.outlines
    (verdict,) = (at for at, line in enumerate(lines) if line.startswith("NO REGRESSION: "))
    (tables,) = (at for at, line in enumerate(lines) if line.startswith("always Happy "))
    assert verdict > tables
    assert files(pytester) == ["comparison.json", "comparison.md"]
    assert comparison(pytester)["exit_status"] == 0
    written = pytester.path / "report" / "comparison.md"
    assert "NO REGRESSION" in written.read_text()

    written.write_text("# Of somebody else")
    assert session().ret == pytest.ExitCode.OK
    assert files(pytester) == ["comparison.md"]


def test_a_run_that_is_worse_fails_and_leaves_its_complete_report(session, pytester):
    pytester.makepyprojecttoml(
        "[tool.fer_bench.compare]\nfail_on = ['accuracy: 30pp', 'loss: 7%']\n"
    )
    result = session("--fer-compare=better.json", "--fer-fail-on=accuracy: 1pp")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert line.startswith("ERROR: --fer-compare: REGRESSION: mini random accuracy ")
    assert any("WORSE" in line for line in result.outlines)
    made = comparison(pytester)
    assert made["exit_status"] == 1
    # The option before the project before the defaults.
    rules = {change["figure"]: change["rule"] for change in made["changes"]}
    assert rules["accuracy"]["text"] == "1pp"
    assert rules["loss"]["text"] == "7%"
    assert (pytester.path / "report" / "index.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_bases_and_rules_may_stand_in_an_ini_file(session, pytester):
    pytester.makeini("[pytest]\nfer_compare = better.json, more\nfer_fail_on = accuracy: 30pp\n")
    (pytester.path / "more").mkdir()
    again = {**json.loads((pytester.path / "better.json").read_text()), "datetime": "later"}
    (pytester.path / "more" / "results.json").write_text(json.dumps(again))
    assert session().ret == pytest.ExitCode.OK
    made = comparison(pytester)
    assert "better.json and 1 more" in made["base"]
    assert made["changes"][0]["rule"]["text"] == "30pp"


@pytest.mark.usefixtures("undrawn")
def test_a_comparison_that_cannot_be_made_fails_and_leaves_none(session, pytester):
    session("--fer-compare=same.json")
    assert files(pytester) == ["comparison.json", "comparison.md"]
    run = made_run(made_cell("resnet50", "random", 0.5))
    (pytester.path / "other.json").write_text(json.dumps(document(run)))
    result = session("--fer-compare=other.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert "no cell in common" in line
    assert files(pytester) == []


@pytest.mark.usefixtures("undrawn")
def test_a_comparison_that_cannot_be_written_fails_and_is_shown(session, pytester):
    (pytester.path / "report" / "comparison.json").mkdir(parents=True)
    result = session("--fer-compare=same.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert "comparison.json" in line
    assert any(line.startswith("NO REGRESSION: ") for line in result.outlines)


@pytest.mark.usefixtures("undrawn")
def test_the_base_may_be_the_report_that_this_run_takes_the_place_of(session, pytester):
    (pytester.path / "report").mkdir()
    shutil.copy(pytester.path / "better.json", pytester.path / "report" / "results.json")
    assert session("--fer-compare=report").ret == pytest.ExitCode.TESTS_FAILED
    assert session("--fer-compare=report").ret == pytest.ExitCode.OK


# -- nothing to compare

PLAIN = "def test_plain():\n    pass\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["-k", "plain"], pytest.ExitCode.TESTS_FAILED),
        (["-k", "plain", "-p", "no:terminal"], pytest.ExitCode.TESTS_FAILED),
        (["-k", "plain", "--setup-only"], pytest.ExitCode.TESTS_FAILED),
        (["-k", "absent"], pytest.ExitCode.NO_TESTS_COLLECTED),
    ],
)
def test_a_session_with_nothing_to_compare_fails(run_pytest, pytester, arguments, status):
    pytester.makepyfile(PLAIN)
    result = run_pytest("--fer-compare=nowhere.json", *arguments)
    assert result.ret == status
    lines = [*result.outlines, *result.errlines]
    (line,) = (line for line in lines if line.startswith("ERROR: "))
    assert line.startswith("ERROR: --fer-compare: ")
    assert "nothing was compared" in line


@pytest.mark.parametrize("argument", ["--collect-only", "--setup-plan", "--fixtures", "--markers"])
def test_what_runs_no_tests_needs_nothing_to_compare(run_pytest, pytester, argument):
    pytester.makepyfile(PLAIN)
    result = run_pytest("--fer-compare=nowhere.json", argument)
    assert result.ret == pytest.ExitCode.OK
    assert not any(line.startswith("ERROR: ") for line in result.outlines)


def test_a_base_in_an_ini_file_is_for_benchmarks_only(run_pytest, pytester):
    pytester.makeini("[pytest]\nfer_compare = nowhere.json\n")
    pytester.makepyfile(PLAIN)
    assert run_pytest().ret == pytest.ExitCode.OK


# -- mistakes end the run before its first cell


def one_line(result, *words):
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = f"{result.stdout}\n{result.stderr}"
    (line,) = (line for line in text.splitlines() if line.startswith("ERROR: "))
    for word in words:
        assert word in line
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fer-compare="], ["--fer-compare is empty"]),
        (["--fer-compare=a.json,,b.json"], ["'a.json,,b.json'", "empty part"]),
        (["--fer-fail-on=accuracy: 1pp"], ["--fer-fail-on 'accuracy: 1pp'", "--fer-compare=BASE"]),
        (["--fer-compare=a.json", "--fer-fail-on="], ["fail-on is empty"]),
        (["--fer-compare=a.json", "--fer-fail-on=acuracy: 1pp"], ["did you mean 'accuracy'?"]),
    ],
)
def test_options_that_are_not_accepted(bench, pytester, arguments, words):
    one_line(bench(*arguments), *words)
    assert not (pytester.path / "report").exists()


def test_a_project_with_a_mistake(bench, pytester):
    pytester.makepyprojecttoml("[tool.fer_bench.compare]\nfail-on = []\n")
    one_line(bench("--fer-compare=a.json"), "pyproject.toml", "'fail-on'")
    # A run without a comparison has no use for it.
    assert bench("--collect-only", "-q").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "No such file"), ("{", "not valid JSON"), ('{"benchmarks": []}', "no 'fer_bench'")],
)
def test_a_base_that_cannot_be_read(bench, pytester, tmp_path, content, cause):
    path = tmp_path / "base.json"
    if content is not None:
        path.write_text(content)
    one_line(bench(f"--fer-compare={path}"), f"'{path}': ", cause, "(--fer-compare); ")
    assert not (pytester.path / "report").exists()
    assert not (tmp_path / "cache" / "store").exists()


# -- whole runs


def raised(made):
    """Return the document of a run that recognised every test image."""
    made = json.loads(json.dumps(made))
    labels = base64.b64decode(made[KEY]["dataset"]["test_labels"])
    counts = confusion(list(labels), list(labels), len(made[KEY]["dataset"]["classes"]))
    for benchmark in made["benchmarks"]:
        record = benchmark["extra_info"].get(KEY, {})
        if record.get("kind") == "quality":
            record["test_accuracy"] = 1.0
            record["recall"] = recall(counts)
            record["confusion"] = counts.tolist()
            record["predictions"]["classes"] = made[KEY]["dataset"]["test_labels"]
            del record["predictions"]["second_classes"]
    del made[KEY]["metrics"]
    for cell in made[KEY]["cells"]:
        cell["fingerprint"] = "of another code"
    return made


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_a_run_against_itself_and_against_a_better_one(bench, pytester, tiny_data, small):
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--init=random", "--no-timing", small)
    bench(*arguments).assert_outcomes(passed=1, deselected=4)
    results = pytester.path / "report" / "results.json"
    made = json.loads(results.read_text())
    (pytester.path / "better.json").write_text(json.dumps(raised(made)))

    same = bench(*arguments, "--fer-compare=report/results.json")
    assert same.ret == pytest.ExitCode.OK
    assert comparison(pytester)["exit_status"] == 0
    assert {change["verdict"] for change in comparison(pytester)["changes"]} == {"same"}

    worse = bench(*arguments, "--fer-compare=better.json")
    worse.assert_outcomes(passed=1, deselected=4)
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(worse)
    assert line.startswith("ERROR: --fer-compare: REGRESSION: small random accuracy ")
    found = [change for change in comparison(pytester)["changes"] if change["regression"]]
    assert [(change["cell"], change["figure"]) for change in found] == [
        ("small-random", "accuracy")
    ]


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_pytest_benchmark_still_compares_our_files(bench, pytester, tiny_data, small, shared_store):
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--init=random", "--no-timing", small)
    arguments += (f"--store={shared_store}",)
    bench(*arguments, "--benchmark-autosave").assert_outcomes(passed=1, deselected=4)
    (saved,) = (pytester.path / ".benchmarks").rglob("*.json")
    again = bench(*arguments, "--benchmark-compare")
    again.assert_outcomes(passed=1, deselected=4)
    assert "Comparing against benchmarks from" in again.stdout.str() + again.stderr.str()
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", saved, "report/results.json"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("test_quality[small-random-42]") == 2
