"""A project's own tests that take a trained cell, and benchmarks that run several times."""

import json
import re
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

from fer_bench.results import KEY, load_run

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")
pytestmark = [needs_keras, pytest.mark.network, pytest.mark.usefixtures("undrawn")]

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "extending.md"
OWN = """
def test_own(trained):
    assert trained.result.quality.test_accuracy > 0
"""


@pytest.fixture
def results(pytester):
    return pytester.path / "report" / "results.json"


@pytest.fixture
def own(run_pytest, pytester, tiny_data, tmp_path, monkeypatch, small, shared_store):
    """Run tests of a project that has no benchmarks."""
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))

    def run(*arguments, test=OWN, init="random"):
        pytester.makepyfile(test_own=test)
        asked = (f"--dataset={tiny_data}", "--epochs=2", f"--init={init}", small)
        return run_pytest(*asked, f"--store={shared_store}", *arguments)

    return run


def test_a_trained_cell_in_a_projects_own_test_writes_nothing_there(own, pytester):
    noting = "    __import__('logging').getLogger('fer_bench').warning('a part was damaged')\n"
    result = own(test=OWN + noting)
    result.assert_outcomes(passed=1)
    assert "NOTE: a part was damaged" in result.outlines
    assert result.ret == pytest.ExitCode.OK
    (note,) = (line for line in result.outlines if "fer_bench" in line)
    assert note.startswith("fer_bench: 1 trained cell ")
    assert "--report-dir=DIR" in note
    assert "No network was trained" not in result.stdout.str()
    assert not (pytester.path / "report").exists()
    assert not (pytester.path / "fer-bench.lock").exists()


@pytest.mark.parametrize("asked", [[], ["--benchmark-disable"]])
def test_a_projects_own_benchmark_of_a_trained_cell_writes_nothing_unasked(own, pytester, asked):
    timed = "def test_own(trained, benchmark):\n    benchmark(lambda: None)\n"
    result = own(*asked, "--backbone=mini", test=timed, init="pretrained")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
    assert not (pytester.path / "report").exists()
    assert not (pytester.path / "fer-bench.lock").exists()


def test_the_examples_of_the_documentation(own, pytester, results):
    text = DOCUMENTATION.read_text()
    section = re.search(r"^## Tests in a project .*?^## ", text, re.MULTILINE | re.DOTALL)[0]
    blocks = re.findall(r"(?:^    .*\n|^\n)+", section, re.MULTILINE)
    uses_trained, uses_measured = (textwrap.dedent(block) for block in blocks if "def " in block)
    own(test=uses_trained).assert_outcomes(passed=1)
    assert not results.exists()
    own(test=uses_measured).assert_outcomes(passed=1)
    (cell,) = load_run(results).cells
    assert cell.status == "ok"
    assert [speed.batch_size for speed in cell.inference] == [8]


def test_data_and_cells_are_used_without_training(own, pytester):
    test = """
        def test_parts(dataset, split):
            assert len(split.train) + len(split.validation) + len(split.test) == len(dataset.labels)

        def test_cell(cell):
            assert (cell.id, cell.init) == ("small-random-42", "random")
    """
    result = own(test=textwrap.dedent(test))
    result.assert_outcomes(passed=2)
    assert "fer_bench: " not in result.stdout.str()
    assert not list(pytester.path.glob("*report*"))


@pytest.mark.parametrize("asked", [["--report-dir=report"], ["--benchmark-disable"], []])
def test_the_report_of_a_projects_own_test_is_written_where_it_is_asked_for(
    own, pytester, results, asked
):
    if not asked:
        pytester.makeini("[pytest]\nfer_report_dir = report\n")
    elif asked == ["--benchmark-disable"]:
        asked = [*asked, "--report-dir=report"]
    result = own(*asked)
    result.assert_outcomes(passed=1)
    (cell,) = load_run(results).cells
    assert (cell.status, cell.reason) == ("ok", "")
    assert 0 < cell.quality.test_accuracy <= 1
    assert (cell.training, cell.inference) == (None, ())
    assert json.loads(results.read_text())["benchmarks"] == []
    assert "No network was trained" not in result.stdout.str()
    assert "No speed" not in result.stdout.str()


def test_a_comparison_is_asked_for_too(own, results, pytester):
    own("--report-dir=report")
    base = results.rename(pytester.path / "base.json")
    result = own(f"--fer-compare={base}")
    assert result.ret == pytest.ExitCode.OK
    compared = json.loads((results.parent / "comparison.json").read_text())
    assert {change["verdict"] for change in compared["changes"]} == {"same"}


def test_without_pytest_benchmark_there_is_no_report(own, results):
    own("-p", "no:benchmark").assert_outcomes(passed=1)
    result = own("-p", "no:benchmark", "--report-dir=report")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.errlines if line.startswith("ERROR: "))
    assert "pytest-benchmark" in line
    assert "disabled" in line
    assert not results.exists()


@pytest.mark.parametrize(
    ("asked", "locked"), [([], False), (["--weights-lock=lock"], True), (["--report-dir=r"], True)]
)
def test_a_lock_file_is_made_where_it_is_asked_for(own, pytester, asked, locked):
    own("--backbone=mini", *asked, init="pretrained").assert_outcomes(passed=1)
    made = pytester.path / ("lock" if "--weights-lock=lock" in asked else "fer-bench.lock")
    assert made.exists() == locked


def test_a_lock_file_that_is_there_is_kept_to_and_added_to(own, pytester):
    lock = pytester.path / "fer-bench.lock"
    lock.write_text(json.dumps({"version": 1, "weights": {}}))
    own("--backbone=mini", init="pretrained").assert_outcomes(passed=1)
    recorded = json.loads(lock.read_text())
    assert list(recorded["weights"]) == ["mini"]
    recorded["weights"]["mini"] = {"files": ["b" * 64], "values": "a" * 64}
    lock.write_text(json.dumps(recorded))
    assert own("--backbone=mini", init="pretrained").ret == pytest.ExitCode.USAGE_ERROR


def test_a_project_that_uses_nothing_of_ours_sees_nothing_of_ours(own, pytester):
    result = own(test="def test_own():\n    pass\n")
    result.assert_outcomes(passed=1)
    assert "fer_bench" not in result.stdout.str() + result.stderr.str()
    assert not (pytester.path / "report").exists()


# -- several times

TWICE = """
import pytest


def pytest_generate_tests(metafunc):
    # As pytest-repeat and pytest-flakefinder have it.
    metafunc.fixturenames.append("number")
    metafunc.parametrize("number", range({count}), ids=str, scope="{scope}")


@pytest.fixture
def number(request):
    return request.param
"""


@pytest.mark.parametrize("scope", ["function", "session"])
def test_of_a_benchmark_that_runs_several_times_the_last_counts(
    bench, pytester, tiny_data, small, shared_store, results, scope
):
    pytester.makepyfile(twice=TWICE.format(count=3, scope=scope))
    pytester.syspathinsert()
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--no-timing", small)
    arguments += (f"--store={shared_store}", "--benchmark-autosave", "-p", "twice")
    result = bench(*arguments, "--init=random", "--seeds=2")
    result.assert_outcomes(passed=6, deselected=12)
    (kept,) = (pytester.path / ".benchmarks").rglob("*.json")
    notes = [line for line in result.outlines if line.endswith("the last one counts")]
    repeats = [
        f"quality of small-random-{seed} was measured 3 times: the last one counts"
        for seed in (42, 43)
    ]
    assert sorted(notes) == [f"NOTE: {repeat}" for repeat in repeats]
    for path in (results, kept):
        run = load_run(path)
        assert set(dict(run.environment)["repeated"].split("; ")) == set(repeats)
        assert [cell.status for cell in run.cells] == ["ok", "ok"]
        assert all(cell.quality is not None for cell in run.cells)
        benchmarks = json.loads(path.read_text())["benchmarks"]
        assert [KEY in one["extra_info"] for one in benchmarks].count(True) == 2
        assert len(benchmarks) == 6


FAILING = """
tries = []


def test_quality(trained, benchmark, measured):
    benchmark.pedantic(lambda: None)
    measured.quality(trained.result.quality)
    tries.append(trained)
    if len(tries) <= {failures}:
        raise AssertionError(f"try {{len(tries)}}")
"""
RETRYING = """
from _pytest.runner import runtestprotocol


def pytest_runtest_protocol(item, nextitem):
    # As pytest-rerunfailures has it.
    for _ in range(2):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if all(report.passed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


@pytest.mark.parametrize(
    ("failures", "status", "reason"),
    [(1, "ok", ""), (2, "failed", "AssertionError: try 2*")],
)
def test_a_benchmark_that_fails_after_it_has_measured_may_be_tried_again(
    own, pytester, results, failures, status, reason
):
    pytester.makepyfile(again=RETRYING)
    pytester.syspathinsert()
    result = own("-p", "again", test=FAILING.format(failures=failures))
    assert result.ret == (pytest.ExitCode.OK if status == "ok" else pytest.ExitCode.TESTS_FAILED)
    (cell,) = load_run(results).cells
    assert cell.status == status
    assert cell.reason.startswith(reason.rstrip("*"))
    assert cell.quality is not None


def test_one_test_that_is_collected_twice(own, pytester, results):
    result = own("--keep-duplicates", "test_own.py", "test_own.py", test=FAILING.format(failures=0))
    result.assert_outcomes(passed=2)
    (cell,) = load_run(results).cells
    assert cell.status == "ok"
