"""The report of a session, however the session ends and whatever shows it."""

import json

import pytest
from made_runs import document, made_cell, made_run
from made_session import BENCHMARK, CONFTEST

from fer_bench.plugin import session_report

FILES = {"results.json", "tables.md", "index.html"}


@pytest.fixture(autouse=True)
def sketched(monkeypatch):
    """Return a page that is drawn in no time."""

    def write_page(directory, report, audited):
        assert audited is not None
        (directory / "index.html").write_text(report.analysis.run.dataset.name)
        return [directory / "index.html"]

    monkeypatch.setattr(session_report, "write_page", write_page)


@pytest.fixture
def session(run_pytest, pytester):
    """Run a session that has measured one cell."""
    better = made_run(made_cell("mini", "random", 0.6, fingerprint="better"))
    (pytester.path / "better.json").write_text(json.dumps(document(better)))

    def run(*arguments, conftest="", benchmark=""):
        pytester.makeconftest(CONFTEST + conftest)
        pytester.makepyfile(BENCHMARK + benchmark)
        return run_pytest(*arguments)

    return run


def written(pytester):
    return {path.name for path in (pytester.path / "report").glob("*")}


def reasons(lines):
    return [line for line in lines if line.startswith("ERROR: ")]


RAISING = """
def {hook}({arguments}):
    raise OSError("of another plugin")
"""
WRAPPER = """
import pytest


@pytest.hookimpl(wrapper=True, tryfirst={first})
def pytest_sessionfinish(session):
    {before}
    yield
    raise OSError("of another plugin")
"""


@pytest.mark.parametrize(
    "conftest",
    [
        RAISING.format(hook="pytest_sessionfinish", arguments="session"),
        RAISING.format(hook="pytest_terminal_summary", arguments="terminalreporter"),
        RAISING.format(hook="pytest_benchmark_group_stats", arguments="benchmarks"),
        WRAPPER.format(first=False, before=""),
        WRAPPER.format(first=True, before=""),
        WRAPPER.format(first=False, before="raise OSError('of another plugin')"),
    ],
)
def test_another_plugin_that_raises_at_the_end_costs_no_report(session, pytester, conftest):
    result = session("--fer-compare=better.json", conftest=conftest)
    assert result.ret != pytest.ExitCode.OK
    assert "of another plugin" in result.stdout.str() + result.stderr.str()
    assert written(pytester) >= FILES | {"comparison.json"}
    (reason,) = reasons(result.outlines)
    assert reason.startswith("ERROR: --fer-compare: REGRESSION: ")


def test_a_regression_that_pytest_benchmark_finds_costs_no_report(session, pytester):
    assert session("--benchmark-save=base").ret == pytest.ExitCode.OK
    (saved,) = (pytester.path / ".benchmarks").rglob("*.json")
    base = json.loads(saved.read_text())
    base["benchmarks"][0]["stats"] |= dict.fromkeys(("min", "max", "mean", "median"), 1e-12)
    saved.write_text(json.dumps(base))
    for path in (pytester.path / "report").glob("*.*"):
        path.unlink()
    result = session("--benchmark-compare", "--benchmark-compare-fail=min:1%")
    assert result.ret != pytest.ExitCode.OK
    assert "Performance has regressed" in result.stdout.str() + result.stderr.str()
    assert written(pytester) >= FILES


@pytest.mark.parametrize("quiet", [["--no-summary"], ["-q"], ["-qq"], ["-s"], ["--benchmark-only"]])
def test_a_comparison_that_fails_says_why_and_its_files_are_there(session, pytester, quiet):
    result = session("--fer-compare=better.json", *quiet)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (reason,) = reasons(result.outlines)
    assert reason.startswith("ERROR: --fer-compare: REGRESSION: ")
    assert written(pytester) >= FILES | {"comparison.json"}


def test_without_a_terminal_reporter_the_reason_is_on_standard_error(session, pytester):
    result = session("-p", "no:terminal", "--fer-compare=better.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (reason,) = reasons(result.errlines)
    assert reason.startswith("ERROR: --fer-compare: REGRESSION: ")
    assert written(pytester) >= FILES | {"comparison.json"}


ENDING = """

def test_that_ends_the_session():
    import pytest

    {statement}


def test_after_it():
    raise AssertionError("the session goes on")
"""


@pytest.mark.parametrize(
    ("statement", "arguments", "status"),
    [
        ("raise KeyboardInterrupt", [], pytest.ExitCode.INTERRUPTED),
        ("pytest.exit('enough')", [], pytest.ExitCode.INTERRUPTED),
        ("pytest.exit('enough', returncode=7)", [], 7),
        ("pytest.exit('enough', returncode=0)", [], pytest.ExitCode.TESTS_FAILED),
        ("raise OSError", ["-x"], pytest.ExitCode.TESTS_FAILED),
        ("raise OSError", ["--maxfail=1"], pytest.ExitCode.TESTS_FAILED),
        ("raise SystemExit", ["-x"], pytest.ExitCode.TESTS_FAILED),
    ],
)
def test_a_session_that_ends_early_reports_what_it_measured(
    session, pytester, statement, arguments, status
):
    """A regression is no other exit status than the one that the session has for its end."""
    text = ENDING.format(statement=statement)
    result = session("--fer-compare=better.json", *arguments, benchmark=text)
    assert result.ret == status
    (reason,) = reasons(result.outlines)
    assert reason.startswith("ERROR: --fer-compare: REGRESSION: ")
    assert written(pytester) >= FILES | {"comparison.json"}
    assert "the session goes on" not in result.stdout.str()


def test_the_tables_are_shown_before_the_page_is_drawn(session, pytester):
    result = session()
    lines = result.outlines
    (at,) = (at for at, line in enumerate(lines) if line.startswith("report: "))
    (tables,) = (at for at, line in enumerate(lines) if line.startswith("always Happy "))
    assert at > tables
    assert written(pytester) >= FILES
