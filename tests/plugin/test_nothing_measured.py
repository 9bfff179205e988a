"""Sessions that measure nothing leave the report of an earlier one."""

import json
from importlib.util import find_spec

import pytest
from made_runs import document, made_cell, made_run

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

EARLIER = {"results.json": "{}", "index.html": "earlier", "data-card.md": "earlier"}
LINE = "nothing was measured, *; *'*report' is kept"
CELL = "mini-random-42"


@pytest.fixture
def earlier(pytester):
    """Write the files of an earlier run; check at the end that they are unchanged."""
    report = pytester.path / "report"
    report.mkdir()
    for name, content in EARLIER.items():
        (report / name).write_text(content)
    yield report
    assert {path.name: path.read_text() for path in report.iterdir()} == EARLIER


@pytest.fixture
def run(bench, tiny_data, pytester):
    pytester.syspathinsert()

    def run(*arguments, plugin=""):
        if plugin:
            pytester.makepyfile(other_plugin=plugin)
            arguments = (*arguments, "-p", "other_plugin")
        return bench(f"--dataset={tiny_data}", "--init=random", "--no-timing", *arguments)

    return run


def nothing_made(pytester, tmp_path):
    assert not (pytester.path / "report").exists()
    assert not (pytester.path / "fer-bench.lock").exists()
    assert not (tmp_path / "cache" / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--collect-only"], pytest.ExitCode.OK),
        (["--setup-plan"], pytest.ExitCode.OK),
        (["-k", "nothing"], pytest.ExitCode.NO_TESTS_COLLECTED),
        (["--epochs=0"], pytest.ExitCode.USAGE_ERROR),
        (["--benchmark-disable"], pytest.ExitCode.USAGE_ERROR),
        (["--benchmark-skip"], pytest.ExitCode.USAGE_ERROR),
        (["--benchmark-only", "--benchmark-disable"], pytest.ExitCode.USAGE_ERROR),
        (["nowhere.py"], pytest.ExitCode.USAGE_ERROR),
    ],
)
def test_runs_without_a_benchmark_make_nothing(run, pytester, tmp_path, arguments, status):
    result = run(*arguments)
    assert result.ret == status
    assert "No network was trained" not in result.stdout.str()
    nothing_made(pytester, tmp_path)


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("arguments", [["--collect-only"], ["--setup-plan"], ["-k", "nothing"]])
def test_runs_without_a_benchmark_leave_an_earlier_report(run, arguments):
    run(*arguments)


ELSEWHERE = """
import pytest
from _pytest.reports import TestReport


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    # As plugins that run each test in a process of its own have it.
    for when in ("setup", "call", "teardown"):
        report = TestReport(item.nodeid, item.location, {}, "passed", None, when)
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
SKIPPING = """
import pytest


def pytest_itemcollected(item):
    item.add_marker(pytest.mark.skip(reason="not today"))
"""
FAILING = """
def pytest_runtest_setup(item):
    raise OSError("no room")
"""


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize(
    ("plugin", "lines", "status"),
    [
        (ELSEWHERE, [], pytest.ExitCode.OK),
        (SKIPPING, ["mini random, seed 42 skipped: *not today*"], pytest.ExitCode.OK),
        (FAILING, ["mini random, seed 42 failed: OSError: no room"], pytest.ExitCode.TESTS_FAILED),
    ],
)
def test_tests_that_leave_no_figure_leave_an_earlier_report(run, plugin, lines, status):
    result = run(plugin=plugin)
    assert result.ret == status
    result.stdout.fnmatch_lines([*lines, LINE])
    assert "No network was trained" not in result.stdout.str()


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("plugin", [ELSEWHERE, SKIPPING])
def test_a_comparison_of_nothing_fails(run, tmp_path, plugin):
    base = tmp_path / "base.json"
    base.write_text(json.dumps(document(made_run(made_cell("mini", "random", 0.5)))))
    result = run(f"--fer-compare={base}", plugin=plugin)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = (line for line in result.outlines if line.startswith("ERROR: "))
    assert line.startswith("ERROR: --fer-compare: ")
    assert "nothing was measured" in line


def test_tests_run_elsewhere_write_no_report(run, pytester):
    result = run(plugin=ELSEWHERE)
    assert any(line.startswith("nothing was measured") for line in result.outlines)
    assert not (pytester.path / "report").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_first_report_shows_why_its_cells_were_skipped(run, pytester):
    result = run(plugin=SKIPPING)
    assert result.ret == pytest.ExitCode.OK
    assert "not today" in (pytester.path / "report" / "tables.md").read_text()


FORKED = """
def pytest_addoption(parser):
    parser.addoption("--forked", action="store_true", default=False)


def pytest_configure(config):
    config.addinivalue_line("markers", "forked: runs in a process of its own")
"""
MARKING = """
import pytest


def pytest_itemcollected(item):
    item.add_marker(pytest.mark.forked)
"""


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize(("plugin", "arguments"), [(FORKED, ["--forked"]), (FORKED + MARKING, [])])
def test_benchmarks_in_processes_of_their_own_do_not_begin(run, tmp_path, plugin, arguments):
    result = run(*arguments, plugin=plugin)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.errlines if line.startswith("ERROR: "))
    assert f"test_quality[{CELL}] " in line
    assert "process of its own" in line
    assert not (tmp_path / "cache" / "store").exists()


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("earlier")
def test_fixtures_that_are_only_set_up_leave_an_earlier_report(run, pytester, small, shared_store):
    result = run("--setup-only", small, f"--store={shared_store}", "--epochs=2")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["fer_bench: 1 trained cell used; no report was written *"])
    assert not (pytester.path / "fer-bench.lock").exists()
